"""Whom the on-call catalog would not reach in the weeks to come: what `oncall check` finds (G7)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from router.address import Address
from router.catalog import OnCallCatalog
from router.escalation.model import Policy, Step
from router.oncall.model import PersonId, Role, Schedule, ScheduleId, is_service
from router.oncall.restrictions import Span
from router.oncall.shifts import gaps, shifts, uncovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that would leave somebody waiting.

    `spans` are when, in order; none where it is so at all times. `zone` is the
    name of the one in which to tell them.
    """

    kind: str
    subject: str
    text: str
    spans: tuple[Span, ...] = ()
    zone: str = "UTC"


def check_coverage(
    catalog: OnCallCatalog, *, start: datetime, end: datetime, unusable: Collection[Address] = ()
) -> tuple[Finding, ...]:
    """Return what would go wrong in [start, end): gaps, people and steps not reached, loose ends.

    `unusable` are addresses that this installation cannot write to.
    """
    reachable = frozenset(
        person.id
        for person in catalog.roster.people.values()
        if any(address not in unusable for address in person.addresses)
    )
    coverage = _Coverage(catalog=catalog, start=start, end=end, reachable=reachable)
    return (
        *coverage.gaps(),
        *_people(catalog, unusable),
        *coverage.steps(),
        *_unused(catalog),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coverage:
    catalog: OnCallCatalog
    start: datetime
    end: datetime
    reachable: frozenset[PersonId]

    def gaps(self) -> Iterator[Finding]:
        """Yield the schedules that some policy uses and that have nobody for a while."""
        for schedule in self.catalog.roster.schedules.values():
            if schedule.gaps_intended or schedule.id not in _used_schedules(self.catalog):
                continue
            found = gaps(schedule, self.start, self.end)
            if found:
                yield Finding(
                    kind="gap",
                    subject=f"schedule {schedule.id}",
                    text="nobody is on call",
                    spans=found,
                    zone=schedule.zone.key,
                )

    def steps(self) -> Iterator[Finding]:
        """Yield the steps that reach nobody for a while: the escalation passes over them.

        Where that is intended, only while no other step reaches anybody either:
        the last resort is not meant for every night.
        """
        for policy in self.catalog.policies.values():
            if is_service(policy.id):
                continue  # of which all is said where its secret is missing
            for name, step in _steps(policy):
                missed = self._missed(step)
                if any(schedule.gaps_intended for schedule in self._schedules(step)):
                    missed = self._missed(step, *policy.steps)
                if missed:
                    yield Finding(
                        kind="step",
                        subject=f"policy {policy.id}, {name}",
                        text="reaches nobody",
                        spans=() if missed == ((self.start, self.end),) else missed,
                        zone=self._zone(step),
                    )

    def _missed(self, *steps: Step) -> tuple[Span, ...]:
        """Return when none of the steps reaches anybody."""
        if any(self.reachable.intersection(step.people) for step in steps):
            return ()
        reached = [
            (shift.starts_at, shift.ends_at)
            for step in steps
            for schedule in self._schedules(step)
            for shift in shifts(schedule, self.start, self.end)
            if shift.person in self.reachable
        ]
        return uncovered(reached, self.start, self.end)

    def _schedules(self, step: Step) -> list[Schedule]:
        return [self.catalog.roster.schedules[name] for name in step.schedules]

    def _zone(self, step: Step) -> str:
        return next((schedule.zone.key for schedule in self._schedules(step)), "UTC")


def _people(catalog: OnCallCatalog, unusable: Collection[Address]) -> Iterator[Finding]:
    woken = _woken(catalog)
    for person in catalog.roster.people.values():
        if person.id in woken and not person.role.may(Role.RESPONDER):
            text = "is woken, and may not answer: their role is viewer"
            yield Finding(kind="viewer", subject=f"person {person.id}", text=text)
        lost = [address for address in person.addresses if address in unusable]
        if not lost and person.addresses:
            continue
        listed = ", ".join(f"{address.channel} {address.address}" for address in lost)
        others = len(person.addresses) - len(lost)
        text = f"cannot be paged by {listed}" if lost else "has no address"
        yield Finding(
            kind="person",
            subject=person.name if is_service(person.id) else f"person {person.id}",
            text=text if others else f"{text}, nor anywhere else" if lost else text,
        )


def _woken(catalog: OnCallCatalog) -> frozenset[PersonId]:
    """Return whom policies can wake, by name or by a schedule of theirs, at any time."""
    schedules = catalog.roster.schedules
    steps = [step for policy in catalog.policies.values() for _, step in _steps(policy)]
    named = {person for step in steps for person in step.people}
    turns = (schedules[one].people for step in steps for one in step.schedules)
    return frozenset(named.union(*turns))


def _unused(catalog: OnCallCatalog) -> Iterator[Finding]:
    routed = {route.policy for route in catalog.routes}
    for policy in catalog.policies:
        if policy not in routed:
            yield Finding(kind="unused", subject=f"policy {policy}", text="no route leads to it")
    for schedule in catalog.roster.schedules:
        if schedule not in _used_schedules(catalog):
            yield Finding(kind="unused", subject=f"schedule {schedule}", text="no policy uses it")


def _used_schedules(catalog: OnCallCatalog) -> frozenset[ScheduleId]:
    return frozenset(
        name
        for policy in catalog.policies.values()
        for _, step in _steps(policy)
        for name in step.schedules
    )


def _steps(policy: Policy) -> Iterator[tuple[str, Step]]:
    """Yield each step with its name, the last resort at the end."""
    for number, step in enumerate(policy.steps, start=1):
        yield f"step {number}", step
    yield "last resort", policy.last_resort
