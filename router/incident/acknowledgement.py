"""Who has an incident, and until when: acknowledged, or snoozed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from router.incident.again import said_by
from router.incident.answerer import is_same_person, speaker
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.phrase import Phrase, joined, phrase


def acknowledge(
    incident: Incident,
    *,
    by: str,
    now: datetime,
    lasts: timedelta | None = None,
    is_snoozed: bool = False,
) -> Change:
    """Return the incident with somebody on it. `acknowledged` is set only for the first who is.

    The same person again renews what `lasts`, or acknowledges what they had
    snoozed. Somebody else leaves it to the first, until the later of both ends,
    but never ends a snooze (`is_snoozed`): the first asked to be woken then.
    After the incident's end, it is only a row of the timeline.
    """
    by, until = speaker(by), None if lasts is None else now + lasts
    if not incident.is_open:
        text = phrase("{by} acknowledged it after it was resolved.", by=by)
        return Change(incident=incident, events=(_acknowledged(text, now),), already=True)
    first = _holder(incident, now=now)
    if first is not None and not is_same_person(first, by):
        if is_snoozed and incident.acknowledged_until is not None:
            return _acknowledge_snoozed(incident, by, first, incident.acknowledged_until, now=now)
        return _acknowledge_too(incident, by, first, until, now=now)
    if first is not None and incident.acknowledged_until is None and until is None:
        return Change(incident=incident, events=())
    text = phrase("{by} acknowledged it: nobody else is paged.", by=by)
    if until is not None:
        text = phrase(
            "{by} acknowledged it: nobody else is paged until {until}, unless it is over by then.",
            by=by,
            until=until,
        )
    return Change(
        incident=_taken(incident, by, until, now=now),
        events=(_acknowledged(text, now),),
        acknowledged=incident.state is IncidentState.TRIGGERED,
    )


def _acknowledge_too(
    incident: Incident, by: str, first: str, until: datetime | None, *, now: datetime
) -> Change:
    """Return it with whom had it first, until the later of both ends."""
    text = phrase("{by} acknowledged it too; {first} was first.", by=by, first=first)
    ends_at = incident.acknowledged_until
    if ends_at is not None and until is None:
        text = joined(text, phrase("Nobody else is paged."))
        incident = replace(incident, acknowledged_until=None)
    elif ends_at is not None and until is not None and until > ends_at:
        longer = phrase(
            "Nobody else is paged until {until}, unless it is over by then.", until=until
        )
        text = joined(text, longer)
        incident = replace(incident, acknowledged_until=until)
    return Change(incident=incident, events=(_acknowledged(text, now),), already=True)


def _acknowledge_snoozed(
    incident: Incident, by: str, first: str, until: datetime, *, now: datetime
) -> Change:
    """Return it as who has it snoozed it."""
    text = phrase(
        "{by} acknowledged it too; {first} has it snoozed until {until}, and that stays as it is.",
        by=by,
        first=first,
        until=until,
    )
    return Change(incident=incident, events=(_acknowledged(text, now),), already=True)


def snooze(incident: Incident, *, by: str, now: datetime, until: datetime) -> Change:
    """Return the incident with somebody on it who is paged anew at `until`.

    Of what somebody else has, it is only a row of the timeline.
    """
    first = _holder(incident, now=now)
    if first is not None and not is_same_person(first, by):
        text = phrase(
            "{by} snoozed it until {until}; {first} has it, and that stays as it is.",
            by=by,
            until=until,
            first=first,
        )
        event = Event(at=now, kind=EventKind.SNOOZED, text=text)
        return Change(incident=incident, events=(event,), already=True)
    text = phrase("{by} snoozed it until {until}: nobody is paged before.", by=by, until=until)
    return Change(
        incident=_taken(incident, by, until, now=now),
        events=(Event(at=now, kind=EventKind.SNOOZED, text=text),),
        acknowledged=incident.state is IncidentState.TRIGGERED,
    )


def tells_longer(event: Event) -> bool:
    """Say whether a row tells of somebody who has it too, and longer than the first."""
    if event.kind is not EventKind.ACKNOWLEDGED or not isinstance(event.text, Phrase):
        return False
    return len(event.text.parts) > 1


def without_acknowledgement(incident: Incident) -> Incident:
    """Return the incident open to paging again."""
    return replace(
        incident,
        state=IncidentState.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_until=None,
    )


def snoozed_at(incident: Incident, timeline: Sequence[Event]) -> datetime | None:
    """Return when who has it snoozed it; None when they acknowledged it since, or only that."""
    holder = incident.acknowledged_by
    kinds = (EventKind.ACKNOWLEDGED, EventKind.SNOOZED)
    said = (one for one in reversed(timeline) if one.kind in kinds and not _tells_kept(one))
    last = next((one for one in said if is_same_person(said_by(one), holder)), None)
    return last.at if last is not None and last.kind is EventKind.SNOOZED else None


def keep_snoozed(incident: Incident, *, by: str, now: datetime) -> Change:
    """Return the incident as it is: its holder means no end of the snooze by that."""
    return Change(incident=incident, events=(_acknowledged(_kept(by), now),))


def _kept(by: str) -> Phrase:
    return phrase("{by} acknowledged it, and the snooze holds.", by=by)


def _tells_kept(event: Event) -> bool:
    template = _kept("").parts[0].template
    return isinstance(event.text, Phrase) and event.text.parts[0].template == template


def _holder(incident: Incident, *, now: datetime) -> str | None:
    """Return who has it; None for whose time is over, though nobody has looked since."""
    until = incident.acknowledged_until
    if incident.state is not IncidentState.ACKNOWLEDGED or (until is not None and until <= now):
        return None
    return incident.acknowledged_by or ""


def _taken(incident: Incident, name: str, until: datetime | None, *, now: datetime) -> Incident:
    first = incident.acknowledged_at or now
    return replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_at=first if is_same_person(incident.acknowledged_by, name) else now,
        acknowledged_by=name,
        acknowledged_until=until,
    )


def _acknowledged(text: str, now: datetime) -> Event:
    return Event(at=now, kind=EventKind.ACKNOWLEDGED, text=text)
