"""The SLO dashboard: valid queries over series that we record, laid out without overlap."""

import json
import re
from itertools import combinations
from typing import Any

import promql_parser
import pytest
import yaml

from generator.write import generate
from tests.catalogs import CATALOG, read_whole

FILES = generate(read_whole(CATALOG))
DASHBOARD: dict[str, Any] = json.loads(FILES["dashboards/slo.json"])
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
RECORDED = {
    rule["record"]
    for path, text in FILES.items()
    if path.startswith("rules/")
    for group in yaml.safe_load(text)["groups"]
    for rule in group["rules"]
    if "record" in rule
}


def with_variables(expression: str) -> str:
    """Return the expression with a value for each dashboard variable."""
    return re.sub(r"\$\w+", "x", expression)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_query_is_promql_over_series_that_we_record(expression: str) -> None:
    promql_parser.parse(with_variables(expression))
    named = set(re.findall(r"\bslo:[a-z_]+:[a-z0-9_]+", expression))
    assert named <= RECORDED
    assert named or "ALERTS" in expression


def test_panels_have_their_own_ids_and_places() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_panel_says_what_it_shows_in_which_unit_from_which_source(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"] in {"percentunit", "short", "reqps"}
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    refs = [target["refId"] for target in panel["targets"]]
    assert refs
    assert len(set(refs)) == len(refs)


def test_the_dashboard_keeps_grafanas_conventions() -> None:
    variables = DASHBOARD["templating"]["list"]
    assert [variable["name"] for variable in variables] == [
        "datasource",
        "service",
        "slo",
        "environment",
    ]
    assert all(variable["refresh"] == 2 for variable in variables[1:])
    assert DASHBOARD["uid"] == "guardia-slo"
    assert DASHBOARD["editable"] is False


def test_variables_of_alert_links_are_those_of_the_dashboard() -> None:
    rules = yaml.safe_load(FILES["rules/casos.yml"])
    links = [
        rule["annotations"]["dashboard_url"]
        for group in rules["groups"]
        for rule in group["rules"]
        if "dashboard_url" in rule.get("annotations", {})
    ]
    assert links
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    for link in links:
        assert f"/d/{DASHBOARD['uid']}?" in link
        assert set(re.findall(r"var-(\w+)=", link)) <= names
