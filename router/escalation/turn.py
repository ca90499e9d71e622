"""One step at its place in a policy: what it is called, and whom it reaches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from router.escalation.awake import Awake
from router.escalation.given import NO_POLICY, policy_name, split_given
from router.escalation.model import Page, Policy, Step
from router.oncall.model import PersonId, Roster, Schedule, Shift, is_service
from router.oncall.shifts import on_call
from router.phrase import Phrase, joined, phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
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
    def is_of_no_policy(self) -> bool:
        """Say whether the step is there because somebody gave away what no policy escalates."""
        name, person = split_given(self.policy.id)
        return name == NO_POLICY and person is not None

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


def reach(
    turn: Turn, roster: Roster, *, now: datetime, awake: Awake
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


def _chosen(turn: Turn, roster: Roster, *, now: datetime) -> Iterator[tuple[PersonId | None, str]]:
    """Yield each person the step names and the sentence that says why (G11); None for nobody."""
    for schedule_id in turn.step.schedules:
        schedule = roster.schedules.get(schedule_id)
        shift = on_call(schedule, now) if schedule is not None else None
        if schedule is None or shift is None:
            yield None, phrase("schedule {schedule} has nobody on call", schedule=schedule_id)
        else:
            yield shift.person, _shift_reason(turn, schedule, shift, roster)
    for person in turn.step.people:
        name = roster.name_of(person)
        because = phrase("{step} names {person}.", step=turn.name, person=name)
        if turn.is_of_no_policy:
            because = phrase("It was given to {person}.", person=name)
        if is_service(person):
            because = phrase("The escalation is left to {service}.", service=name)
        yield person, because


def _shift_reason(turn: Turn, schedule: Schedule, shift: Shift, roster: Roster) -> Phrase:
    return phrase(
        "{step} pages schedule {schedule}: {person} has the shift"
        " from {starts_at} to {ends_at} ({because}).",
        step=turn.name,
        schedule=schedule.id,
        person=roster.name_of(shift.person),
        starts_at=shift.starts_at.astimezone(schedule.zone),
        ends_at=shift.ends_at.astimezone(schedule.zone),
        because=shift.because,
    )
