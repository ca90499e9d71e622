"""When what fires is the trouble that was, and when an end is believed (decision 22)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from router.incident.model import Event, EventKind, Incident, IncidentAlert, IncidentState
from router.phrase import phrase

NEVER: Final = timedelta()
FLAPPING_FROM: Final = 2  # reopenings after which an end is not believed at once


def is_same_trouble(
    incident: Incident, told: Mapping[str, IncidentAlert], *, now: datetime, within: timedelta
) -> bool:
    """Say whether what fires now is the trouble that ended a moment ago.

    Whoever resolved it by hand said that it is over: what comes then is new.
    """
    if incident.resolved_at is None or incident.resolved_by is not None:
        return False
    return now - incident.resolved_at < within and any(alert.firing for alert in told.values())


def is_taken(
    incident: Incident, started: Sequence[IncidentAlert], *, now: datetime, within: timedelta
) -> bool:
    """Say whether all that fires anew was going on while somebody had it, and ended just now.

    So whoever has it has that too: an alert that flaps above a milder one that
    stays does not wake them at each turn. Of what we know only the end, nobody
    was ever told.
    """
    taken_at = incident.acknowledged_at
    if taken_at is None or not started:
        return False
    return all(
        (known := incident.alerts.get(alert.fingerprint)) is not None
        and known.seen_at is not None
        and known.ended_at is not None
        and taken_at <= known.ended_at
        and now - known.ended_at < within
        for alert in started
    )


def lay_still(incident: Incident, *, now: datetime, within: timedelta) -> bool:
    """Say whether it is open only for what was cut off, and nothing known has fired for a while.

    Whoever had it then has not got what fires now. One that is held open is
    so that nobody is woken.
    """
    if incident.firing or incident.closes_at is not None:
        return False
    ends = [alert.ended_at for alert in incident.alerts.values() if alert.ended_at is not None]
    return bool(ends) and now - max(ends) >= within


def is_another(incident: Incident, started: Sequence[IncidentAlert]) -> bool:
    """Say whether what fires in an incident that is held open is not what flaps.

    Had its end been believed, that would reopen it: so it pages anew as well.
    """
    if incident.closes_at is None:
        return False
    known = (incident.alerts.get(alert.fingerprint) for alert in started)
    return any(one is None or one.seen_at is None for one in known)


def end(incident: Incident, *, now: datetime, hold: timedelta) -> tuple[Incident, list[Event]]:
    """Return the incident over; one that flaps is held open, so that its next start pages nobody.

    One that is held already stays so, whatever repeats the end.
    """
    if incident.closes_at is not None:
        return incident, []
    if incident.reopened < FLAPPING_FROM or hold <= NEVER:
        over = replace(
            incident, state=IncidentState.RESOLVED, resolved_at=now, acknowledged_until=None
        )
        text = phrase("No alert fires any more: resolved.")
        return over, [Event(at=now, kind=EventKind.RESOLVED, text=text)]
    text = phrase(
        "No alert fires any more. It has come back {times} times, so it stays open"
        " until nothing has fired for {hold}.",
        times=incident.reopened,
        hold=hold,
    )
    held = replace(incident, closes_at=now + hold)
    return held, [Event(at=now, kind=EventKind.HELD_OPEN, text=text)]
