"""Whom an incident wakes now, and when it wakes the next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from router.address import Address
from router.escalation.awake import NOBODY, Awake
from router.escalation.given import policy_name
from router.escalation.model import Asked, Decision, Escalation, Page, Policy
from router.escalation.turn import Turn, reach
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.oncall.model import Roster, is_service
from router.phrase import listed, phrase

NOBODY_ASKED: Final = Asked()


def start(policy: Policy, *, catalog_version: str, now: datetime) -> Escalation:
    """Return an escalation whose first step is due now."""
    return Escalation(policy=policy, catalog_version=catalog_version, next_step=0, due_at=now)


def stop(escalation: Escalation) -> Escalation:
    """Return the escalation with nothing due any more."""
    return replace(escalation, due_at=None, remaining=None)


def pause(escalation: Escalation, *, retake: int | None, now: datetime) -> Escalation:
    """Return the escalation with nothing due, which goes on with what it had still to wait.

    `retake`: the first step of whose pages one was not accepted yet, and is
    dropped; then that step is the next, at once when it goes on. One that has
    ended stays so without it.
    """
    if retake is not None:
        return replace(escalation, next_step=retake, due_at=None, remaining=timedelta())
    if escalation.due_at is None:
        return escalation
    left = max(escalation.due_at - now, timedelta())
    return replace(escalation, due_at=None, remaining=left)


def resume(escalation: Escalation, *, now: datetime) -> Escalation:
    """Return a paused escalation at work again; any other as it is."""
    if escalation.remaining is None:
        return escalation
    return replace(escalation, due_at=now + escalation.remaining, remaining=None)


def hasten(
    escalation: Escalation, *, now: datetime, asked: Asked = NOBODY_ASKED
) -> Escalation | None:
    """Return the escalation with its next step due now; None when its last resort is taken.

    One that ended in an earlier release stands at its last resort: that it is
    taken is known by those who are `asked`.
    """
    running = escalation.due_at is not None or escalation.remaining is not None
    taken = escalation.next_step > escalation.policy.turns or bool(asked.people.get("last"))
    if not running and taken:
        return None
    return replace(escalation, due_at=now, remaining=None)


def decide(
    escalation: Escalation,
    incident: Incident,
    roster: Roster,
    *,
    now: datetime,
    awake: Awake = NOBODY,
    asked: Asked = NOBODY_ASKED,
) -> Decision:
    """Return the pages that are due, and the escalation that follows.

    One step is due at a time. A step that reaches nobody moves on at once, in
    this same decision, down to the last resort (G7). The next step is due
    `wait` after the pages of this one, so a late decision gives everybody the
    whole time to answer. An incident that somebody has, or that is over,
    stops the escalation without a page. The last resort rings also who is
    `awake`: nobody comes after it. Steps that were taken before are taken
    again together, and only for those who are not among the `asked`.
    """
    if incident.state is not IncidentState.TRIGGERED:
        return Decision(escalation=stop(escalation), pages=(), events=())
    if escalation.due_at is None or escalation.due_at > now:
        return Decision(escalation=escalation, pages=(), events=())
    taken = _Taken(pages=[], events=[], channels=[])
    taken_before = asked.last(escalation.policy)
    for number in range(escalation.next_step, escalation.policy.turns + 1):
        turn = Turn(policy=escalation.policy, number=number)
        spared = NOBODY if turn.is_last else awake
        pages, reasons = reach(turn, roster, now=now, awake=spared)
        stand = asked.people.get(turn.key, frozenset())
        taken.pages.extend(page for page in pages if page.person not in stand)
        taken.channels.extend(turn.step.channels)
        if reasons or not (pages or turn.only_informs):
            taken.events.append(_missed(turn, reasons, now=now))
        if number >= taken_before and (taken.pages or stand or turn.only_informs):
            taken.events.extend(_paged(page, roster, now=now) for page in taken.pages)
            taken.events.extend(informed(turn, now=now))
            return _after(turn, escalation, taken, now=now)
    return _ended(escalation, taken, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What the steps of one decision ask for and tell, also those that reach nobody."""

    pages: list[Page]
    events: list[Event]
    channels: list[Address]


def _missed(turn: Turn, reasons: list[str], *, now: datetime) -> Event:
    missed = listed(*reasons, by="; ") if reasons else phrase("it names nobody")
    text = phrase("{step} does not reach everybody: {reasons}.", step=turn.name, reasons=missed)
    return Event(at=now, kind=EventKind.NOBODY_TO_PAGE, text=text)


def _paged(page: Page, roster: Roster, *, now: datetime) -> Event:
    if page.is_quiet:
        text = phrase(
            "{person} is awake: told by {channel} instead of a page. {because}",
            person=roster.name_of(page.person),
            channel=page.address.channel,
            because=page.because,
        )
        return Event(at=now, kind=EventKind.PAGED, text=text)
    text = phrase(
        "Page to {person} by {channel}: {because}",
        person=roster.name_of(page.person),
        channel=page.address.channel,
        because=page.because,
    )
    return Event(at=now, kind=EventKind.PAGED, text=text)


def informed(turn: Turn, *, now: datetime) -> Iterator[Event]:
    """Yield the row of a step that only informs; nothing for any other."""
    if turn.only_informs:
        told = ", ".join(f"{one.channel} {one.address}" for one in turn.step.channels)
        text = phrase("{step} informs {channels}.", step=turn.name, channels=told)
        yield Event(at=now, kind=EventKind.ROUTED, text=text)


def _after(turn: Turn, escalation: Escalation, taken: _Taken, *, now: datetime) -> Decision:
    if turn.is_last:
        return _ended(escalation, taken, now=now)
    following = replace(escalation, next_step=turn.number + 1, due_at=now + turn.step.wait)
    return Decision(
        escalation=following,
        pages=tuple(taken.pages),
        events=tuple(taken.events),
        channels=tuple(dict.fromkeys(taken.channels)),
    )


def _ended(escalation: Escalation, taken: _Taken, *, now: datetime) -> Decision:
    text = phrase(
        "The escalation of policy {policy} has ended: nobody is left to page.",
        policy=policy_name(escalation.policy),
    )
    if any(is_service(page.person) for page in taken.pages):
        text = phrase("PagerDuty escalates it from here.")
    ended = Event(at=now, kind=EventKind.ESCALATION_ENDED, text=text)
    last = replace(stop(escalation), next_step=escalation.policy.turns + 1)
    return Decision(
        escalation=last,
        pages=tuple(taken.pages),
        events=(*taken.events, ended),
        channels=tuple(dict.fromkeys(taken.channels)),
    )
