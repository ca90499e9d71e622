"""The presets that come with Guardia for an engineer to choose from, and for a program."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from generator.explaining.snippet import render_snippet
from generator.explaining.table import render_table
from generator.presets.argument import usual_arguments
from generator.presets.model import Family, Parameter, Preset, PresetKind
from generator.presets.render import Setting, render_metrics, render_preset

_SCRAPE_INTERVAL = timedelta(seconds=15)
_PLACES = (
    "A catalog adds the labels of its places, such as environment, to the braces and to by (…)."
)
_PASTE = "For a service's file, catalog/services/NAME.yaml; behind # stand the defaults"


def render_families(families: Sequence[Family]) -> str:
    """Return all families with their presets, a line each."""
    rows = [
        (f"  {preset.id}", preset.kind.value, preset.description)
        for family in families
        for preset in family.presets
    ]
    lines = iter(render_table(rows).split("\n"))
    blocks = [
        "\n".join(
            [
                f"{family.name}: {_one_line(family.description)}",
                *(next(lines) for _ in family.presets),
            ]
        )
        for family in families
    ]
    return "\n\n".join(blocks)


def render_preset_page(preset: Preset, language: str) -> str:
    """Return all of a preset as text: parameters, metrics, what it says, and how it is used.

    Its arguments are the defaults, and the examples of what has none.
    """
    parts = [
        f"{preset.id} ({preset.kind}): {preset.description}",
        _parameters(preset),
        _metrics(preset),
        *_GIVES[preset.kind](_given(preset, language)),
        f"{_PASTE}:\n{_indented(render_snippet(preset))}",
    ]
    return "\n\n".join(part for part in parts if part)


def family_as_json(family: Family, language: str) -> dict[str, Any]:
    """Return a family for a program."""
    return {
        "family": family.name,
        "description": _one_line(family.description),
        "presets": [preset_as_json(preset, language) for preset in family.presets],
    }


def preset_as_json(preset: Preset, language: str) -> dict[str, Any]:
    """Return a preset for a program; `gives` is what a catalog would say without it."""
    return {
        "use": preset.id,
        "kind": preset.kind.value,
        "description": preset.description,
        "parameters": {name: _parameter_as_json(one) for name, one in preset.parameters.items()},
        "metrics": {
            one.name: {"exporter": one.exporter, "labels": list(one.labels)}
            for one in render_metrics(preset, usual_arguments(preset))
        },
        "gives": _given(preset, language),
        "snippet": render_snippet(preset),
    }


def _parameter_as_json(parameter: Parameter) -> dict[str, Any]:
    return {
        "kind": parameter.kind.value,
        "unit": parameter.unit,
        "default": parameter.default,
        "least": parameter.least,
        "most": parameter.most,
        "example": parameter.example,
        "description": parameter.description,
    }


def _given(preset: Preset, language: str) -> dict[str, Any]:
    setting = Setting(language=language, place={}, scrape_interval=_SCRAPE_INTERVAL)
    return render_preset(preset, usual_arguments(preset), setting)


def _parameters(preset: Preset) -> str:
    if not preset.parameters:
        return "It has no parameters."
    rows = [("name", "kind", "default", "bounds", "example", "meaning")]
    rows += [
        (
            one.name,
            _kind(one),
            "-" if one.default is None else one.default,
            _bounds(one),
            one.example,
            one.description,
        )
        for one in preset.parameters.values()
    ]
    return f"Parameters (what has no default must be given):\n{render_table(rows, indent='  ')}"


def _kind(parameter: Parameter) -> str:
    return f"{parameter.kind} of {parameter.unit}" if parameter.unit else parameter.kind.value


def _bounds(parameter: Parameter) -> str:
    match parameter.least, parameter.most:
        case None, None:
            return "-"
        case least, None:
            return f"{least} or more"
        case None, most:
            return f"{most} or less"
        case least, most:
            return f"{least} to {most}"
    raise AssertionError


def _metrics(preset: Preset) -> str:
    rows = [("metric", "exported by", "labels")]
    rows += [
        (one.name, one.exporter, ", ".join(one.labels) or "-")
        for one in render_metrics(preset, usual_arguments(preset))
    ]
    return f"Reads:\n{render_table(rows, indent='  ')}"


def _condition(given: Mapping[str, Any]) -> list[str]:
    return [
        f"Severity {given['severity']}, for {given['for']}; written beside `use`, another wins.",
        f"Fires for this, shown as “{given['panel']['title']}”:\n{_indented(given['expr'])}",
        _PLACES,
        f"Says:\n  {given['summary']}\n  {given['description']}",
    ]


def _sli(given: Mapping[str, Any]) -> list[str]:
    ((kind, fields),) = given["sli"].items()
    rows = [(f"{key}:", value) for key, value in fields.items()]
    return [f"Gives the SLI `{kind}`:\n{render_table(rows, indent='  ')}"]


def _panel(given: Mapping[str, Any]) -> list[str]:
    queries = "\n".join(
        f"{_indented(query['expr'])}\n  each line named {query['legend']}"
        for query in given["queries"]
    )
    return [f"Shows “{given['title']}” ({given['unit']}):\n{queries}", given["description"]]


_GIVES = {
    PresetKind.CONDITION: _condition,
    PresetKind.SLI: _sli,
    PresetKind.PANEL: _panel,
}


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip().split("\n"))


def _one_line(text: str) -> str:
    return " ".join(text.split())
