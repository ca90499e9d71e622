"""Whom an incident wakes now, and when it wakes the next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from router.address import Address
from router.escalation.awake import NOBODY, Awake
from router.escalation.model import Decision, Escalation, Page, Policy, Step
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.oncall.model import PersonId, Roster, Schedule, Shift, is_service
from router.oncall.shifts import on_call
from router.phrase import Phrase, joined, listed, phrase
from router.routing import PolicyId

_GIVEN: Final = " (given to "  # no id of a catalog has a blank


def start(policy: Policy, *, catalog_version: str, now: datetime) -> Escalation:
    """Return an escalation whose first step is due now."""
    return Escalation(policy=policy, catalog_version=catalog_version, next_step=0, due_at=now)


def stop(escalation: Escalation) -> Escalation:
    """Return the escalation with nothing due any more."""
    return replace(escalation, due_at=None, remaining=None)


def pause(escalation: Escalation, *, retake: bool, now: datetime) -> Escalation:
    """Return the escalation with nothing due, which goes on with what it had still to wait.

    `retake`: a page of the step it has taken last was not accepted yet, and
    is dropped; then that step is the next, at once when it goes on. One that
    has ended stays so, unless its last resort is to be taken again.
    """
    if retake:
        ended = escalation.due_at is None
        last = escalation.policy.turns if ended else max(escalation.next_step - 1, 0)
        return replace(escalation, next_step=last, due_at=None, remaining=timedelta())
    if escalation.due_at is None:
        return escalation
    left = max(escalation.due_at - now, timedelta())
    return replace(escalation, due_at=None, remaining=left)


def resume(escalation: Escalation, *, now: datetime) -> Escalation:
    """Return a paused escalation at work again; any other as it is."""
    if escalation.remaining is None:
        return escalation
    return replace(escalation, due_at=now + escalation.remaining, remaining=None)


def hasten(escalation: Escalation, *, now: datetime) -> Escalation | None:
    """Return the escalation with its next step due now; None when its last resort is taken."""
    running = escalation.due_at is not None or escalation.remaining is not None
    if not running and escalation.next_step >= escalation.policy.turns:
        return None
    return replace(escalation, due_at=now, remaining=None)


def reassigned(policy: Policy, to: PersonId, *, wait: timedelta) -> Policy:
    """Return a policy that pages one person, and after `wait` whom the policy's end does."""
    step = Step(schedules=(), people=(to,), wait=wait)
    name = policy.id.partition(_GIVEN)[0]  # it may have been given to others before
    return replace(policy, id=PolicyId(f"{name}{_GIVEN}{to})"), steps=(step,), repeat=0, given=True)


def policy_name(policy: Policy) -> str:
    """Return what people call a policy, also one that was made to page one person."""
    name, _, to = policy.id.partition(_GIVEN)
    if not to:
        return name
    return phrase("{policy} (given to {person})", policy=name, person=to.removesuffix(")"))


def decide(
    escalation: Escalation,
    incident: Incident,
    roster: Roster,
    *,
    now: datetime,
    awake: Awake = NOBODY,
) -> Decision:
    """Return the pages that are due, and the escalation that follows.

    One step is due at a time. A step that reaches nobody moves on at once, in
    this same decision, down to the last resort (G7). The next step is due
    `wait` after the pages of this one, so a late decision gives everybody the
    whole time to answer. An incident that somebody has, or that is over,
    stops the escalation without a page. The last resort rings also who is
    `awake`: nobody comes after it.
    """
    if incident.state is not IncidentState.TRIGGERED:
        return Decision(escalation=stop(escalation), pages=(), events=())
    if escalation.due_at is None or escalation.due_at > now:
        return Decision(escalation=escalation, pages=(), events=())
    taken = _Taken(events=[], channels=[])
    for number in range(escalation.next_step, escalation.policy.turns + 1):
        turn = _Turn(policy=escalation.policy, number=number)
        spared = NOBODY if turn.is_last else awake
        pages, reasons = _reach(turn, roster, now=now, awake=spared)
        taken.channels.extend(turn.step.channels)
        if reasons or not (pages or turn.only_informs):
            missed = listed(*reasons, by="; ") if reasons else phrase("it names nobody")
            text = phrase(
                "{step} does not reach everybody: {reasons}.", step=turn.name, reasons=missed
            )
            taken.events.append(Event(at=now, kind=EventKind.NOBODY_TO_PAGE, text=text))
        if pages or turn.only_informs:
            taken.events.extend(_paged(page, roster, now=now) for page in pages)
            taken.events.extend(_informed(turn, now=now))
            return _after(turn, escalation, pages, taken, now=now)
    return _ended(escalation, (), taken, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What the steps of one decision tell, also those that reach nobody."""

    events: list[Event]
    channels: list[Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One step at its place in a policy."""

    policy: Policy
    number: int  # counted through the repetitions; policy.turns is the last resort

    @property
    def is_last(self) -> bool:
        return self.number == self.policy.turns

    @property
    def step(self) -> Step:
        steps = self.policy.steps
        return self.policy.last_resort if self.is_last else steps[self.number % len(steps)]

    @property
    def only_informs(self) -> bool:
        """Say whether the step is written to wake nobody, only to tell channels."""
        return bool(self.step.channels) and not self.step.schedules and not self.step.people

    @property
    def key(self) -> str:
        return "last" if self.is_last else str(self.number + 1)

    @property
    def name(self) -> Phrase:
        policy = policy_name(self.policy)
        if self.is_last:
            return phrase("Last resort of policy {policy}", policy=policy)
        again, step = divmod(self.number, len(self.policy.steps))
        name = phrase("Step {step} of policy {policy}", step=step + 1, policy=policy)
        return joined(name, phrase("(repetition {number})", number=again) if again else "")


def _reach(
    turn: _Turn, roster: Roster, *, now: datetime, awake: Awake
) -> tuple[tuple[Page, ...], list[str]]:
    """Return one page a person whom the step reaches, and why it does not reach the others."""
    pages: dict[PersonId, Page] = {}
    reasons = []
    for person, because in _chosen(turn, roster, now=now):
        known = roster.people.get(person) if person is not None else None
        if known is None or not known.addresses:
            name = known.name if known is not None else person
            unreachable = phrase("{person} has no address for pages", person=name or "")
            reasons.append(because if person is None else unreachable)
        elif known.id not in pages:
            quiet = awake.address_for(known, now=now)
            pages[known.id] = Page(
                person=known.id,
                address=known.addresses[0] if quiet is None else quiet,
                step=turn.key,
                because=because,
                is_quiet=quiet is not None,
            )
    return tuple(pages.values()), reasons


def _chosen(turn: _Turn, roster: Roster, *, now: datetime) -> Iterator[tuple[PersonId | None, str]]:
    """Yield each person the step names and the sentence that says why (G11); None for nobody."""
    for schedule_id in turn.step.schedules:
        schedule = roster.schedules.get(schedule_id)
        shift = on_call(schedule, now) if schedule is not None else None
        if schedule is None or shift is None:
            yield None, phrase("schedule {schedule} has nobody on call", schedule=schedule_id)
        else:
            yield shift.person, _shift_reason(turn, schedule, shift, roster)
    for person in turn.step.people:
        name = _name(person, roster)
        because = phrase("{step} names {person}.", step=turn.name, person=name)
        if is_service(person):
            because = phrase("The escalation is left to {service}.", service=name)
        yield person, because


def _shift_reason(turn: _Turn, schedule: Schedule, shift: Shift, roster: Roster) -> Phrase:
    return phrase(
        "{step} pages schedule {schedule}: {person} has the shift"
        " from {starts_at} to {ends_at} ({because}).",
        step=turn.name,
        schedule=schedule.id,
        person=_name(shift.person, roster),
        starts_at=shift.starts_at.astimezone(schedule.zone),
        ends_at=shift.ends_at.astimezone(schedule.zone),
        because=shift.because,
    )


def _name(person: PersonId, roster: Roster) -> str:
    known = roster.people.get(person)
    return known.name if known is not None else person


def _paged(page: Page, roster: Roster, *, now: datetime) -> Event:
    if page.is_quiet:
        text = phrase(
            "{person} is awake: told by {channel} instead of a page. {because}",
            person=_name(page.person, roster),
            channel=page.address.channel,
            because=page.because,
        )
        return Event(at=now, kind=EventKind.PAGED, text=text)
    text = phrase(
        "Page to {person} by {channel}: {because}",
        person=_name(page.person, roster),
        channel=page.address.channel,
        because=page.because,
    )
    return Event(at=now, kind=EventKind.PAGED, text=text)


def _informed(turn: _Turn, *, now: datetime) -> Iterator[Event]:
    if turn.only_informs:
        told = ", ".join(f"{one.channel} {one.address}" for one in turn.step.channels)
        text = phrase("{step} informs {channels}.", step=turn.name, channels=told)
        yield Event(at=now, kind=EventKind.ROUTED, text=text)


def _after(
    turn: _Turn,
    escalation: Escalation,
    pages: tuple[Page, ...],
    taken: _Taken,
    *,
    now: datetime,
) -> Decision:
    if turn.is_last:
        return _ended(escalation, pages, taken, now=now)
    following = replace(escalation, next_step=turn.number + 1, due_at=now + turn.step.wait)
    return Decision(
        escalation=following,
        pages=pages,
        events=tuple(taken.events),
        channels=tuple(dict.fromkeys(taken.channels)),
    )


def _ended(
    escalation: Escalation, pages: tuple[Page, ...], taken: _Taken, *, now: datetime
) -> Decision:
    text = phrase(
        "The escalation of policy {policy} has ended: nobody is left to page.",
        policy=policy_name(escalation.policy),
    )
    if any(is_service(page.person) for page in pages):
        text = phrase("PagerDuty escalates it from here.")
    ended = Event(at=now, kind=EventKind.ESCALATION_ENDED, text=text)
    last = replace(stop(escalation), next_step=escalation.policy.turns)
    return Decision(
        escalation=last,
        pages=pages,
        events=(*taken.events, ended),
        channels=tuple(dict.fromkeys(taken.channels)),
    )
