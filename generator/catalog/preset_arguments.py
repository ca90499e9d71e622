"""The arguments that a catalog gives to a preset: read, or told where they are wrong."""

from collections.abc import Mapping
from typing import Any

from generator.presets.argument import Argument, ArgumentError, read_argument
from generator.presets.model import Parameter, Preset
from guardia.document import Pointer
from guardia.reading import Reading
from guardia.word import nearest

_UNREAD = "an argument that nobody reads is a setting that silently does nothing"


def read_arguments(reading: Reading, at: Pointer, preset: Preset) -> Mapping[str, Argument] | None:
    """Return the value of each parameter of the preset used at `at`.

    None when one is wrong or missing, which is noted.
    """
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
    beside = name in preset.template
    guess = None if beside else nearest(str(name), preset.parameters)
    known = ", ".join(preset.parameters) or "none"
    reading.problem(
        "unknown-key",
        at,
        f"`{preset.id}` has no parameter `{name}`",
        label=f"did you mean `{guess}`?" if guess else "not known",
        why=_UNREAD,
        fix=f"write `{name}` beside `use`" if beside else f"use one of: {known}; or remove it",
        of_key=True,
    )


def refuse_arguments_alone(reading: Reading, at: Pointer) -> None:
    """Note arguments at `at`, where no preset is used."""
    if reading.value((*at, "with")) is not None:
        reading.problem(
            "unknown-key",
            (*at, "with"),
            "`with` has no meaning without `use`",
            label="belongs to a preset",
            why=_UNREAD,
            fix="add `use:` with the preset's name, or remove `with`",
            of_key=True,
        )
