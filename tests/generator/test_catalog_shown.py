"""Panels, growth figures and own metrics of a service: read, or told where they are wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.catalog.model import Service
from generator.catalog.model_shown import Board
from generator.catalog.read import read_catalog
from generator.rules.growth import growth_groups
from guardia.catalog_folder import read_catalog_folder
from guardia.problem import Problem
from tests.catalogs import copy_catalog, read_whole

CASOS = "services/casos.yaml"
PANEL: dict[str, Any] = {
    "title": "Requests",
    "description": "What is asked.",
    "unit": "reqps",
    "queries": [{"expr": "sum(rate(http_requests_total[$__rate_interval]))", "legend": "all"}],
}
GROWTH: dict[str, Any] = {
    "name": "cases",
    "title": "Cases a day",
    "description": "How many are opened.",
    "unit": "short",
    "expr": "sum by (environment) (rate(cases_created_total[1h])) * 86400",
}
METRICS = {"cases_created_total": {"type": "counter", "unit": "cases", "means": "Opened."}}


def with_parts(tmp_path: Path, **parts: Any) -> Path:
    folder = copy_catalog(tmp_path)
    file = folder / CASOS
    service = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**service, **parts}, sort_keys=False), "utf-8")
    return folder


def casos(folder: Path) -> Service:
    return next(one for one in read_whole(folder).services if one.name == "casos")


def problem_of(folder: Path) -> Problem:
    documents, of_form = read_catalog_folder(folder)
    assert not of_form
    (problem,) = read_catalog(documents)[1]
    return problem


def test_a_panel_of_a_team_is_read_with_its_boards_and_threshold(tmp_path: Path) -> None:
    panel = {**PANEL, "boards": ["business"], "below": 3}

    (found,) = casos(with_parts(tmp_path, panels=[panel])).panels

    assert (found.title, found.unit, found.below, found.above) == ("Requests", "reqps", 3, None)
    assert found.boards == {Board.BUSINESS}
    assert found.queries[0].legend == "all"


def test_what_a_condition_shows_is_its_name_and_a_plain_number_unless_it_says_more(
    tmp_path: Path,
) -> None:
    (condition,) = casos(copy_catalog(tmp_path)).conditions
    assert (condition.panel.title, condition.panel.unit) == ("DatabaseDown", "short")


@pytest.mark.parametrize(
    ("panel", "code", "message"),
    [
        ({"unit": "ratio"}, "unit-unknown", "Grafana has no unit `ratio`"),
        (
            {"queries": [{"expr": "sum(rate(x[5m])", "legend": "a"}]},
            "promql-syntax",
            "this cannot be shown",
        ),
        (
            {"queries": [{"expr": '{__name__="up"}', "legend": "a"}]},
            "promql-syntax",
            "this cannot be shown: not every selector has its metric's name before its braces",
        ),
        (
            {"queries": [{"expr": "sum(cases_creatd_total)", "legend": "a"}]},
            "metric-unknown",
            "nothing in the catalog speaks of the metric `cases_creatd_total`",
        ),
    ],
)
def test_a_wrong_panel_is_told(
    panel: dict[str, Any], code: str, message: str, tmp_path: Path
) -> None:
    problem = problem_of(with_parts(tmp_path, panels=[{**PANEL, **panel}], metrics=METRICS))
    assert problem.code == code
    assert problem.message.startswith(message)


def test_a_metric_that_is_nearly_known_is_guessed(tmp_path: Path) -> None:
    panel = {**PANEL, "queries": [{"expr": "sum(cases_creatd_total)", "legend": "a"}]}
    problem = problem_of(with_parts(tmp_path, panels=[panel], metrics=METRICS))
    assert problem.label == "did you mean `cases_created_total`?"


def test_growth_is_recorded_with_its_place_and_its_limit_there(tmp_path: Path) -> None:
    folder = with_parts(tmp_path, growth=[{**GROWTH, "limit": 5000}], metrics=METRICS)

    (group,) = growth_groups(read_whole(folder).organisation, casos(folder))

    value, limit = group.rules
    assert value.expression == GROWTH["expr"]
    assert limit.expression == f"0 * (\n{GROWTH['expr']}\n) + 5000"
    assert value.labels == limit.labels == {"service": "casos", "growth": "cases"}


def test_growth_that_loses_the_environment_is_refused(tmp_path: Path) -> None:
    figure = {**GROWTH, "expr": "sum(rate(cases_created_total[1h]))"}
    problem = problem_of(with_parts(tmp_path, growth=[figure], metrics=METRICS))
    assert problem.code == "environment-missing"


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("sum by (environment, office) (rate(cases_created_total[1h]))", "`office`"),
        ("rate(cases_created_total[1h])", "labels beside those of the place"),
    ],
)
def test_a_number_that_would_be_the_limit_of_each_series_is_refused(
    expression: str, kept: str, tmp_path: Path
) -> None:
    growth = {**GROWTH, "expr": expression}
    problem = problem_of(with_parts(tmp_path, growth=[{**growth, "limit": 9}], metrics=METRICS))
    assert problem.code == "limit-of-each-series"
    assert problem.message.endswith(f"`expr` keeps {kept}")
    folder = tmp_path / "as PromQL"
    folder.mkdir()
    limit = "sum by (environment, office) (cases_created_total)"
    assert casos(with_parts(folder, growth=[{**growth, "limit": limit}], metrics=METRICS)).growth


@pytest.mark.parametrize(
    ("zero", "code"),
    [("sum(", "promql-syntax"), ("sum(cases_creatd_total)", "metric-unknown")],
)
def test_what_shows_0_is_checked_as_a_panels_query_is(zero: str, code: str, tmp_path: Path) -> None:
    (condition,) = yaml.safe_load((copy_catalog(tmp_path) / CASOS).read_text("utf-8"))["conditions"]
    wrong = {**condition, "panel": {"zero": zero}}
    folder = tmp_path / "wrong"
    folder.mkdir()
    problem = problem_of(with_parts(folder, conditions=[wrong], metrics=METRICS))
    assert problem.code == code


def test_two_growth_figures_of_one_name_are_refused(tmp_path: Path) -> None:
    problem = problem_of(with_parts(tmp_path, growth=[GROWTH, GROWTH], metrics=METRICS))
    assert problem.code == "duplicate-id"


def test_an_slo_with_a_preset_and_an_sli_is_refused(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    file = folder / CASOS
    text = file.read_text("utf-8").replace(
        "    sli:\n", "    use: certificates/probe-uptime\n    sli:\n", 1
    )
    file.write_text(text, "utf-8")
    assert problem_of(folder).message == "both a preset and `sli` say what is good"


def test_a_presets_panel_may_get_another_title_and_keeps_the_rest(tmp_path: Path) -> None:
    condition = {
        "alert": "LagHigh",
        "use": "kafka/consumer-lag",
        "with": {"group": "derivacion-group"},
        "panel": {"title": "Waiting cases"},
        "runbook": "service-down",
    }
    (found,) = casos(with_parts(tmp_path, conditions=[condition])).conditions
    assert found.panel.title == "Waiting cases"
    assert found.panel.boards == {Board.INFRASTRUCTURE}
