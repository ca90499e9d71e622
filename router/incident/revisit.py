"""What time alone does to an incident: acknowledgements end, and so does what is held open."""

from dataclasses import replace
from datetime import datetime

from router.incident.acknowledgement import without_acknowledgement
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.phrase import phrase


def revisit(incident: Incident, *, now: datetime, wakes: bool = True) -> Change | None:
    """Return what is due at `now`; None when nothing is.

    `wakes`: a policy pages people for what fires.
    """
    if not incident.is_open:
        return None
    if incident.closes_at is not None and incident.closes_at <= now:
        return _close(incident, now=now)
    ends_at = incident.acknowledged_until
    if incident.state is IncidentState.ACKNOWLEDGED and ends_at is not None and ends_at <= now:
        by = incident.acknowledged_by or ""
        text = phrase("The acknowledgement of {by} has ended: people are paged.", by=by)
        if not wakes:
            text = phrase(
                "The acknowledgement of {by} has ended:"
                " no route wakes people for it any more, so nobody is paged.",
                by=by,
            )
        event = Event(at=now, kind=EventKind.ACKNOWLEDGEMENT_ENDED, text=text)
        return Change(incident=without_acknowledgement(incident), events=(event,), pages_anew=True)
    return None


def _close(incident: Incident, *, now: datetime) -> Change:
    closed = replace(
        incident,
        state=IncidentState.RESOLVED,
        resolved_at=now,
        closes_at=None,
        acknowledged_until=None,
    )
    text = phrase("Nothing fires any more: resolved.")
    event = Event(at=now, kind=EventKind.RESOLVED, text=text)
    return Change(incident=closed, events=(event,), resolved=True)
