"""All dashboards of several catalogs: complete, of a size to read, over series that exist."""

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest
import yaml

from generator.catalog.series import known_series, metric_names
from generator.catalog.units import UNITS
from generator.dashboards.pages import MOST_PANELS
from generator.naming import DASHBOARD_UID_PREFIX
from generator.write import generate
from tests.catalogs import CATALOG, ROOT, copy_catalog, read_whole
from tests.dashboard_catalog import HOSTILE, LONG_NAME, MANY, PAGED
from tests.dashboards import (
    CATALOGS,
    Board,
    boards,
    check_places,
    filled,
    generated,
    panels,
    queries,
    read_named,
    used_variables,
    variables,
)

EACH = [(name, path) for name in CATALOGS for path in boards(name)]
each_catalog = pytest.mark.parametrize("catalog", CATALOGS)
each_board = pytest.mark.parametrize(("catalog", "path"), EACH)


@cache
def rules(catalog: str) -> list[dict[str, Any]]:
    """Return every generated rule."""
    return [
        rule
        for path, text in generated(catalog).items()
        if path.startswith("rules/")
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    ]


def titled(catalog: str, part: str) -> list[Board]:
    """Return the dashboards of one name, in order of their pages."""
    title = re.compile(rf"Conecta360 / {re.escape(part)}( \(\d+\))?")
    return [board for board in boards(catalog).values() if title.fullmatch(board["title"])]


def test_the_frozen_catalog_has_these_dashboards_under_the_uids_that_people_have_bookmarked() -> (
    None
):
    found = {board["uid"]: board["title"] for board in boards("frozen").values()}
    assert found == {
        "guardia-global": "Conecta360 / Global",
        "guardia-slo-overview": "Conecta360 / SLO overview",
        "guardia-slo": "Conecta360 / SLO detail",
        "guardia-service-casos": "Conecta360 / casos",
        "guardia-service-derivacion": "Conecta360 / derivacion",
    }


def test_a_catalog_with_all_there_is_has_every_dashboard() -> None:
    found = {board["uid"] for board in boards("full").values()}
    shared = "global infrastructure business capacity router slo slo-overview service-casos"
    assert {f"guardia-{name}" for name in shared.split()} <= found


@each_catalog
def test_every_uid_is_grafanas_and_no_ones_else_and_names_the_file(catalog: str) -> None:
    uids = [board["uid"] for board in boards(catalog).values()]
    assert len(set(uids)) == len(uids)
    for path, board in boards(catalog).items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"])
        assert path == f"dashboards/{board['uid'].removeprefix(DASHBOARD_UID_PREFIX)}.json"
    titles = [board["title"] for board in boards(catalog).values()]
    assert len(set(titles)) == len(titles)  # Grafana refuses two of one name in a folder


@each_catalog
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


@each_board
def test_a_dashboard_has_at_most_twenty_panels_with_their_own_ids_and_places(
    catalog: str, path: str
) -> None:
    found = panels(boards(catalog)[path])
    assert 1 <= len(found) <= MOST_PANELS
    assert len({panel["id"] for panel in found}) == len(found)
    check_places(found)


@each_board
def test_a_panel_says_what_it_shows_in_which_unit_from_which_source(
    catalog: str, path: str
) -> None:
    for panel in panels(boards(catalog)[path]):
        assert panel["title"].strip()
        assert panel["description"].strip()
        assert panel["description"] != panel["title"] or panel["title"] == HOSTILE
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs)
        assert all(re.fullmatch("[A-Z]", ref) for ref in refs)
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@each_board
def test_thresholds_begin_without_a_value_and_rise(catalog: str, path: str) -> None:
    for panel in panels(boards(catalog)[path]):
        steps = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert steps[0] is None
        assert all(one < other for one, other in pairwise(steps[1:]))


@each_board
def test_every_column_of_a_table_comes_from_one_of_its_queries(catalog: str, path: str) -> None:
    for panel in panels(boards(catalog)[path]):
        if "transformations" not in panel:
            continue
        (organize,) = [one for one in panel["transformations"] if one["id"] == "organize"]
        renamed = organize["options"]["renameByName"]
        letters = [target["refId"] for target in panel["targets"]]
        values = ["Value"] if len(letters) == 1 else [f"Value #{letter}" for letter in letters]
        assert list(renamed) == values
        shown = [one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]]
        assert shown == list(renamed.values())
        assert all(target["instant"] for target in panel["targets"])


@each_board
def test_nobody_edits_a_generated_dashboard_and_all_are_in_one_menu(
    catalog: str, path: str
) -> None:
    board = boards(catalog)[path]
    assert board["editable"] is False
    assert board["title"].startswith("Conecta360 / ")
    assert board["description"].strip()
    assert "guardia" in board["tags"]
    menu = [link for link in board["links"] if link["type"] == "dashboards"]
    assert [link["tags"] for link in menu] == [["guardia"]]
    assert menu[0]["includeVars"] is True
    assert menu[0]["keepTime"] is True


@each_board
def test_every_variable_is_declared_once_asked_for_and_fresh(catalog: str, path: str) -> None:
    board = boards(catalog)[path]
    declared = [variable["name"] for variable in board["templating"]["list"]]
    assert declared[0] == "datasource"
    assert len(set(declared)) == len(declared)
    asked = {name for query in queries(board) for name in used_variables(query)}
    assert asked <= set(declared)
    assert set(declared) - asked <= {"datasource", *unasked(board)}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["refresh"] == 2
            assert variable["datasource"]["uid"] == "${datasource}"


def unasked(board: Board) -> set[str]:
    """Return the variables of the place on a dashboard that asks nothing of a place."""
    return set() if board["uid"] != "guardia-router" else {"environment", "region"}


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


@each_board
def test_every_query_is_promql_over_series_that_exist(catalog: str, path: str) -> None:
    recorded = {rule["record"] for rule in rules(catalog) if "record" in rule}
    known = known_series(read_named(catalog).services, ())
    for query in queries(boards(catalog)[path]):
        promql_parser.parse(filled(query))
        for metric in metric_names(filled(query)):
            if metric.startswith(("slo:", "growth:")):
                assert any(re.fullmatch(metric, name) for name in recorded), query
            elif path != "dashboards/router.json":
                assert metric in known, query


@each_catalog
def test_links_of_alerts_open_a_dashboard_that_has_their_variables(catalog: str) -> None:
    by_uid = {board["uid"]: board for board in boards(catalog).values()}
    links = {
        rule["annotations"]["dashboard_url"]
        for rule in rules(catalog)
        if "dashboard_url" in rule.get("annotations", {})
    }
    assert links
    for link in links:
        address = urlsplit(link)
        assert link.startswith(read_named(catalog).organisation.dashboards_url)
        uid = address.path.partition("/d/")[2].split("/")[0]
        assert uid in by_uid, link
        asked = {name for name in parse_qs(address.query) if name.startswith("var-")}
        assert {name.removeprefix("var-") for name in asked} <= set(variables(by_uid[uid])), link


@each_catalog
def test_links_to_runbooks_lead_to_runbooks_of_the_catalog(catalog: str) -> None:
    address = read_named(catalog).organisation.runbooks_url
    links = [
        link["url"]
        for board in boards(catalog).values()
        for panel in panels(board)
        for link in panel.get("links", [])
    ]
    links += [
        link["url"]
        for board in boards(catalog).values()
        for link in board["links"]
        if link["type"] == "link"
    ]
    assert links
    for link in links:
        assert link.startswith(address)
        assert (CATALOG / "runbooks" / f"{link.removeprefix(address)}.md").is_file(), link


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


def test_what_grows_shows_its_course_where_it_leads_and_when_its_limit_is_reached() -> None:
    (capacity,) = titled("full", "Capacity")
    kinds = [panel["type"] for panel in panels(capacity)]
    assert kinds == ["timeseries", "stat", "stat"] * 2 + ["timeseries", "stat"]
    (limit,) = panels(capacity)[2]["targets"]
    assert {"growth:value", "growth:limit"} <= set(metric_names(filled(limit["expr"])))


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
