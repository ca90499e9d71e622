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
    # When we last heard of it, to within some minutes; None: never as firing.
    seen_at: datetime | None = None
    stale: bool = False  # it fires as far as we know, and nothing repeats that any more
    listed: bool = False  # Alertmanager has listed it once, so its absence there means something
    suppressed_by: str | None = None  # the silence, or the alert, that hides it in Alertmanager


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One episode of trouble.

    `number` is the short human number the store gives (None before it is
    stored). `key` is what later notifications of the same group find it by.
    `severity` is the worst firing alert's; the last known one once none fires.
    An acknowledgement may end (`acknowledged_until`): then people are paged
    anew. Of an incident that was `reopened` often, the end is held back until
    `closes_at`.
    """

    number: int | None
    key: str
    state: IncidentState
    severity: Severity
    alerts: Mapping[str, IncidentAlert]  # by fingerprint
    opened_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_until: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None  # None: by its alerts
    reopened: int = 0
    closes_at: datetime | None = None

    @property
    def stored_number(self) -> int:
        """Return the number. Raises ValueError for one that is not stored yet."""
        if self.number is None:
            raise ValueError("an incident gets its number when it is stored")
        return self.number

    @property
    def is_open(self) -> bool:
        """Say whether people still have to care."""
        return self.state is not IncidentState.RESOLVED

    @property
    def firing(self) -> tuple[IncidentAlert, ...]:
        """Return the alerts that fire."""
        return tuple(alert for alert in self.alerts.values() if alert.firing)

    @property
    def is_quiet(self) -> bool:
        """Say whether nobody has to be woken now: nothing fires, or all that does is suppressed.

        Without a firing alert it is open for one that Alertmanager cut off, and
        that may fire: so it is only quiet while its end is held back.
        """
        if self.closes_at is not None:
            return True
        firing = self.firing
        return bool(firing) and all(alert.suppressed_by is not None for alert in firing)


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
    ACKNOWLEDGEMENT_ENDED = "acknowledgement_ended"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"  # by a person, before its time
    REASSIGNED = "reassigned"
    COMMENTED = "commented"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    HELD_OPEN = "held_open"  # flapping: its end waits
    STALE = "stale"
    SUPPRESSED = "suppressed"  # by a silence or another alert, in Alertmanager
    RELEASED = "released"
    PAUSED = "paused"  # silenced, inhibited or quiet: nobody is woken meanwhile
    RESUMED = "resumed"
    MESSAGE_SENT = "message_sent"
    MESSAGE_FAILED = "message_failed"
    MESSAGE_DROPPED = "message_dropped"
    PROVIDER = "provider"  # what happened in PagerDuty, and is no answer
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
    reopened: bool = False
    pages_anew: bool = False  # whoever was paged before, the escalation begins again
    severity_rose: bool = False
    is_taken: bool = False  # what fires anew went on while somebody had it, a moment ago
    newly_firing: bool = False  # an alert fires that did not before
    newly_ended: bool = False  # an alert ended, others may go on
    acknowledged: bool = False
    resolved: bool = False
    already: bool = False  # an answer that comes second: somebody has it, it is over, or just done
    is_visible: bool = True  # people see a difference, so what they were told is brought up to date
