"""What people answer, from whatever channel, and what an incident is after it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from router.incident.describe import one_line
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.oncall.model import PersonId
from router.phrase import joined, phrase
from router.routing import PolicyId

LONGEST_SNOOZE = timedelta(days=7)  # longer is no answer to a page: silence the alert instead
LONGEST_COMMENT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody has it: nobody else is paged."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Somebody has it, and wants to be paged anew at `until` unless it is over."""

    by: str
    until: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """Somebody says that it is over, whatever fires."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate:
    """Somebody wants the next step now."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassign:
    """Somebody gives it to another person, or to another policy."""

    by: str
    to: PersonId | PolicyId
    is_policy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """Somebody adds a row to the timeline."""

    by: str
    text: str


Answer = Acknowledge | Snooze | Resolve | Escalate | Reassign | Comment


class AnswerRefused(Exception):  # noqa: N818 - says what it is; a sentence for people
    """The answer makes no sense for this incident now. `reason` is one plain sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def answer(
    incident: Incident, given: Answer, *, now: datetime, lasts: timedelta | None = None
) -> Change:
    """Return the incident after an answer.

    `lasts` is how long an acknowledgement holds by the policy that runs (None:
    to the end). Escalate and Reassign only make the incident open to paging
    again: whom they page is the escalation's. Raises AnswerRefused.
    """
    match given:
        case Acknowledge():
            return acknowledge(incident, by=given.by, now=now, lasts=lasts)
        case Snooze():
            return _snooze(incident, given, now=now)
        case Resolve():
            return _resolve(incident, given, now=now)
        case Escalate():
            text = phrase("{by} wants the next step now.", by=_name(given.by))
            return _page_again(incident, Event(at=now, kind=EventKind.ESCALATED, text=text))
        case Reassign():
            by, to = _name(given.by), one_line(given.to)
            text = phrase("{by} gave it to {person}.", by=by, person=to)
            if given.is_policy:
                text = phrase("{by} gave it to policy {policy}.", by=by, policy=to)
            return _page_again(incident, Event(at=now, kind=EventKind.REASSIGNED, text=text))
        case Comment():
            comment = f"{_name(given.by)}: {one_line(given.text)[:LONGEST_COMMENT]}"
            event = Event(at=now, kind=EventKind.COMMENTED, text=comment)
            return Change(incident=incident, events=(event,))
        case _:
            assert_never(given)


def acknowledge(
    incident: Incident, *, by: str, now: datetime, lasts: timedelta | None = None
) -> Change:
    """Return the incident with somebody on it. `acknowledged` is set only for the first who is.

    The same person again only renews an acknowledgement that `lasts`; somebody
    else, or anybody after the end, is only a row of the timeline.
    """
    name, until = _name(by), None if lasts is None else now + lasts
    if incident.state is IncidentState.TRIGGERED:
        changed = _taken(incident, name, until, now=now)
        text = phrase("{by} acknowledged it: nobody else is paged.", by=name)
        if until is not None:
            text = phrase(
                "{by} acknowledged it: nobody else is paged until {until},"
                " unless it is over by then.",
                by=name,
                until=until,
            )
        return Change(incident=changed, events=(_acknowledged(text, now),), acknowledged=True)
    if incident.acknowledged_by == name:
        if incident.acknowledged_until is None or until is None or not incident.is_open:
            return Change(incident=incident, events=())
        renewed = replace(incident, acknowledged_until=max(until, incident.acknowledged_until))
        text = phrase("{by} acknowledged it again.", by=name)
        return Change(incident=renewed, events=(_acknowledged(text, now),))
    if incident.state is IncidentState.RESOLVED:
        text = phrase("{by} acknowledged it after it was resolved.", by=name)
    else:
        first = incident.acknowledged_by or ""
        text = phrase("{by} acknowledged it too; {first} was first.", by=name, first=first)
    return Change(incident=incident, events=(_acknowledged(text, now),))


def without_acknowledgement(incident: Incident) -> Incident:
    """Return the incident open to paging again."""
    return replace(
        incident,
        state=IncidentState.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_until=None,
    )


def _snooze(incident: Incident, given: Snooze, *, now: datetime) -> Change:
    _refuse_closed(incident)
    if not now < given.until <= now + LONGEST_SNOOZE:
        days = LONGEST_SNOOZE.days
        raise AnswerRefused(
            phrase("A snooze ends in the future, at most {days} days from now.", days=days)
        )
    name = _name(given.by)
    text = phrase(
        "{by} snoozed it until {until}: nobody is paged before.", by=name, until=given.until
    )
    return Change(
        incident=_taken(incident, name, given.until, now=now),
        events=(Event(at=now, kind=EventKind.SNOOZED, text=text),),
        acknowledged=incident.state is IncidentState.TRIGGERED,
    )


def _resolve(incident: Incident, given: Resolve, *, now: datetime) -> Change:
    name = _name(given.by)
    if not incident.is_open:
        text = phrase("{by} resolved it too; it was over already.", by=name)
        event = Event(at=now, kind=EventKind.RESOLVED, text=text)
        return Change(incident=incident, events=(event,))
    text = phrase("{by} resolved it by hand.", by=name)
    if firing := len(incident.firing):
        goes_on = phrase(
            "Still firing: {count}. That opens no new incident before it is repeated.",
            count=firing,
        )
        text = joined(text, goes_on)
    closed = replace(
        incident,
        state=IncidentState.RESOLVED,
        resolved_at=now,
        resolved_by=name,
        acknowledged_until=None,
        closes_at=None,
    )
    event = Event(at=now, kind=EventKind.RESOLVED, text=text)
    return Change(incident=closed, events=(event,), resolved=True)


def _page_again(incident: Incident, event: Event) -> Change:
    _refuse_closed(incident)
    return Change(incident=without_acknowledgement(incident), events=(event,))


def _refuse_closed(incident: Incident) -> None:
    if not incident.is_open:
        raise AnswerRefused(
            phrase(
                "Incident {number} is resolved: there is nobody to page.",
                number=incident.stored_number,
            )
        )


def _taken(incident: Incident, name: str, until: datetime | None, *, now: datetime) -> Incident:
    first = incident.acknowledged_at or now
    return replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_at=first if incident.acknowledged_by == name else now,
        acknowledged_by=name,
        acknowledged_until=until,
    )


def _acknowledged(text: str, now: datetime) -> Event:
    return Event(at=now, kind=EventKind.ACKNOWLEDGED, text=text)


def _name(by: str) -> str:
    return one_line(by) or "somebody"
