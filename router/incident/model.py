"""What people handle: an incident, its alerts and its timeline, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from guardia.severity import Severity


class IncidentState(StrEnum):
    """Where an incident stands. Resolved is final: what fires later is a new incident."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAlert:
    """One alert as last seen in an incident, keyed by its fingerprint."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    firing: bool
    starts_at: datetime  # UTC
    ended_at: datetime | None  # UTC; None while it fires
    generator_url: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One episode of trouble.

    `number` is the short human number the store gives (None before it is
    stored). `key` is what later notifications of the same group find it by.
    `severity` is the worst firing alert's; the last known one once none fires.
    """

    number: int | None
    key: str
    state: IncidentState
    severity: Severity
    alerts: Mapping[str, IncidentAlert]  # by fingerprint
    opened_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Say whether people still have to care."""
        return self.state is not IncidentState.RESOLVED


class EventKind(StrEnum):
    """What a row of the timeline tells; a closed list, since people filter by it."""

    OPENED = "opened"
    ALERT_FIRING = "alert_firing"
    ALERT_RESOLVED = "alert_resolved"
    SEVERITY_ROSE = "severity_rose"
    SEVERITY_FELL = "severity_fell"
    ROUTED = "routed"
    PAGED = "paged"
    NOBODY_TO_PAGE = "nobody_to_page"
    ESCALATION_ENDED = "escalation_ended"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    MESSAGE_SENT = "message_sent"
    MESSAGE_FAILED = "message_failed"
    MESSAGE_DROPPED = "message_dropped"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of an incident's timeline."""

    at: datetime
    kind: EventKind
    text: str  # one plain sentence for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a notification or a person did to an incident: the new value and what to tell."""

    incident: Incident
    events: tuple[Event, ...]
    opened: bool = False
    severity_rose: bool = False
    newly_firing: bool = False  # an alert fires that did not before
    newly_ended: bool = False  # an alert ended, others may go on
    acknowledged: bool = False
    resolved: bool = False
