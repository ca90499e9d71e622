"""Rules as Prometheus reads them, before they become YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """Store an expression's result as a new series."""

    record: str
    expression: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingRule:
    """Alert for each result of an expression that holds for `holds_for`.

    Annotations are Go templates of Prometheus.
    """

    alert: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    holds_for: timedelta | None = None
    keep_firing_for: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules evaluated one after the other, every `interval`."""

    name: str
    interval: timedelta
    rules: tuple[RecordingRule | AlertingRule, ...]
