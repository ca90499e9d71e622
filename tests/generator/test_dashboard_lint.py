"""Every dashboard under the 17 rules of Grafana's dashboard-linter; each rule finds its defect."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard_lint import RULES, broken_rules
from tests.dashboards import boards, each_board

# What a `.lint` file would exclude, with its reason; the linter's own mixins exclude more.
EXCLUDED = {
    "template-job-rule": "recorded series have no job: a promise is kept by all of them together",
    "template-instance-rule": "nor an instance, for the same reason",
    "target-job-rule": "queries choose by service, SLO, environment and region",
    "target-instance-rule": "queries choose by service, SLO, environment and region",
}


@each_board
def test_every_dashboard_keeps_the_rules_of_grafanas_linter(catalog: str, path: str) -> None:
    broken = broken_rules(boards(catalog)[path])
    assert {name: wrong for name, wrong in broken.items() if name not in EXCLUDED} == {}


def test_the_linter_has_seventeen_rules_and_those_left_out_are_among_them() -> None:
    assert len(RULES) == 17
    assert set(EXCLUDED) < set(RULES)


def good_board() -> dict[str, Any]:
    """Return a small dashboard that keeps every rule, also those that ours are excused from."""
    source = {"type": "prometheus", "uid": "${datasource}"}
    matchers = 'job=~"$job",instance=~"$instance"'
    rate = f"rate(http_requests_total{{{matchers}}}[$__rate_interval])"
    asked = [
        {
            "type": "query",
            "name": name,
            "label": name.title(),
            "datasource": source,
            "query": f"label_values(up, {name})",
            "refresh": 2,
            "multi": True,
            "allValue": ".+",
        }
        for name in ("job", "instance")
    ]
    return {
        "title": "Small",
        "editable": False,
        "templating": {
            "list": [
                {
                    "type": "datasource",
                    "name": "datasource",
                    "label": "Data source",
                    "query": "prometheus",
                },
                *asked,
            ]
        },
        "panels": [
            {
                "id": 1,
                "type": "timeseries",
                "title": "Requests",
                "description": "Requests a second.",
                "datasource": source,
                "fieldConfig": {"defaults": {"unit": "reqps"}},
                "targets": [{"refId": "A", "datasource": source, "expr": rate}],
            }
        ],
    }


Plant = Callable[[dict[str, Any]], object]


def variable(number: int, **fields: Any) -> Plant:
    return lambda board: board["templating"]["list"][number].update(fields)


def panel(**fields: Any) -> Plant:
    return lambda board: board["panels"][0].update(fields)


def query(old: str, new: str) -> Plant:
    def plant(board: dict[str, Any]) -> None:
        (target,) = board["panels"][0]["targets"]
        assert old in target["expr"]
        target["expr"] = target["expr"].replace(old, new)

    return plant


DEFECTS: list[tuple[str, Plant]] = [
    ("template-datasource-rule", variable(0, name="source")),
    ("template-datasource-rule", variable(0, label="Where from")),
    ("template-job-rule", variable(1, multi=False)),
    ("template-job-rule", variable(1, allValue=".*")),
    ("template-job-rule", variable(1, name="work")),
    ("template-job-rule", variable(1, datasource={"type": "prometheus", "uid": "abc"})),
    ("template-instance-rule", variable(2, label="Pod")),
    ("template-label-promql-rule", variable(1, query="labels(up, job)")),
    ("template-label-promql-rule", variable(1, query="label_values(up{, job)")),
    ("template-on-time-change-reload-rule", variable(2, refresh=1)),
    ("panel-datasource-rule", panel(datasource={"type": "prometheus", "uid": "abc"})),
    ("panel-datasource-rule", panel(datasource=None)),
    ("panel-title-description-rule", panel(description="")),
    ("panel-title-description-rule", panel(title="")),
    ("panel-units-rule", panel(fieldConfig={"defaults": {}})),
    ("panel-units-rule", panel(fieldConfig={"defaults": {"unit": "requests"}})),
    ("panel-no-targets-rule", panel(targets=[])),
    ("target-promql-rule", query(")", "")),
    ("target-rate-interval-rule", query("$__rate_interval", "5m")),
    ("target-job-rule", query('job=~"$job",', "")),
    ("target-job-rule", query('job=~"$job"', 'job="$job"')),
    ("target-instance-rule", query('instance=~"$instance"', 'instance=~"a"')),
    ("target-counter-agg-rule", panel(targets=[{"expr": 'sum(x_total{job="a"})'}])),
    ("target-counter-agg-rule", query("rate(", "delta(")),
    ("target-logql-rule", panel(datasource={"type": "loki", "uid": "${datasource}"})),
    ("target-logql-auto-rule", variable(0, query="loki")),
    ("uneditable-dashboard", lambda board: board.update(editable=True)),
    ("uneditable-dashboard", lambda board: board.pop("editable")),
]


def test_a_dashboard_can_keep_all_rules() -> None:
    assert broken_rules(good_board()) == {}


@pytest.mark.parametrize(("rule", "plant"), DEFECTS)
def test_a_planted_defect_is_found_by_its_rule(rule: str, plant: Plant) -> None:
    board = good_board()
    before = json.dumps(board)
    plant(board)
    assert json.dumps(board) != before
    assert rule in broken_rules(board)


def test_every_rule_has_a_planted_defect() -> None:
    assert {rule for rule, _ in DEFECTS} == set(RULES)
