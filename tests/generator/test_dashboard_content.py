"""What each dashboard shows of its catalog, and that the guide tells the truth about it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from generator.catalog.series import metric_names
from generator.write import generate
from tests.catalogs import ROOT, copy_catalog, read_whole
from tests.dashboard_catalog import HOSTILE, LONG_NAME, MANY, PAGED
from tests.dashboards import CATALOGS, Board, boards, filled, panels, read_named, variables


def titled(catalog: str, part: str) -> list[Board]:
    """Return the dashboards of one name, in order of their pages."""
    title = re.compile(rf"Conecta360 / {re.escape(part)}( \(\d+\))?")
    return [board for board in boards(catalog).values() if title.fullmatch(board["title"])]


@pytest.mark.parametrize("catalog", CATALOGS)
def test_everything_that_a_service_declares_is_on_its_dashboards(catalog: str) -> None:
    for service in read_named(catalog).services:
        shown = {
            panel["title"] for board in titled(catalog, service.name) for panel in panels(board)
        }
        assert {one.panel.title for one in service.conditions} <= shown, service.name
        assert {one.title for one in service.panels} <= shown, service.name


def test_a_service_of_many_panels_gets_pages_that_take_nobodys_place() -> None:
    for name in (LONG_NAME, PAGED):
        assert len(titled("full", name)) == 2, name
    (other,) = titled("full", f"{PAGED}-2")
    assert other["uid"] == f"guardia-service-{PAGED}-2"


def test_the_same_panel_of_many_services_becomes_one_with_a_line_for_each() -> None:
    (infrastructure,) = titled("full", "Infrastructure")
    lines = [len(panel["targets"]) for panel in panels(infrastructure)]
    legends = [
        target["legendFormat"] for panel in panels(infrastructure) for target in panel["targets"]
    ]
    assert lines == [26, MANY - 26]
    assert len({legend.split()[0] for legend in legends}) == MANY


def test_the_place_is_chosen_by_what_series_carry() -> None:
    place = {
        "frozen": ["environment"],
        "full": ["environment", "region"],
        "external-environment": [],
    }
    for catalog, names in place.items():
        board = boards(catalog)["dashboards/global.json"]
        assert list(variables(board)) == ["datasource", *names]
    board = boards("full")["dashboards/global.json"]
    assert variables(board)["environment"]["current"]["value"] == "prod"  # the last that is named
    assert variables(board)["region"]["allValue"] == ".*"


def test_each_condition_leads_to_its_own_runbook_on_the_dashboard_of_its_service() -> None:
    (casos,) = titled("frozen", "casos")
    (panel,) = [panel for panel in panels(casos) if panel["title"] == "DatabaseDown"]
    (link,) = panel["links"]
    assert link["url"] == "https://runbooks.conecta360.example/database-down"


def test_deployments_are_marked_at_the_time_that_their_value_says() -> None:
    (casos,) = titled("full", "casos")
    (mark,) = casos["annotations"]["list"]
    assert mark["useValueForTime"] is True
    assert metric_names(filled(mark["expr"])) == ("deployment_timestamp_seconds",)
    assert mark["expr"].endswith(" * 1000")  # Grafana reads milliseconds


def test_what_grows_shows_its_course_where_it_leads_and_when_its_limit_is_reached() -> None:
    (capacity,) = titled("full", "Capacity")
    kinds = [panel["type"] for panel in panels(capacity)]
    assert kinds == ["timeseries", "stat", "stat"] * 2 + ["timeseries", "stat"]
    (limit,) = panels(capacity)[2]["targets"]
    assert {"growth:value", "growth:limit"} <= set(metric_names(filled(limit["expr"])))
    # Two services may have a disk.
    assert all(panel["title"].startswith("casos: ") for panel in panels(capacity))


def test_words_that_look_like_syntax_stay_words() -> None:
    (business,) = titled("full", "Business")
    (panel,) = panels(business)
    assert panel["title"] == HOSTILE
    assert panel["description"].startswith(HOSTILE)


def test_lines_of_one_promise_in_several_regions_and_on_several_routes_are_told_apart() -> None:
    board = boards("full")["dashboards/slo.json"]
    overview = boards("full")["dashboards/slo-overview.json"]
    (casos,) = titled("full", "casos")
    for one in (board, overview, casos):
        (left,) = [each for each in panels(one) if each["title"] == "Budget left over time"]
        assert "{{region}} {{route}}" in left["targets"][0]["legendFormat"]


def test_the_table_of_promises_asks_last_for_what_carries_no_place() -> None:
    """Only so does Grafana's merge put it into the row of each region."""
    (table,) = [
        panel
        for panel in panels(boards("full")["dashboards/slo-overview.json"])
        if panel["type"] == "table"
    ]
    asked = [target["expr"] for target in table["targets"]]
    assert asked[-1] == "slo:objective:ratio{}"
    assert all("slo:error_ratio:" in query for query in asked[:-1])
    left_out = table["transformations"][1]["options"]["excludeByName"]
    assert list(left_out) == ["Time", "__name__", "environment"]


def test_what_the_guide_adds_to_a_service_makes_the_panels_that_it_tells_of(
    tmp_path: Path,
) -> None:
    folder = copy_catalog(tmp_path)
    guide = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    whole, service = re.findall(r"^```yaml\n(.+?)^```$", guide, re.DOTALL | re.MULTILINE)
    for path, block in (("catalog.yaml", whole), ("services/casos.yaml", service)):
        with (folder / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{block}")

    files = generate(read_whole(folder))

    business, capacity = (
        json.loads(files[f"dashboards/{name}.json"]) for name in ("business", "capacity")
    )
    assert [panel["title"] for panel in panels(business)] == ["Cases opened"]
    assert next(panel["title"] for panel in panels(capacity)) == "casos: Open cases"
    resource = yaml.safe_load(files["configmaps/capacity.yaml"])
    assert resource["metadata"]["labels"] == {"grafana_dashboard": "1"}


def test_the_guide_names_every_dashboard() -> None:
    guide = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    for path in boards("full"):
        name = path.removeprefix("dashboards/")
        assert f"`{name}`" in guide or name.startswith("service-"), name
