"""What of a service is shown and watched beside its alerts: panels, growth, its own metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from generator.promql.selecting import Selecting


class Board(StrEnum):
    """A dashboard that holds panels of many services."""

    GLOBAL = "global"
    INFRASTRUCTURE = "infrastructure"
    BUSINESS = "business"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelQuery:
    """One query of a panel; `legend` names its lines, {{label}} stands for a label's value.

    `selecting` is the expression with the places for a dashboard's matchers.
    """

    expression: str
    selecting: Selecting
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One graph. From `above` on, or down from `below`, its value is bad; `unit` is Grafana's."""

    title: str
    description: str
    unit: str
    boards: frozenset[Board]  # beside that of its service
    queries: tuple[PanelQuery, ...]
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionPanel:
    """How the value that a condition compares appears on dashboards.

    With `is_plain`, no side of its threshold is bad by itself. `zero` is PromQL
    with a value wherever there is nothing to tell while all is well.
    """

    title: str
    unit: str
    boards: frozenset[Board]
    is_plain: bool
    zero: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A figure that is watched over months; `limit` is PromQL of what it may grow to."""

    name: str
    title: str
    description: str
    unit: str
    expression: str
    limit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredMetric:
    """A metric that a service's developers must export: type, unit and meaning.

    Each label maps to what it says.
    """

    name: str
    type: str  # "counter", "gauge" or "histogram"
    unit: str
    means: str
    labels: Mapping[str, str]

    @property
    def series(self) -> tuple[str, ...]:
        """Return the names of its series."""
        if self.type == "histogram":
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_count", "_sum"))
        return (self.name,)
