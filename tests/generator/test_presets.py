"""Presets: each is right with its own examples, and wrong arguments are told where they stand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.catalog.model import Condition
from generator.catalog.read import read_catalog
from generator.presets.argument import ArgumentError, Matchers, read_argument
from generator.presets.model import Parameter, ParameterKind, Preset, PresetKind
from generator.presets.render import render_metrics
from generator.promql.check import check_expression
from guardia.catalog_folder import read_catalog_folder
from guardia.matcher import matches_all
from guardia.problem import Problem
from tests.catalogs import copy_catalog, read_whole
from tests.preset_catalog import RUNBOOK, change_service, presets_of, using

CASOS = "services/casos.yaml"
HOSTILE = 'a"} or vector(1) #\\ {{ $value }} <<above>>\n'


def using_them(folder: Path, *conditions: Mapping[str, Any]) -> Path:
    """Put these in place of the conditions of a copied catalog's first service."""
    written = [
        {"alert": f"Preset{number}", "runbook": RUNBOOK, **one}
        for number, one in enumerate(conditions)
    ]
    return change_service(folder, conditions=written)


def conditions_of(folder: Path) -> tuple[Condition, ...]:
    return next(one for one in read_whole(folder).services if one.name == "casos").conditions


def problems_of(folder: Path) -> tuple[Problem, ...]:
    documents, of_form = read_catalog_folder(folder)
    assert not of_form
    return read_catalog(documents)[1]


def in_language(folder: Path, language: str) -> Path:
    catalog = folder / "catalog.yaml"
    catalog.write_text(catalog.read_text("utf-8") + f"\nlanguage: {language}\n", "utf-8")
    return folder


@pytest.mark.parametrize("preset", presets_of(PresetKind.CONDITION), ids=lambda one: one.id)
@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_a_preset_with_the_examples_of_its_parameters_is_a_catalog_without_problems(
    preset: Preset, language: str, tmp_path: Path
) -> None:
    folder = in_language(copy_catalog(tmp_path), language)

    (condition,) = conditions_of(change_service(folder, conditions=[using(preset)]))

    assert condition.severity.value == preset.template["severity"]
    assert all("<<" not in text for text in (condition.expression, *condition.fires))
    assert all(name in condition.expression for name in metrics_of(preset))
    assert "environment" in condition.expression


def metrics_of(preset: Preset) -> list[str]:
    """Return the metrics that a preset reads with its parameters' examples."""
    arguments = {name: read_argument(one, one.example) for name, one in preset.parameters.items()}
    return [metric.name for metric in render_metrics(preset, arguments)]


@pytest.mark.parametrize("preset", presets_of(PresetKind.SLI), ids=lambda one: one.id)
def test_a_preset_of_an_sli_with_examples_is_a_catalog_without_problems(
    preset: Preset, tmp_path: Path
) -> None:
    assert not problems_of(change_service(copy_catalog(tmp_path), slos=[using(preset)]))


@pytest.mark.parametrize("preset", presets_of(PresetKind.PANEL), ids=lambda one: one.id)
@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_a_preset_of_a_panel_with_examples_is_a_catalog_without_problems(
    preset: Preset, language: str, tmp_path: Path
) -> None:
    folder = change_service(in_language(copy_catalog(tmp_path), language), panels=[using(preset)])

    (panel,) = next(one for one in read_whole(folder).services if one.name == "casos").panels

    written = " ".join(query.expression for query in panel.queries)
    assert "<<" not in written + panel.title + panel.description
    assert all(name in written for name in metrics_of(preset))


def test_what_stands_beside_a_preset_wins(tmp_path: Path) -> None:
    given = {
        "use": "kafka/consumer-lag",
        "with": {"group": "derivacion-group", "above": 250},
        "severity": "critical",
        "for": "1m",
        "summary": "Cases wait.",
    }
    (condition,) = conditions_of(using_them(copy_catalog(tmp_path), given))

    assert condition.expression.endswith('{consumergroup="derivacion-group"} > 0) > 250')
    assert condition.severity.value == "critical"
    assert condition.holds_for.total_seconds() == 60
    assert condition.summary == "Cases wait."
    assert "250" in condition.description


def test_no_text_can_leave_its_place(tmp_path: Path) -> None:
    given = {"use": "kafka/consumer-lag", "with": {"group": HOSTILE}}
    (condition,) = conditions_of(using_them(copy_catalog(tmp_path), given))

    assert check_expression(condition.expression) is None
    escaped = HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert f'consumergroup="{escaped}"' in condition.expression


def test_any_text_can_stand_in_a_sentence(tmp_path: Path) -> None:
    given = {"use": "backups/too-old", "with": {"kind": HOSTILE, "within": "7h"}}
    (condition,) = conditions_of(using_them(copy_catalog(tmp_path), given))

    assert '{{"{{"}} $value {{"}}"}} <<above>>' in condition.summary


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        (
            {"use": "kafka/lag"},
            "unknown-reference",
            "there is no preset of a condition `kafka/lag`",
        ),
        (
            {"use": "kafka/consumer-lag"},
            "missing-key",
            "the parameter `group` is missing",
        ),
        (
            {"use": "kafka/consumer-lag", "with": {"group": "g", "abov": 3}},
            "unknown-key",
            "`kafka/consumer-lag` has no parameter `abov`",
        ),
        (
            {"use": "kafka/consumer-lag", "with": {"group": "g", "for": "3m"}},
            "unknown-key",
            "`kafka/consumer-lag` has no parameter `for`",
        ),
        (
            {"use": "kafka/consumer-lag", "with": {"group": "g", "above": "many"}},
            "preset-argument",
            "`above`: 'many' is not a number of messages",
        ),
        (
            {"use": "kafka/broker-down", "with": {"brokers": 3, "match": 'job="a",job="b"'}},
            "preset-argument",
            "`match`: no series can have such labels",
        ),
        (
            {"use": "kafka/broker-down", "with": {"brokers": 3, "match": 'job="a"} or up{'}},
            "preset-argument",
            "`match`: ",
        ),
    ],
)
def test_a_wrong_use_is_told_where_it_stands(
    given: Mapping[str, Any], code: str, sentence: str, tmp_path: Path
) -> None:
    folder = using_them(copy_catalog(tmp_path), given)
    (found,) = problems_of(folder)

    assert found.code == code
    assert found.message.startswith(sentence)
    line = (folder / CASOS).read_text("utf-8").splitlines()[found.span.line - 1]
    assert any(word in line for word in ("use:", "with:", *map(str, given.get("with", {}))))


def test_arguments_without_a_preset_are_refused(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    file = folder / CASOS
    text = file.read_text("utf-8")
    file.write_text(text.replace("    for: 1m\n", "    for: 1m\n    with: {above: 3}\n"), "utf-8")

    (found,) = problems_of(folder)
    assert found.message == "`with` has no meaning without `use`"


@pytest.mark.parametrize(
    ("kind", "written", "shown"),
    [("percent", "80%", "4/5"), ("number", "1.5", "3/2"), ("duration", "10m", "10m")],
)
def test_arguments_are_exact(kind: str, written: str, shown: str) -> None:
    assert str(read_argument(parameter(kind), written)) == shown


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ('job="a"', 'job="a-2"'),
        ('job="a",cluster="b"', 'cluster="b",job="a-2"'),
        ('job=~"a|b"', 'job="200"'),
        ('job=~".+"', 'job=""'),
        ('job!="a"', 'job="a"'),
        ('job=~".*",cluster="b"', 'cluster="b-2",job=""'),
    ],
)
def test_an_example_can_show_what_matchers_do_not_select(written: str, other: str) -> None:
    found = read_argument(parameter("matchers"), written)

    assert isinstance(found, Matchers)
    assert found.other == other
    assert not matches_all(found.parsed, found.unselected or {})


def test_what_matchers_do_not_select_has_none_of_an_examples_labels_that_they_ask_for(
    tmp_path: Path,
) -> None:
    use = {"use": "node/disk-readonly", "with": {"match": 'device=~".+"'}}

    [condition] = conditions_of(using_them(copy_catalog(tmp_path), use))

    [missed, _] = condition.silent
    assert missed.startswith("node_filesystem_readonly{")
    assert 'instance="node-1:9100"' in missed
    assert "device" not in missed


def test_matchers_that_select_everything_are_refused() -> None:
    with pytest.raises(ArgumentError, match="it selects everything"):
        read_argument(parameter("matchers"), 'job=~".*"')


def test_what_could_never_fire_is_refused() -> None:
    with pytest.raises(ArgumentError, match="120% is more than 100%, so the alert could never"):
        read_argument(parameter("percent", most="100%"), "120%")


@pytest.mark.parametrize(
    ("kind", "written", "fix"),
    [
        ("percent", "10", "write 10% if that is meant"),
        ("percent", "0.1", "write 0.1% or 10% if that is meant"),
        ("percent", "ten", "write it as 1"),
        ("duration", "36 hours", "write 1d12h if that is meant"),
        ("duration", "36", "write it as 1"),
    ],
)
def test_a_unit_that_is_missing_or_wrong_is_guessed(kind: str, written: str, fix: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        read_argument(parameter(kind), written)
    assert raised.value.fix == fix


def parameter(kind: str, *, most: str | None = None) -> Parameter:
    return Parameter(
        name="x",
        kind=ParameterKind(kind),
        description="What it is.",
        example="1",
        unit=None,
        default=None,
        least=None,
        most=most,
    )
