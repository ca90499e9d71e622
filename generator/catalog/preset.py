"""Conditions that `use` a preset, written out as if their author had."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generator.catalog.model import Organisation
from generator.presets.argument import Argument, ArgumentError, read_argument
from generator.presets.model import Parameter, Preset
from generator.presets.read import read_presets
from generator.presets.render import Setting, render_preset
from guardia.document import Document, Pointer
from guardia.reading import Reading
from guardia.word import nearest


def write_out_presets(reading: Reading, organisation: Organisation) -> Document:
    """Return the document with what each used preset gives; what stands in it itself wins.

    What a preset gave stands where its name stands. A condition whose preset
    or arguments are wrong, which is noted, stays without `expr`.
    """
    document = reading.document
    conditions = list(reading.value(("conditions",), ()))
    added: dict[Pointer, Pointer] = {}
    for index, written in enumerate(conditions):
        at: Pointer = ("conditions", index)
        if "use" not in written:
            _refuse_arguments_alone(reading, at)
            continue
        given = _write_out(reading, at, organisation)
        conditions[index] = {**given, **written}
        added |= {(*at, key): (*at, "use") for key in given if key not in written}
    if not added:
        return document
    extents = {**document.extents, **{to: document.extents[at] for to, at in added.items()}}
    return replace(document, value={**document.value, "conditions": conditions}, extents=extents)


def _write_out(reading: Reading, at: Pointer, organisation: Organisation) -> dict[str, Any]:
    presets = read_presets()
    reading.reference(
        (*at, "use"),
        "preset",
        presets,
        "choose one of them, or give `expr` and what belongs to it",
        declared="Guardia comes with these",
    )
    preset = presets.get(reading.value((*at, "use")))
    arguments = None if preset is None else _read_arguments(reading, at, preset)
    if preset is None or arguments is None:
        return {}
    return render_preset(preset, arguments, _setting(reading, organisation))


def _read_arguments(reading: Reading, at: Pointer, preset: Preset) -> Mapping[str, Argument] | None:
    """Return the value of each parameter, or None when one is wrong or missing."""
    written: dict[str, Any] = reading.value((*at, "with"), {})
    unknown = [name for name in written if name not in preset.parameters]
    for name in unknown:
        _unknown_parameter(reading, (*at, "with", name), preset)
    arguments = {
        name: _read_one(reading, at, parameter, written.get(name))
        for name, parameter in preset.parameters.items()
    }
    found = {name: value for name, value in arguments.items() if value is not None}
    return None if unknown or len(found) < len(arguments) else found


def _read_one(
    reading: Reading, at: Pointer, parameter: Parameter, written: object
) -> Argument | None:
    name = parameter.name
    if written is None and parameter.default is None:
        reading.problem(
            "missing-key",
            (*at, "with") if reading.value((*at, "with")) else (*at, "use"),
            f"the parameter `{name}` is missing",
            label=f"needs `{name}`",
            why=parameter.description,
            fix=f"add it under `with`, such as {name}: {parameter.example}",
            of_key=bool(reading.value((*at, "with"))),
        )
        return None
    try:
        return read_argument(parameter, str(parameter.default if written is None else written))
    except ArgumentError as error:
        reading.problem(
            "preset-argument",
            (*at, "with", name),
            f"`{name}`: {error}",
            label="cannot be used",
            why=parameter.description,
            fix=error.fix,
        )
        return None


def _unknown_parameter(reading: Reading, at: Pointer, preset: Preset) -> None:
    name = at[-1]
    beside = name in preset.condition
    guess = None if beside else nearest(str(name), preset.parameters)
    known = ", ".join(preset.parameters) or "none"
    reading.problem(
        "unknown-key",
        at,
        f"`{preset.id}` has no parameter `{name}`",
        label=f"did you mean `{guess}`?" if guess else "not known",
        why="an argument that nobody reads is a setting that silently does nothing",
        fix=f"write `{name}` beside `use`" if beside else f"use one of: {known}; or remove it",
        of_key=True,
    )


def _refuse_arguments_alone(reading: Reading, at: Pointer) -> None:
    if reading.value((*at, "with")) is not None:
        reading.problem(
            "unknown-key",
            (*at, "with"),
            "`with` has no meaning without `use`",
            label="belongs to a preset",
            why="an argument that nobody reads is a setting that silently does nothing",
            fix="add `use:` with the preset's name, or remove `with`",
            of_key=True,
        )


def _setting(reading: Reading, organisation: Organisation) -> Setting:
    environments = reading.value(("environments",)) or organisation.environments
    values = {organisation.environment_label: environments[-1]}
    if organisation.regions is not None:
        values[organisation.regions.label] = organisation.regions.names[0]
    return Setting(
        language=organisation.language,
        place={label: values[label] for label in organisation.series_labels},
        scrape_interval=organisation.scrape_interval,
    )
