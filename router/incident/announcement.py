"""An announcement takes the road of all messages, which belong to an incident: one that is over."""

from datetime import datetime
from typing import Final

from guardia.severity import Severity
from router.incident.model import Change, Event, EventKind, Incident, IncidentAlert, IncidentState

ANNOUNCEMENT: Final = "GuardiaOverride"
KEYS: Final = "guardia/"  # what keys of announcements begin with: no group's of Alertmanager does


def carry_announcement(text: str, *, subject: str, by: str, now: datetime) -> Change:
    """Return an incident that was over when it began: it wakes nobody, and is found in history.

    `subject` names what is announced; two announcements may be of the same.
    """
    alert = IncidentAlert(
        fingerprint=f"{KEYS}{subject}",
        labels={"alertname": ANNOUNCEMENT, "severity": Severity.LOW.value},
        annotations={"summary": str(text)},
        firing=False,
        starts_at=now,
        ended_at=now,
        generator_url="",
        severity=Severity.LOW,
    )
    incident = Incident(
        number=None,
        key=f"{KEYS}{subject}",
        state=IncidentState.RESOLVED,
        severity=Severity.LOW,
        alerts={alert.fingerprint: alert},
        opened_at=now,
        resolved_at=now,
        resolved_by=by,
    )
    event = Event(at=now, kind=EventKind.RESOLVED, text=text)
    return Change(incident=incident, events=(event,), opened=True, resolved=True)
