"""Whom an incident wakes now, and when it wakes the next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.address import Address
from router.escalation.model import Decision, Escalation, Page, Policy, Step
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.oncall.model import PersonId, Roster, Schedule, Shift, is_service
from router.oncall.shifts import on_call
from router.routing import PolicyId


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
    name = policy.id.partition(" (")[0]  # it may have been given to others before
    return replace(
        policy, id=PolicyId(f"{name} (given to {to})"), steps=(step,), repeat=0, given=True
    )


def decide(
    escalation: Escalation, incident: Incident, roster: Roster, *, now: datetime
) -> Decision:
    """Return the pages that are due, and the escalation that follows.

    One step is due at a time. A step that reaches nobody moves on at once, in
    this same decision, down to the last resort (G7). The next step is due
    `wait` after the pages of this one, so a late decision gives everybody the
    whole time to answer. An incident that somebody has, or that is over,
    stops the escalation without a page.
    """
    if incident.state is not IncidentState.TRIGGERED:
        return Decision(escalation=stop(escalation), pages=(), events=())
    if escalation.due_at is None or escalation.due_at > now:
        return Decision(escalation=escalation, pages=(), events=())
    taken = _Taken(events=[], channels=[])
    for number in range(escalation.next_step, escalation.policy.turns + 1):
        turn = _Turn(policy=escalation.policy, number=number)
        pages, reasons = _reach(turn, roster, now=now)
        taken.channels.extend(turn.step.channels)
        if reasons or not (pages or turn.only_informs):
            missed = "; ".join(reasons) or "it names nobody"
            text = f"{turn.name} does not reach everybody: {missed}."
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
    def name(self) -> str:
        if self.is_last:
            return f"Last resort of policy {self.policy.id}"
        again, step = divmod(self.number, len(self.policy.steps))
        repeated = f" (repetition {again})" if again else ""
        return f"Step {step + 1} of policy {self.policy.id}{repeated}"


def _reach(turn: _Turn, roster: Roster, *, now: datetime) -> tuple[tuple[Page, ...], list[str]]:
    """Return one page a person whom the step reaches, and why it does not reach the others."""
    pages: dict[PersonId, Page] = {}
    reasons = []
    for person, because in _chosen(turn, roster, now=now):
        known = roster.people.get(person) if person is not None else None
        if known is None or not known.addresses:
            name = known.name if known is not None else person
            reasons.append(because if person is None else f"{name} has no address for pages")
        elif known.id not in pages:
            pages[known.id] = Page(
                person=known.id, address=known.addresses[0], step=turn.key, because=because
            )
    return tuple(pages.values()), reasons


def _chosen(turn: _Turn, roster: Roster, *, now: datetime) -> Iterator[tuple[PersonId | None, str]]:
    """Yield each person the step names and the sentence that says why (G11); None for nobody."""
    for schedule_id in turn.step.schedules:
        schedule = roster.schedules.get(schedule_id)
        shift = on_call(schedule, now) if schedule is not None else None
        if schedule is None or shift is None:
            yield None, f"schedule {schedule_id} has nobody on call"
        else:
            yield shift.person, _shift_reason(turn, schedule, shift, roster)
    for person in turn.step.people:
        name = _name(person, roster)
        left = f"The escalation is left to {name}."
        yield person, left if is_service(person) else f"{turn.name} names {name}."


def _shift_reason(turn: _Turn, schedule: Schedule, shift: Shift, roster: Roster) -> str:
    zone = schedule.zone
    starts_at, ends_at = (
        f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (shift.starts_at, shift.ends_at)
    )
    return (
        f"{turn.name} pages schedule {schedule.id}: {_name(shift.person, roster)} has the shift"
        f" from {starts_at} to {ends_at} {zone.key} ({shift.because})."
    )


def _name(person: PersonId, roster: Roster) -> str:
    known = roster.people.get(person)
    return known.name if known is not None else person


def _paged(page: Page, roster: Roster, *, now: datetime) -> Event:
    text = f"Page to {_name(page.person, roster)} by {page.address.channel}: {page.because}"
    return Event(at=now, kind=EventKind.PAGED, text=text)


def _informed(turn: _Turn, *, now: datetime) -> Iterator[Event]:
    if turn.only_informs:
        told = ", ".join(f"{one.channel} {one.address}" for one in turn.step.channels)
        yield Event(at=now, kind=EventKind.ROUTED, text=f"{turn.name} informs {told}.")


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
    text = f"The escalation of policy {escalation.policy.id} has ended: nobody is left to page."
    if any(is_service(page.person) for page in pages):
        text = "PagerDuty escalates it from here."
    ended = Event(at=now, kind=EventKind.ESCALATION_ENDED, text=text)
    last = replace(stop(escalation), next_step=escalation.policy.turns)
    return Decision(
        escalation=last,
        pages=pages,
        events=(*taken.events, ended),
        channels=tuple(dict.fromkeys(taken.channels)),
    )
