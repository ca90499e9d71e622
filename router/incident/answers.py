"""What people answer, from whatever channel, and what an incident is after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from router.incident.acknowledgement import (
    acknowledge,
    keep_snoozed,
    snooze,
    snoozed_at,
    without_acknowledgement,
)
from router.incident.again import (
    escalated_again,
    given_again,
    given_to_policy_again,
    is_again,
)
from router.incident.answerer import is_same_person, speaker
from router.incident.describe import one_line
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.oncall.model import PersonId
from router.phrase import Phrase, joined, phrase
from router.routing import PolicyId

LONGEST_SNOOZE = timedelta(days=7)  # longer is no answer to a page: silence the alert instead
LONGEST_COMMENT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody has it: nobody else is paged. Of what is told late, `at` says when that was."""

    by: str
    at: datetime | None = None  # UTC; None: now
    of_digest: bool = False  # by resolving a page that tells several incidents, unread


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The incident after an answer, and whether that came second (see Change.already)."""

    incident: Incident
    already: bool


def answer(
    incident: Incident,
    given: Answer,
    *,
    now: datetime,
    lasts: timedelta | None = None,
    timeline: Sequence[Event] = (),
) -> Change:
    """Return the incident after an answer.

    `lasts` is how long an acknowledgement holds by the policy that runs (None:
    to the end). Escalate and Reassign only make the incident open to paging
    again: whom they page is the escalation's; by the `timeline` the same wish
    again within moments is only a row of it. Raises AnswerRefused.
    """
    match given:
        case Acknowledge():
            return _acknowledge(incident, given, timeline, now=now, lasts=lasts)
        case Snooze():
            return _snooze(incident, given, now=now)
        case Resolve():
            return _resolve(incident, given, now=now)
        case Escalate() | Reassign():
            return _page_again(incident, given, timeline, now=now)
        case Comment():
            comment = f"{speaker(given.by)}: {one_line(given.text)[:LONGEST_COMMENT]}"
            event = Event(at=now, kind=EventKind.COMMENTED, text=comment)
            return Change(incident=incident, events=(event,))
        case _:
            assert_never(given)


def _acknowledge(
    incident: Incident,
    given: Acknowledge,
    timeline: Sequence[Event],
    *,
    now: datetime,
    lasts: timedelta | None,
) -> Change:
    """Return it with somebody on it; a snooze is ended only by who asked for it, and after it."""
    by, snoozed = speaker(given.by), snoozed_at(incident, timeline)
    if snoozed is not None and is_same_person(incident.acknowledged_by, by):
        unaware = given.of_digest or (given.at is not None and given.at < snoozed)
        if unaware and incident.is_open:
            return keep_snoozed(incident, by=by, now=now)
    is_snoozed = snoozed is not None
    return acknowledge(incident, by=by, now=now, lasts=lasts, is_snoozed=is_snoozed)


def _snooze(incident: Incident, given: Snooze, *, now: datetime) -> Change:
    _refuse_closed(incident)
    if not now < given.until <= now + LONGEST_SNOOZE:
        days = LONGEST_SNOOZE.days
        raise AnswerRefused(
            phrase("A snooze ends in the future, at most {days} days from now.", days=days)
        )
    return snooze(incident, by=speaker(given.by), now=now, until=given.until)


def _resolve(incident: Incident, given: Resolve, *, now: datetime) -> Change:
    name = speaker(given.by)
    if not incident.is_open:
        text = phrase("{by} resolved it too; it was over already.", by=name)
        if is_same_person(incident.resolved_by, name):
            text = phrase("{by} resolved it once more; it was over already.", by=name)
        event = Event(at=now, kind=EventKind.RESOLVED, text=text)
        return Change(incident=incident, events=(event,), already=True)
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


def _page_again(
    incident: Incident, given: Escalate | Reassign, timeline: Sequence[Event], *, now: datetime
) -> Change:
    _refuse_closed(incident)
    wish, again = _wish(given, now=now)
    if is_again(wish, incident, timeline):
        told = Event(at=now, kind=EventKind.COMMENTED, text=again)
        return Change(incident=incident, events=(told,), already=True)
    return Change(incident=without_acknowledgement(incident), events=(wish,))


def _wish(given: Escalate | Reassign, *, now: datetime) -> tuple[Event, Phrase]:
    """Return the row of who is to be paged, and what it says when that is asked for twice."""
    by = speaker(given.by)
    if isinstance(given, Escalate):
        text = phrase("{by} wants the next step now.", by=by)
        return Event(at=now, kind=EventKind.ESCALATED, text=text), escalated_again(by)
    to = one_line(given.to)
    text, again = phrase("{by} gave it to {person}.", by=by, person=to), given_again(by, to)
    if given.is_policy:
        text = phrase("{by} gave it to policy {policy}.", by=by, policy=to)
        again = given_to_policy_again(by, to)
    return Event(at=now, kind=EventKind.REASSIGNED, text=text), again


def _refuse_closed(incident: Incident) -> None:
    if not incident.is_open:
        raise AnswerRefused(
            phrase(
                "Incident {number} is resolved: there is nobody to page.",
                number=incident.stored_number,
            )
        )
