"""What the benchmarks say: a goal counts as met only where it was measured and reached."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.catalogs import slo_names, write_catalog, write_sloth_specs
from benchmarks.figure import Figure, at_least, at_most, render_table, show, write_results
from benchmarks.rule_files import ROUND, Rules, read_rules
from tests.catalogs import read_whole


def test_what_was_not_measured_missed_its_goal(capsys: pytest.CaptureFixture[str]) -> None:
    figure = at_most("slow", None, 1, "s", "python -m slow")
    assert show([figure]) == 1
    assert capsys.readouterr().out == "MISSED slow  not measured  (goal: at most 1)\n"


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (at_most("a", 1.0, 1, "s", "c"), True),
        (at_most("a", 1.01, 1, "s", "c"), False),
        (at_least("a", 50, 50, "times", "c"), True),
        (at_least("a", 49.9, 50, "times", "c"), False),
    ],
)
def test_a_goal_is_met_up_to_its_number(figure: Figure, met: bool) -> None:
    assert figure.met is met
    assert show([figure]) == (0 if met else 1)


def test_a_figure_without_a_goal_fails_nothing(tmp_path: Path) -> None:
    figure = Figure(name="a", value=2.5, unit="s", command="c")
    assert "goal" not in render_table([figure])
    assert show([figure]) == 0
    write_results([figure], tmp_path / "results.json")
    assert json.loads((tmp_path / "results.json").read_text()) == [
        {"name": "a", "value": 2.5, "unit": "s", "goal": None, "met": None, "command": "c"}
    ]


def test_a_catalog_has_as_many_slos_as_asked_for_and_sloth_the_same(tmp_path: Path) -> None:
    catalog = read_whole(write_catalog(tmp_path / "catalog", slos=13))
    found = [
        (str(service.name), str(slo.name)) for service in catalog.services for slo in service.slos
    ]
    assert found == slo_names(slos=13)
    specs = write_sloth_specs(tmp_path / "specs", slos=13)
    assert sum(path.read_text().count("  - name: ") for path in specs.iterdir()) == 13


def test_quicker_rules_shrink_alike_and_ranges_are_found(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(
        """\
groups:
- name: slow
  interval: 2m30s
  rules: [{record: b, expr: 'sum_over_time(a{x="1"}[6h]) / sum_over_time(a{x="1"}[1d])'}]
- name: by the global interval
  rules: [{record: a, expr: up}]
"""
    )
    rules = read_rules("tool", [file])
    assert rules.longest_range("a") == timedelta(days=1)
    assert rules.longest_range("b") == timedelta()
    (tmp_path / "quick.yml").write_text(rules.quicker(timedelta(seconds=2)))
    quick: Rules = read_rules("tool", [tmp_path / "quick.yml"])
    assert [length for _, length in quick.expressions()] == [
        timedelta(seconds=10),
        timedelta(seconds=2),
    ]
    assert [length for _, length in rules.expressions()] == [5 * ROUND, ROUND]
