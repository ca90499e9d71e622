"""What a preset is: a condition, an SLI or a panel whose numbers and names are parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ParameterKind(StrEnum):
    """What a parameter holds, and so how it is written in a catalog."""

    TEXT = "text"  # the value of a label
    NUMBER = "number"
    PERCENT = "percent"  # 80%
    DURATION = "duration"  # 10m
    MATCHERS = "matchers"  # job="postgres",cluster="main"
    METRIC = "metric"  # the name of one
    LABEL = "label"  # the name of one


class PresetKind(StrEnum):
    """What a preset gives, and so where a catalog may use it."""

    CONDITION = "condition"
    SLI = "sli"
    PANEL = "panel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value that a user of a preset gives, or may give.

    Bounds and the default are written as in a catalog; without a default it
    must be given. `unit` is what a number counts, such as messages.
    """

    name: str
    kind: ParameterKind
    description: str
    example: str
    unit: str | None
    default: str | None
    least: str | None
    most: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedMetric:
    """A metric that a preset reads, with the labels it needs, and who exports it."""

    name: str
    labels: tuple[str, ...]
    exporter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One preset. `template` has what its kind has in a catalog, with templates in its texts.

    Sentences in it are a mapping from language to template.
    """

    id: str  # family/name, as `use` names it
    kind: PresetKind
    description: str
    parameters: Mapping[str, Parameter]
    metrics: tuple[UsedMetric, ...]  # names and labels may hold templates
    template: Mapping[str, Any]

    @property
    def family(self) -> str:
        """Return the name of its family."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Presets about one thing, in the order of their file."""

    name: str
    description: str
    presets: tuple[Preset, ...]
