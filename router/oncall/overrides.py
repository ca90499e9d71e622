"""Overrides made at run time: what they change on a roster, and what speaks against one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from guardia.word import nearest
from router.oncall.model import Override, PersonId, Roster, Schedule, ScheduleId
from router.oncall.restrictions import Span
from router.oncall.shifts import following, gaps, on_call
from router.oncall.wall_clock import show_moment

LATEST: Final = timedelta(days=731)  # that one may end, from now: a misspelt year is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOverride:
    """What somebody asks for; UTC instants, half-open."""

    schedule: ScheduleId
    person: PersonId
    starts_at: datetime
    ends_at: datetime
    reason: str  # empty: none was given
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOverride:
    """One that was made at run time, with who made and who cancelled it.

    Numbers rise: of two at one instant the higher one counts.
    """

    number: int
    schedule: ScheduleId
    person: PersonId
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_at: datetime
    created_by: str
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None

    @property
    def counts_until(self) -> datetime:
        """Return when it ends; a cancelled one has counted until it was cancelled."""
        return self.ends_at if self.cancelled_at is None else min(self.ends_at, self.cancelled_at)


def with_overrides(roster: Roster, made: Iterable[MadeOverride]) -> Roster:
    """Return the roster with what was changed at run time.

    They win over the catalog's own overrides, and of two the one that was made
    later wins. One that names a schedule or a person whom this edition of the
    catalog does not know changes nothing.
    """
    schedules = dict(roster.schedules)
    for one in sorted(made, key=lambda one: one.number):
        schedule = schedules.get(one.schedule)
        if schedule is None or one.person not in roster.people:
            continue
        if one.starts_at < one.counts_until:
            overrides = (*schedule.overrides, _as_override(one))
            schedules[one.schedule] = replace(schedule, overrides=overrides)
    return replace(roster, schedules=schedules)


def _as_override(made: MadeOverride) -> Override:
    return Override(
        person=made.person,
        starts_at=made.starts_at,
        ends_at=made.counts_until,
        reason=made.reason,
        number=made.number,
        made_by=made.created_by,
    )


def find_remark(roster: Roster, made: MadeOverride) -> str | None:
    """Return why an override changes nothing, or wakes nobody, by today's catalog."""
    if made.schedule not in roster.schedules:
        return f"the catalog has no schedule {made.schedule} any more: it is passed over"
    person = roster.people.get(made.person)
    if person is None:
        return f"the catalog has no person {made.person} any more: it is passed over"
    if not person.addresses:
        return f"{person.name} has no address for pages any more"
    return None


def find_obstacle(roster: Roster, wanted: WantedOverride, *, now: datetime) -> str | None:
    """Return the sentence that says why it cannot be made, or None."""
    if wanted.schedule not in roster.schedules:
        return unknown_name("schedule", wanted.schedule, roster.schedules)
    person = roster.people.get(wanted.person)
    if person is None:
        return unknown_name("person", wanted.person, roster.people)
    if not person.addresses:
        return f"{person.name} has no address for pages in the catalog: nobody would be woken."
    return _find_obstacle_of_time(wanted, now=now)


def _find_obstacle_of_time(wanted: WantedOverride, *, now: datetime) -> str | None:
    if wanted.ends_at <= now:
        return "`until` must be in the future: what is over is not changed."
    if wanted.ends_at <= wanted.starts_at:
        return "`until` must be after `from`."
    if wanted.ends_at > now + LATEST:
        return "`until` must be within two years: what lasts longer belongs into the catalog."
    return None


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that the catalog does not know, with the nearest it does."""
    guess = nearest(name, known)
    hint = f" Did you mean {guess}?" if guess else ""
    return f"The catalog has no such {what}.{hint}"


def list_warnings(
    roster: Roster, made: MadeOverride, others: Iterable[MadeOverride]
) -> tuple[str, ...]:
    """Return what whoever made an override should know of it.

    `roster` is that with all overrides. `others` are those made at run time:
    which of them it covers, and where nobody is on call beside it.
    """
    schedule = roster.schedules[made.schedule]
    overlaps = [
        _overlap(schedule, one)
        for one in others
        if one.number != made.number
        and one.schedule == made.schedule
        and max(one.starts_at, made.starts_at) < min(one.counts_until, made.counts_until)
    ]
    return (*overlaps, *_gaps_beside(schedule, made))


def list_gaps_left(roster: Roster, cancelled: MadeOverride, *, now: datetime) -> tuple[str, ...]:
    """Return the times in which nobody is on call now that an override is cancelled."""
    schedule = roster.schedules.get(cancelled.schedule)
    start = max(now, cancelled.starts_at)
    if schedule is None or schedule.gaps_intended or start >= cancelled.ends_at:
        return ()
    return tuple(_gap(schedule, span) for span in gaps(schedule, start, cancelled.ends_at))


def _overlap(schedule: Schedule, other: MadeOverride) -> str:
    span = _span(schedule, (other.starts_at, other.counts_until))
    return (
        f"It counts before override {other.number} ({other.person}, made by {other.created_by},"
        f" {span}) where the two overlap."
    )


def _gaps_beside(schedule: Schedule, made: MadeOverride) -> Iterator[str]:
    """Yield the gaps that end where it begins, or begin where it ends."""
    if schedule.gaps_intended:
        return
    before = made.starts_at - made.starts_at.resolution
    if made.starts_at > made.created_at and on_call(schedule, before) is None:
        begins = show_moment(made.starts_at, schedule.zone)
        yield f"Nobody is on call by {schedule.id} before it begins, {begins} {schedule.zone.key}."
    if on_call(schedule, made.ends_at) is None:
        later = following(schedule, made.ends_at)
        if later is not None:
            yield _gap(schedule, (made.ends_at, later.starts_at))
        else:
            yield f"Nobody is on call by {schedule.id} after it, within a year."


def _gap(schedule: Schedule, span: Span) -> str:
    return f"Nobody is on call by {schedule.id} from {_span(schedule, span)}."


def _span(schedule: Schedule, span: Span) -> str:
    begins, ends = (show_moment(at, schedule.zone) for at in span)
    return f"{begins} to {ends} {schedule.zone.key}"
