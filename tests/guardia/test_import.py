"""`guardia import` into a catalog that is there: what it writes passes the check."""

from pathlib import Path

import pytest

from guardia.cli.main import main

SPEC = """\
version: prometheus/v1
service: shop
labels: {environment: prod}
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_total{job="shop",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_total{job="shop"}[{{.window}}]))
    alerting: {name: ShopErrors}
"""


def test_a_label_of_the_catalogs_environments_does_not_break_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(SPEC, encoding="utf-8")
    main(["init"])
    capsys.readouterr()

    assert main(["import", "sloth", "spec.yaml", "--team", "sales"]) == 0

    listed = capsys.readouterr().out
    assert "not carried over:\n  spec.yaml:3:23: label environment: the catalog tells" in listed
    assert main(["check"]) == 0


@pytest.mark.parametrize(
    "catalog", [None, "", "environments: [", "- 1", "environments: {label: 7}"]
)
def test_a_catalog_without_such_a_label_takes_it(
    tmp_path: Path, catalog: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(SPEC, encoding="utf-8")
    if catalog is not None:
        Path("catalog").mkdir()
        Path("catalog/catalog.yaml").write_text(catalog, encoding="utf-8")

    assert main(["import", "sloth", "spec.yaml", "--team", "sales"]) == 0

    written = Path("catalog/services/shop.yaml").read_text(encoding="utf-8")
    assert "environment: prod" in written
