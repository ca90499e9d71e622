"""What `guardia init` writes, proven by the real promtool: as it is, and with every kind of SLI."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    RatioSli,
    RawSli,
    UptimeSli,
)
from generator.write import generate, write_files
from guardia.starter import starter_files
from tests.catalogs import read_whole
from tests.tooling import require_tool_set

_COMMENTED_OUT = re.compile(r"^#(  .*)$", re.MULTILINE)  # a comment for people has one space


def write_catalog(to: Path, *, every_kind: bool) -> Path:
    files = starter_files("Example", "en")
    if every_kind:
        services = files["services/example.yaml"]
        files["services/example.yaml"] = _COMMENTED_OUT.sub(r"\1", services)
    for name, text in files.items():
        path = to / "catalog" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return to / "catalog"


def give_each_slo_a_service(folder: Path) -> None:
    """Without conditions: promtool evaluates every rule of a file in each of its tests."""
    file = folder / "services" / "example.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    file.unlink()
    del service["conditions"]
    for slo in service["slos"]:
        one = {**service, "service": slo["name"], "slos": [slo]}
        (folder / "services" / f"{slo['name']}.yaml").write_text(yaml.safe_dump(one), "utf-8")


# All in one service is what takes longest, and what is strange to one SLO but not to another is
# so to every promtool: the oldest judges the kinds one by one.
@pytest.mark.parametrize(
    ("tools", "every_kind", "apart"),
    [("installed", False, False), ("installed", True, True), ("current", True, False)],
    ids=["installed-as it is", "installed-each kind", "current-every kind"],
)
def test_its_generated_tests_pass(
    tmp_path: Path, tools: str, every_kind: bool, apart: bool
) -> None:
    promtool = require_tool_set(tools).promtool
    folder = write_catalog(tmp_path, every_kind=every_kind)
    if apart:
        give_each_slo_a_service(folder)
    write_files(generate(read_whole(folder), ["rules", "promtool-tests"]), tmp_path)
    files = [str(path) for path in sorted((tmp_path / "promtool-tests").glob("*.yml"))]
    assert files
    found = subprocess.run(
        [promtool, "test", "rules", *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "WARNING" not in found.stdout + found.stderr


def test_every_kind_of_sli_is_in_the_first_service(tmp_path: Path) -> None:
    (service,) = read_whole(write_catalog(tmp_path, every_kind=True)).services
    kinds = {type(slo.sli) for slo in service.slos}
    assert kinds == {RatioSli, LatencySli, ExpressionSli, UptimeSli, FreshnessSli, RawSli}
