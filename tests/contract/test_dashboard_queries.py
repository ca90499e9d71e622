"""Every query of every dashboard, asked of a real Prometheus that holds what our rules record.

Only over samples does PromQL say that a matching is not one to one, so each
SLO has its series in two environments, two regions and on two routes.
"""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.catalog.model import RawSli, Slo
from generator.promql.text import matchers
from tests.dashboards import (
    boards,
    filled,
    generated,
    panels,
    queries,
    read_named,
    variable_queries,
    variables,
)
from tests.servers import prometheus
from tests.tooling import SET_NAMES, require_tool_set

CATALOG = "full"
NOW = 1_793_534_400  # 2026-11-01 12:00 UTC
STEP, SAMPLES = 60, 60
ENVIRONMENTS, REGIONS, ROUTES = ("staging", "prod"), ("barlovento", "sotavento"), ("/", "/casos")
BAD_RATIO = 0.0005
EVERYWHERE = {"environment": "prod", "region": ".*", "route": ".*"}
Labels = Mapping[str, str]


@pytest.fixture(scope="module", params=SET_NAMES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tools = require_tool_set(request.param)
    folder = tmp_path_factory.mktemp("recorded")
    history, storage = folder / "history.om", folder / "storage"
    history.write_text("\n".join([*recorded(), "# EOF\n"]))
    command: list[str | Path] = [tools.promtool, "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, history, storage], check=True, capture_output=True)
    with prometheus(tools, "{}", storage=storage) as started:
        yield started


@pytest.fixture(scope="module", params=SET_NAMES)
def ruled(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Prometheus that has loaded our rules, and nothing else."""
    files = generated(CATALOG)
    rules = {Path(path).name: text for path, text in files.items() if path.startswith("rules/")}
    config = f"rule_files: [{', '.join(rules)}]\n"
    with prometheus(require_tool_set(request.param), config, rule_files=rules) as started:
        yield started


def recorded() -> Iterator[str]:
    """Yield samples of what our rules record, family by family."""
    families: dict[str, dict[str, float]] = {}
    for rule in recording_rules():
        for labels in placed(rule):
            families.setdefault(rule["record"], {})[matchers(labels)] = value(rule)
    for name, found in families.items():
        for labels_text, number in found.items():
            for sample in range(SAMPLES):
                at = NOW - (SAMPLES - 1 - sample) * STEP
                yield f"{name}{{{labels_text}}} {number!r} {at}"


@cache
def recording_rules() -> tuple[dict[str, Any], ...]:
    return tuple(
        rule
        for path, text in generated(CATALOG).items()
        if path.startswith("rules/")
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
        if "record" in rule
    )


def placed(rule: Mapping[str, Any]) -> Iterator[Labels]:
    """Yield the labels of a rule's series wherever it has one."""
    labels: Labels = rule["labels"]
    if rule["record"] == "slo:objective:ratio":
        yield labels
        return
    by_route = labels.get("slo") == "by-route"
    for environment, region in product(ENVIRONMENTS, REGIONS):
        for route in ROUTES if by_route else (None,):
            here = {"environment": environment, "region": region}
            yield {**labels, **here, **({} if route is None else {"route": route})}


def value(rule: Mapping[str, Any]) -> float:
    name = rule["record"]
    if name == "slo:objective:ratio":
        return objective_of(rule["labels"])
    if name == "growth:limit":
        return 5.0 if rule["labels"]["growth"] == "disk" else 100.0
    if name.startswith("slo:error_ratio:"):
        return BAD_RATIO
    return 10 * BAD_RATIO if name.startswith("slo:errors:") else 10.0


def objective_of(labels: Labels) -> float:
    return float(declared()[labels["service"], labels["slo"]].objective)


@cache
def declared() -> Mapping[tuple[str, str], Slo]:
    services = read_named(CATALOG).services
    return {(service.name, slo.name): slo for service in services for slo in service.slos}


def ask(url: str, expression: str) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": expression, "time": NOW})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{expression}: {error.read().decode()}") from None
    assert found["status"] == "success"
    result: list[dict[str, Any]] = found["data"]["result"]
    return result


@pytest.mark.parametrize("catalog", [CATALOG, "external-environment"])
def test_prometheus_takes_every_query_of_every_dashboard(ruled: str, catalog: str) -> None:
    asked = {filled(query) for board in boards(catalog).values() for query in queries(board)}
    assert len(asked) > 100
    for expression in asked:
        ask(ruled, expression)


def test_every_question_for_a_variables_values_is_answered(url: str) -> None:
    detail = boards(CATALOG)["dashboards/slo.json"]
    chosen = {**EVERYWHERE, "service": "casos", "slo": "by-route"}
    found = {}
    asked = [one for one in variables(detail).values() if one["type"] == "query"]
    for variable, selector in zip(asked, variable_queries(detail), strict=True):
        label = variable["query"].rpartition(",")[2].strip(" )")
        query = urllib.parse.urlencode(
            {"match[]": filled(selector, chosen), "start": NOW - 3600, "end": NOW}
        )
        address = f"{url}/api/v1/label/{label}/values?{query}"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
            found[variable["name"]] = json.load(answer)["data"]
    assert found == {
        "service": ["casos", "derivacion"],
        "slo": ["availability", "backup", "by-route", "latency", "score", "up"],
        "route": list(ROUTES),
    }


@pytest.mark.parametrize("path", ["slo-overview", "global", "service-casos", "capacity"])
def test_no_query_matches_many_to_many_where_every_series_is_there(url: str, path: str) -> None:
    board = boards(CATALOG)[f"dashboards/{path}.json"]
    for query in queries(board):
        ask(url, filled(query, EVERYWHERE))


@pytest.mark.parametrize("slo", list(declared()))
def test_the_detail_of_every_slo_has_a_value_in_each_panel_that_it_can_have(
    url: str, slo: tuple[str, str]
) -> None:
    service, name = slo
    chosen = {**EVERYWHERE, "service": service, "slo": name}
    is_counted = not isinstance(declared()[slo].sli, RawSli)
    board = boards(CATALOG)["dashboards/slo.json"]
    for panel in panels(board):
        answers = [ask(url, filled(one["expr"], chosen)) for one in panel["targets"]]
        if panel["title"] in ("Events", "Bad events a day") or "this" in panel["title"]:
            assert all(bool(answer) == is_counted for answer in answers), panel["title"]
        elif panel["title"].startswith("Burn rate: "):
            severities = {pair.severity for pair in declared()[slo].burn_windows}
            expected = panel["title"].removeprefix("Burn rate: ") in severities
            assert all(bool(answer) == expected for answer in answers), panel["title"]
        else:
            assert all(answers), panel["title"]


def test_the_overview_tells_each_slo_once_in_each_place_with_its_own_budget(url: str) -> None:
    board = boards(CATALOG)["dashboards/slo-overview.json"]
    (panel,) = [one for one in panels(board) if one["title"] == "Budget left over time"]
    answer = ask(url, filled(panel["targets"][0]["expr"], EVERYWHERE))
    found = sorted(
        (one["metric"]["service"], one["metric"]["slo"], one["metric"]["region"]) for one in answer
    )
    assert found == sorted(
        (service, name, region)
        for (service, name), region in product(declared(), REGIONS)
        for _ in (ROUTES if name == "by-route" else ("",))
    )
    for one in answer:
        left = 1 - BAD_RATIO / (1 - objective_of(one["metric"]))
        assert float(one["value"][1]) == pytest.approx(left)


def test_a_promise_that_is_kept_to_the_end_lasts_as_long_as_its_budget_does(url: str) -> None:
    board = boards(CATALOG)["dashboards/slo.json"]
    (panel,) = [one for one in panels(board) if one["title"] == "Lasts"]
    chosen = {**EVERYWHERE, "service": "derivacion", "slo": "availability"}
    (first, *_) = ask(url, filled(panel["targets"][0]["expr"], chosen))
    left_ratio, spends_ratio, window_seconds = 0.005 - BAD_RATIO, BAD_RATIO, 30 * 86_400
    assert float(first["value"][1]) == pytest.approx(left_ratio * window_seconds / spends_ratio)


def test_a_limit_that_is_passed_is_reached_and_one_that_nothing_grows_to_is_not(url: str) -> None:
    board = boards(CATALOG)["dashboards/capacity.json"]
    days = {
        panel["title"]: float(ask(url, filled(one["expr"], EVERYWHERE))[0]["value"][1])
        for panel in panels(board)
        for one in panel["targets"]
        if panel["title"].endswith("limit reached in")
    }
    assert days == {"casos: disk: limit reached in": 0, "casos: cases: limit reached in": 3650}


def test_a_days_bad_events_are_those_of_the_time_that_is_known(url: str) -> None:
    """An hour of history is not a day: what failed in it is not taken for 24 times as much."""
    board = boards(CATALOG)["dashboards/slo.json"]
    (panel,) = [one for one in panels(board) if one["title"] == "Bad events a day"]
    chosen = {**EVERYWHERE, "service": "derivacion", "slo": "availability"}
    (first, *_) = ask(url, filled(panel["targets"][0]["expr"], chosen))
    per_sample = 10 * BAD_RATIO * 300  # a rate, recorded every five minutes
    assert float(first["value"][1]) == pytest.approx(SAMPLES * per_sample)
