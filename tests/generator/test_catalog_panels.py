"""How the value of a condition is drawn: its thresholds, and what cannot be held to a place."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.dashboards.catalog_panels import service_panels
from generator.dashboards.grafana import Panel
from generator.dashboards.place import chosen_place
from generator.write import generate
from tests.catalogs import copy_catalog, read_whole

CASOS = "services/casos.yaml"


def drawn(
    tmp_path: Path,
    *conditions: tuple[str, str],
    description: str = "It matters.",
    **more: Any,
) -> list[Panel]:
    """Return the panels of conditions, each given as expression and severity."""
    folder = copy_catalog(tmp_path)
    file = folder / CASOS
    service: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    service["conditions"] = [
        {
            "alert": f"Alert{number}",
            "severity": severity,
            "expr": expression,
            "for": "1m",
            "summary": "It is.",
            "description": description,
            "panel": {"title": "A value", **more},
            "runbook": "service-down",
            # Two series each: what one alone gives is compared with the expression.
            "examples": {
                "fires": {'x{environment="prod"}': 1, 'y{environment="prod"}': 1},
                "silent": {'x{environment="prod"}': 0, 'y{environment="prod"}': 0},
            },
        }
        for number, (expression, severity) in enumerate(conditions)
    ]
    file.write_text(yaml.safe_dump(service), "utf-8")
    catalog = read_whole(folder)
    generate(catalog, ["dashboards"])  # what is drawn can be written
    casos = next(one for one in catalog.services if one.name == "casos")
    place = chosen_place(catalog.organisation)
    return [shown.panel for shown in service_panels(catalog.organisation, casos, place)]


@pytest.mark.parametrize(
    ("comparison", "at", "colors"),
    [
        ("> 5", [4, 5, 5.1], ["green", "green", "red"]),
        (">= 5", [4, 5], ["green", "red"]),
        ("< 5", [4, 5], ["red", "green"]),
        ("<= 5", [5, 5.1], ["red", "green"]),
        ("== 0", [0, 1], ["red", "green"]),
        ("== 1", [0, 1, 2], ["green", "red", "green"]),
    ],
)
def test_the_bad_side_of_a_threshold_is_red(
    comparison: str, at: list[float], colors: list[str], tmp_path: Path
) -> None:
    (panel,) = drawn(tmp_path, (f"max by (environment) (x) {comparison}", "critical"))
    assert [color_at(panel, value) for value in at] == colors


def test_between_three_thresholds_each_stretch_has_its_own_colour(tmp_path: Path) -> None:
    value = "max by (environment) (x)"
    (panel,) = drawn(
        tmp_path, (f"{value} < 3", "critical"), (f"{value} < 14", "high"), (f"{value} < 30", "low")
    )
    assert [color_at(panel, days) for days in (2, 5, 20, 31)] == ["red", "orange", "blue", "green"]
    assert all(f"Alert{number}" in panel.description for number in range(3))


def test_the_worse_of_two_thresholds_wins_where_both_are_passed(tmp_path: Path) -> None:
    value = "max by (environment) (x)"
    (panel,) = drawn(tmp_path, (f"{value} > 3", "critical"), (f"{value} > 14", "high"))
    assert [color_at(panel, one) for one in (3, 4, 20)] == ["green", "red", "red"]


@pytest.mark.parametrize(
    "expression",
    [
        'sum by (environment) (rate(x{code=~"[45].."}[5m])) > 5',
        'max by (environment) ({__name__="x"}) > 5',
        "max by (environment) (x) < Inf",
    ],
)
def test_what_is_odd_to_draw_is_drawn_as_far_as_it_can_be(expression: str, tmp_path: Path) -> None:
    (panel,) = drawn(tmp_path, (expression, "high"))
    assert panel.queries


def test_a_line_that_is_also_crossed_while_all_is_well_has_no_bad_side(tmp_path: Path) -> None:
    value = "max by (environment) (x)"
    (panel,) = drawn(
        tmp_path, (f"{value} > 5", "critical"), (f"{value} > 9", "high"), threshold="plain"
    )
    assert panel.draws_steps
    assert [start for _, start in panel.steps] == [None, 5, 9]
    assert {color for color, _ in panel.steps} == {"text"}


def test_what_else_an_alert_asks_is_told_once_for_all_that_ask_it(tmp_path: Path) -> None:
    value, rest = "max by (environment) (x)", 'and on () x{a="busy"} > 1\nunless y'
    (panel,) = drawn(
        tmp_path,
        (f"{value} > 3 {rest}", "critical"),
        (f"{value} > 2 {rest}", "high"),
        (f"{value} > 1", "low"),
    )
    assert panel.description == (
        "It matters.\n\n"
        "Alert0 alerts as critical when this lasts 1m.\n\n"
        "Alert1 alerts as high when this lasts 1m.\n\n"
        "Alert2 alerts as low when this lasts 1m.\n\n"
        "For Alert0, Alert1 that alone is not enough: the alert fires only while the rest of its"
        " expression is true too.\n\n"
        '    and on () x{a="busy"} > 1\n    unless y'
    )


def test_an_empty_line_of_an_author_loses_no_alert_and_no_sentence(tmp_path: Path) -> None:
    value = "max by (environment) (x)"
    (panel,) = drawn(
        tmp_path,
        (f"{value} > 3", "critical"),
        (f"{value} > 2", "high"),
        description="It matters.\n\nVery much.",
    )
    assert panel.description == (
        "It matters.\n\nVery much.\n\n"
        "Alert0 alerts as critical when this lasts 1m.\n\n"
        "Alert1 alerts as high when this lasts 1m."
    )


def test_what_has_a_value_only_while_something_is_wrong_may_be_drawn_as_0(tmp_path: Path) -> None:
    expression = "max by (environment) (x) > 3 or max by (environment) (x offset 1h) > 3 # new"
    zero = "sum by (environment) (x)"
    (panel,) = drawn(tmp_path, (expression, "critical"), zero=zero)

    (query,) = panel.queries
    placed = [text.replace("(x", '(x{environment="$environment"}') for text in (expression, zero)]
    assert query.expression == f"(\n{placed[0]}\n) or 0 * (\n{placed[1]}\n)"
    assert [color_at(panel, one) for one in (0, 1)] == ["green", "red"]


def test_an_alert_that_names_its_place_is_shown_for_that_place_and_says_so(tmp_path: Path) -> None:
    """Asked of staging, `absent` of a series of prod would tell what is not true."""
    gone = 'absent(x{environment="prod",job="casos"})'
    (panel,) = drawn(tmp_path, (gone, "critical"))
    assert [query.expression for query in panel.queries] == [gone]
    assert "names its own place" in panel.description


def color_at(panel: Panel, value: float) -> str:
    return [color for color, start in panel.steps if start is None or start <= value][-1]
