"""Overrides made at run time: what they change on a roster, and what speaks against one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from guardia.word import nearest
from router.oncall.model import Override, Person, PersonId, Roster, Schedule, ScheduleId
from router.oncall.restrictions import Span
from router.oncall.shifts import following, gaps, on_call
from router.phrase import Argument, Phrase, joined, phrase

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


def find_remark(roster: Roster, made: MadeOverride) -> Phrase | None:
    """Return why an override changes nothing, or wakes nobody who answers, by today's catalog."""
    if made.schedule not in roster.schedules:
        return phrase(
            "the catalog has no schedule {schedule} any more: it is passed over",
            schedule=made.schedule,
        )
    person = roster.people.get(made.person)
    if person is None:
        return phrase(
            "the catalog has no person {person} any more: it is passed over", person=made.person
        )
    if not person.addresses:
        return phrase("{person} has no address for pages any more", person=person.name)
    if not person.may_answer:
        return phrase("{person} is a viewer now, and could not answer", person=person.name)
    return None


def find_obstacle(roster: Roster, wanted: WantedOverride, *, now: datetime) -> Phrase | None:
    """Return the sentence that says why it cannot be made, or None."""
    if wanted.schedule not in roster.schedules:
        return unknown_name("schedule", wanted.schedule, roster.schedules)
    person = roster.people.get(wanted.person)
    if person is None:
        return unknown_name("person", wanted.person, roster.people)
    if not person.addresses:
        return phrase(
            "{person} has no address for pages in the catalog: nobody would be woken.",
            person=person.name,
        )
    return find_obstacle_of_role(person) or _find_obstacle_of_time(wanted, now=now)


def find_obstacle_of_role(person: Person) -> Phrase | None:
    """Return why nobody may have this person woken, by an override or by giving an incident."""
    if person.may_answer:
        return None
    return phrase(
        "{person} is a viewer and could not answer: choose somebody else, or have the role"
        " responder given to them in the catalog.",
        person=person.name,
    )


def _find_obstacle_of_time(wanted: WantedOverride, *, now: datetime) -> Phrase | None:
    if wanted.ends_at <= now:
        return phrase("It would end in the past: what is over is not changed.")
    if wanted.ends_at <= wanted.starts_at:
        return phrase("It must end after it begins.")
    if wanted.ends_at > now + LATEST:
        return phrase("It must end within two years: what lasts longer belongs into the catalog.")
    return None


def find_made(
    wanted: WantedOverride, made: Iterable[MadeOverride], *, now: datetime
) -> MadeOverride | None:
    """Return the one that says all of what is wanted and counts, or None.

    What is sent twice, by a double tap or as its answer was lost, makes nothing
    new. One that another covers meanwhile is made anew, so that it counts again.
    """
    touching = [
        one
        for one in made
        if one.schedule == wanted.schedule
        and max(one.starts_at, wanted.starts_at) < min(one.counts_until, wanted.ends_at)
    ]
    last = max(touching, key=lambda one: one.number, default=None)
    if last is None or last.cancelled_at is not None:
        return None
    begins_alike = last.starts_at == wanted.starts_at or (
        max(last.starts_at, wanted.starts_at) <= now  # both have begun
    )
    is_alike = (last.person, last.ends_at, last.reason, last.created_by) == (
        wanted.person,
        wanted.ends_at,
        wanted.reason,
        wanted.by,
    )
    return last if begins_alike and is_alike else None


def unknown_name(what: Literal["person", "schedule"], name: str, known: Iterable[str]) -> Phrase:
    """Return the sentence for a name that the catalog does not know, with the nearest it does."""
    unknown = phrase("The catalog has no such schedule.")
    if what == "person":
        unknown = phrase("The catalog has no such person.")
    return joined(unknown, meant(name, known))


def meant(name: str, known: Iterable[str]) -> str:
    """Return the question for the nearest name that is known; empty when none is near."""
    guess = nearest(name, known)
    return phrase("Did you mean {name}?", name=guess) if guess else ""


def list_warnings(
    roster: Roster, made: MadeOverride, others: Iterable[MadeOverride]
) -> tuple[Phrase, ...]:
    """Return what whoever made an override should know of it.

    `roster` is that with all overrides, `others` are those made at run time:
    which of them and of the catalog's it covers, and where nobody is on call beside it.
    """
    schedule = roster.schedules[made.schedule]
    of_catalog = [
        _overlap_of_catalog(schedule, one, roster)
        for one in schedule.overrides
        if one.number is None
        and max(one.starts_at, made.starts_at) < min(one.ends_at, made.counts_until)
    ]
    overlaps = [
        _overlap(schedule, one, roster)
        for one in others
        if one.number != made.number
        and one.schedule == made.schedule
        and max(one.starts_at, made.starts_at) < min(one.counts_until, made.counts_until)
    ]
    return (*of_catalog, *overlaps, *_gaps_beside(schedule, made))


def list_gaps_left(roster: Roster, cancelled: MadeOverride, *, now: datetime) -> tuple[Phrase, ...]:
    """Return the times in which nobody is on call now that an override is cancelled."""
    schedule = roster.schedules.get(cancelled.schedule)
    start = max(now, cancelled.starts_at)
    if schedule is None or schedule.gaps_intended or start >= cancelled.ends_at:
        return ()
    return tuple(_gap(schedule, span) for span in gaps(schedule, start, cancelled.ends_at))


def _overlap_of_catalog(schedule: Schedule, other: Override, roster: Roster) -> Phrase:
    return phrase(
        "It counts before an override of the catalog ({person}, {starts_at} to {ends_at})"
        " where the two overlap.",
        person=roster.name_of(other.person),
        starts_at=other.starts_at.astimezone(schedule.zone),
        ends_at=other.ends_at.astimezone(schedule.zone),
    )


def _overlap(schedule: Schedule, other: MadeOverride, roster: Roster) -> Phrase:
    return phrase(
        "It counts before override {number} ({person}, made by {by}, {starts_at} to {ends_at})"
        " where the two overlap.",
        number=other.number,
        person=roster.name_of(other.person),
        by=other.created_by,
        starts_at=other.starts_at.astimezone(schedule.zone),
        ends_at=other.counts_until.astimezone(schedule.zone),
    )


def told_after_end(roster: Roster, ended: MadeOverride, *, now: datetime) -> Phrase | None:
    """Return who is on call now that an override is cancelled, or when it would have begun.

    None where that cannot be told (it would be over, or its schedule is gone), and
    where nobody is and `list_gaps_left` says so.
    """
    schedule = roster.schedules.get(ended.schedule)
    start = max(now, ended.starts_at)
    if schedule is None or start >= ended.ends_at:
        return None
    shift = on_call(schedule, start)
    if shift is None:
        first, *_ = gaps(schedule, start, ended.ends_at)
        return _gap(schedule, first) if schedule.gaps_intended else None
    told: dict[str, Argument] = {
        "schedule": schedule.id,
        "name": roster.name_of(shift.person),
        "end": shift.ends_at,
        "because": shift.because,
    }
    if start == now:
        return phrase(
            "By {schedule}, {name} is on call now, until {end} ({because}).",
            **told,
        )
    return phrase(
        "By {schedule}, {name} is on call from {start}, until {end} ({because}).",
        start=start,
        **told,
    )


def _gaps_beside(schedule: Schedule, made: MadeOverride) -> Iterator[Phrase]:
    """Yield the gaps that end where it begins, or begin where it ends."""
    if schedule.gaps_intended:
        return
    before = made.starts_at - made.starts_at.resolution
    if made.starts_at > made.created_at and on_call(schedule, before) is None:
        yield phrase(
            "Nobody is on call by {schedule} before it begins, {at}.",
            schedule=schedule.id,
            at=made.starts_at.astimezone(schedule.zone),
        )
    if on_call(schedule, made.ends_at) is None:
        later = following(schedule, made.ends_at)
        if later is not None:
            yield _gap(schedule, (made.ends_at, later.starts_at))
        else:
            yield phrase(
                "Nobody is on call by {schedule} after it, within a year.", schedule=schedule.id
            )


def _gap(schedule: Schedule, span: Span) -> Phrase:
    begins, ends = (at.astimezone(schedule.zone) for at in span)
    return phrase(
        "Nobody is on call by {schedule} from {starts_at} to {ends_at}.",
        schedule=schedule.id,
        starts_at=begins,
        ends_at=ends,
    )
