"""The presets that come with Guardia, each family a file beside this one."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from generator.presets.model import (
    Family,
    Parameter,
    ParameterKind,
    Preset,
    PresetKind,
    UsedMetric,
)
from guardia.document import Document, read_document
from guardia.problem import Problem
from guardia.schema import check_schema

FOLDER = Path(__file__).parent
_KINDS = {
    "conditions": PresetKind.CONDITION,
    "slis": PresetKind.SLI,
    "panels": PresetKind.PANEL,
}
_IN_CATALOG = {"means": "description"}  # a family describes its presets too


@cache
def read_presets() -> Mapping[str, Preset]:
    """Return all presets by id, in the order of their families and files.

    Raises ValueError for a file that is not a family of presets.
    """
    return {preset.id: preset for family in read_families().values() for preset in family.presets}


@cache
def read_families() -> Mapping[str, Family]:
    """Return all families by name, in the order of their files. Raises as `read_presets` does."""
    families = [_read_family(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {family.name: family for family in families}


def _read_family(path: Path) -> Family:
    document, problems = read_document(path.name, path.read_text(encoding="utf-8"))
    if document is not None:
        problems = tuple(check_schema(document, "preset"))
    if document is None or problems:
        raise ValueError(_shown(problems))
    return Family(
        name=document.value["family"],
        description=document.value["description"],
        presets=tuple(_presets(document)),
    )


def _shown(problems: tuple[Problem, ...]) -> str:
    return "; ".join(f"{one.span.path}:{one.span.line}: {one.message}" for one in problems)


def _presets(document: Document) -> list[Preset]:
    family = document.value
    return [
        _preset(family["family"], kind, written)
        for key, kind in _KINDS.items()
        for written in family.get(key, ())
    ]


def _preset(family: str, kind: PresetKind, written: Mapping[str, Any]) -> Preset:
    parameters = written.get("parameters", {})
    return Preset(
        id=f"{family}/{written['name']}",
        kind=kind,
        description=written["description"],
        parameters={name: _parameter(name, one) for name, one in parameters.items()},
        metrics=tuple(
            UsedMetric(name=name, labels=tuple(one.get("labels", ())), exporter=one["exporter"])
            for name, one in written["metrics"].items()
        ),
        template={
            _IN_CATALOG.get(key, key): value
            for key, value in written.items()
            if key not in ("name", "description", "parameters", "metrics")
        },
    )


def _parameter(name: str, written: Mapping[str, Any]) -> Parameter:
    def text(key: str) -> str | None:
        return str(written[key]) if key in written else None

    return Parameter(
        name=name,
        kind=ParameterKind(written["kind"]),
        description=written["description"],
        example=str(written["example"]),
        unit=written.get("unit"),
        default=text("default"),
        least=text("least"),
        most=text("most"),
    )
