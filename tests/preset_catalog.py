"""Copied catalogs whose services use presets, with the examples of their parameters."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from generator.presets.model import Preset, PresetKind
from generator.presets.read import read_presets

SERVICE = "casos"
RUNBOOK = "service-down"
PART = {
    PresetKind.CONDITION: "conditions",
    PresetKind.SLI: "slos",
    PresetKind.PANEL: "panels",
}


def presets_of(kind: PresetKind) -> list[Preset]:
    return [preset for preset in read_presets().values() if preset.kind is kind]


def by_family(kind: PresetKind) -> dict[str, list[Preset]]:
    found: dict[str, list[Preset]] = {}
    for preset in presets_of(kind):
        found.setdefault(preset.family, []).append(preset)
    return found


def examples_of(preset: Preset) -> dict[str, str]:
    return {name: parameter.example for name, parameter in preset.parameters.items()}


def alert_of(preset: Preset) -> str:
    return "".join(word.capitalize() for word in re.split(r"\W", preset.id))


def using(preset: Preset) -> dict[str, Any]:
    """Return what a service says to use the preset, as an item of the part for its kind."""
    used = {"use": preset.id, "with": examples_of(preset)}
    match preset.kind:
        case PresetKind.CONDITION:
            return {"alert": alert_of(preset), "runbook": RUNBOOK, **used}
        case PresetKind.SLI:
            name = preset.id.partition("/")[2]
            said = {"name": name, "description": preset.description, "objective": "99.5%"}
            return {**said, "runbook": RUNBOOK, **used}
        case PresetKind.PANEL:
            return used


def change_service(folder: Path, **parts: object) -> Path:
    """Put these parts in place of those of a catalog's first service."""
    file = folder / "services" / f"{SERVICE}.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    file.write_text(yaml.safe_dump({**service, **parts}), "utf-8")
    return folder


def replace_services(folder: Path, services: Mapping[str, Iterable[Preset]]) -> Path:
    """Write services that use these presets in place of a catalog's own."""
    first = yaml.safe_load((folder / "services" / f"{SERVICE}.yaml").read_text("utf-8"))
    kept = {key: first[key] for key in ("team", "description", "targets")}
    for other in (folder / "services").glob("*.yaml"):
        other.unlink()
    for name, presets in services.items():
        parts: dict[str, list[dict[str, Any]]] = {}
        for preset in presets:
            parts.setdefault(PART[preset.kind], []).append(using(preset))
        written = {"service": name, **kept, **parts}
        (folder / "services" / f"{name}.yaml").write_text(yaml.safe_dump(written), "utf-8")
    return folder
