"""All dashboards of several catalogs: complete, of a size to read, over series that exist."""

import re
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import promql_parser
import pytest
import yaml

from generator.catalog.series import known_series, metric_names
from generator.catalog.units import UNITS
from generator.dashboards.pages import MOST_PANELS
from generator.naming import DASHBOARD_UID_PREFIX
from tests.catalogs import CATALOG
from tests.dashboard_catalog import HOSTILE
from tests.dashboards import (
    CATALOGS,
    boards,
    check_places,
    each_board,
    filled,
    generated,
    panels,
    queries,
    read_named,
    used_variables,
    variables,
)

each_catalog = pytest.mark.parametrize("catalog", CATALOGS)


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
        assert list(renamed) in (values, [])  # a table of alerts has no values to name
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
    assert set(declared) - asked == {"datasource"}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert variable["refresh"] == 2
            assert variable["datasource"]["uid"] == "${datasource}"


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
