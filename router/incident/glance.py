"""What a list shows of an incident: small, however many alerts it has and whatever is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guardia.severity import Severity
from router.incident.describe import incident_labels, incident_title, one_line
from router.incident.model import Incident, IncidentState

SHOWN_LENGTH: Final = 80  # of what is made of labels, in characters
_READ_LENGTH: Final = 1000  # of one label: blanks in it become one
_ROOM: Final = 2000  # characters of all labels; those of real alerts take a quarter of it


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsGlance:
    """What an incident's alerts say together."""

    title: str  # a phrase where it is ours
    labels: Mapping[str, str]  # the common ones, each as a line that may be cut
    total: int
    firing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentGlance:
    """An incident as a list shows it; the fields are those of `Incident`."""

    number: int
    state: IncidentState
    severity: Severity
    alerts: AlertsGlance
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_until: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    reopened: int
    closes_at: datetime | None


def glance_at(incident: Incident, alerts: AlertsGlance | None = None) -> IncidentGlance:
    """Return what a list shows of an incident that is stored; its own alerts, unless told."""
    return IncidentGlance(
        number=incident.stored_number,
        state=incident.state,
        severity=incident.severity,
        alerts=alerts or glance_at_alerts(incident),
        opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_until=incident.acknowledged_until,
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
        reopened=incident.reopened,
        closes_at=incident.closes_at,
    )


def glance_at_alerts(incident: Incident) -> AlertsGlance:
    """Return what an incident's alerts say together, in some thousand characters at most."""
    return AlertsGlance(
        title=incident_title(incident),
        labels=_cut(incident_labels(incident)),
        total=len(incident.alerts),
        firing=sum(alert.firing for alert in incident.alerts.values()),
    )


def _cut(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the service and, while there is room, the shortest of the others.

    Which ones are shown, the catalog says, and it may say so later; a place is short.
    One character more is kept than is shown, so that what is cut can say so.
    """
    kept: dict[str, str] = {}
    room = _ROOM
    for name in sorted(
        labels, key=lambda name: (name != "service", len(name + labels[name]), name)
    ):
        line = one_line(labels[name][:_READ_LENGTH])[: SHOWN_LENGTH + 1]
        room -= len(name) + len(line)
        if room < 0:
            break
        kept[name] = line
    return kept
