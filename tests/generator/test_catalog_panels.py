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


def drawn(tmp_path: Path, *conditions: tuple[str, str]) -> list[Panel]:
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
            "description": "It matters.",
            "panel": {"title": "A value"},
            "runbook": "service-down",
            "examples": {
                "fires": {'x{environment="prod"}': 1},
                "silent": {'x{environment="prod"}': 0},
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


def color_at(panel: Panel, value: float) -> str:
    return [color for color, start in panel.steps if start is None or start <= value][-1]
