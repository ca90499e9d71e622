"""What of a service uses presets, written out as if its author had."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from generator.catalog.model import Organisation
from generator.catalog.preset_arguments import read_arguments, refuse_arguments_alone
from generator.presets.model import PresetKind, UsedMetric
from generator.presets.read import read_presets
from generator.presets.render import Setting, render_metrics, render_preset
from guardia.document import Document, Pointer
from guardia.reading import Reading

_PLACES = {
    "conditions": PresetKind.CONDITION,
    "slos": PresetKind.SLI,
    "panels": PresetKind.PANEL,
}
_AN = {PresetKind.CONDITION: "a condition", PresetKind.SLI: "an SLI", PresetKind.PANEL: "a panel"}
_OTHERWISE = {
    PresetKind.CONDITION: "give `expr` and what belongs to it",
    PresetKind.SLI: "give `sli`",
    PresetKind.PANEL: "give `queries` and what belongs to them",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOut:
    """A service's document without `use`, and the metrics that the used presets read."""

    document: Document
    metrics: tuple[UsedMetric, ...]


def write_out_presets(reading: Reading, organisation: Organisation) -> WrittenOut:
    """Return the document with what each used preset gives; what stands in it itself wins.

    What a preset gave stands where its name stands. Where a preset or its
    arguments are wrong, which is noted, nothing is added: see `was_written_out`.
    """
    document = reading.document
    value = document.value
    extents = dict(document.extents)
    metrics: list[UsedMetric] = []
    for at, kind in _uses(reading):
        found = _write_out(reading, at, kind, organisation)
        if found is None:
            continue
        given, used = found
        metrics.extend(used)
        written = reading.value(at)
        kept = {key: one for key, one in written.items() if key not in ("use", "with")}
        if "panel" in given and "panel" in kept:  # its title alone may be the author's
            kept["panel"] = {**given["panel"], **kept["panel"]}
        value = _with_value(value, at, {**given, **kept})
        for key in given.keys() - written.keys():
            extents[(*at, key)] = extents[(*at, "use")]
    if value is document.value:
        return WrittenOut(document=document, metrics=())
    return WrittenOut(
        document=replace(document, value=value, extents=extents), metrics=tuple(metrics)
    )


def was_written_out(reading: Reading, at: Pointer) -> bool:
    """Say whether what stands at `at` is whole: a preset that cannot be used gave nothing."""
    return "use" not in reading.value(at)


def _uses(reading: Reading) -> Iterator[tuple[Pointer, PresetKind]]:
    """Yield each place that uses a preset, and the kind that belongs there."""
    for part, kind in _PLACES.items():
        for index in range(reading.count((part,))):
            at: Pointer = (part, index)
            if "use" in reading.value(at):
                yield at, kind
            else:
                refuse_arguments_alone(reading, at)


def _write_out(
    reading: Reading, at: Pointer, kind: PresetKind, organisation: Organisation
) -> tuple[dict[str, Any], tuple[UsedMetric, ...]] | None:
    presets = {id: one for id, one in read_presets().items() if one.kind is kind}
    reading.reference(
        (*at, "use"),
        f"preset of {_AN[kind]}",
        presets,
        f"choose one of them, or {_OTHERWISE[kind]}",
        declared="`guardia presets` shows what each does",
    )
    if kind is PresetKind.SLI and "sli" in reading.value(at):
        _refuse_second_sli(reading, at)
        return None
    preset = presets.get(reading.value((*at, "use")))
    arguments = None if preset is None else read_arguments(reading, at, preset)
    if preset is None or arguments is None:
        return None
    given = render_preset(preset, arguments, _setting(reading, organisation))
    return given, render_metrics(preset, arguments)


def _refuse_second_sli(reading: Reading, at: Pointer) -> None:
    reading.problem(
        "sli-invalid",
        (*at, "use"),
        "both a preset and `sli` say what is good",
        label="gives an SLI too",
        why="an SLO has one SLI; a second one would silently do nothing",
        fix="remove one of the two",
        of_key=True,
    )


def _with_value(value: Any, at: Pointer, new: Any) -> Any:
    """Return a document's value with another one at `at`; what is not on the way is shared."""
    if not at:
        return new
    first, rest = at[0], at[1:]
    copied = value.copy()
    copied[first] = _with_value(value[first], rest, new)
    return copied


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
