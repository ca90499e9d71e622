"""Rotations, schedules and instants for the laws: every zone, 2000 to 2040."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from router.oncall.model import Days, Member, Months, Override, PersonId, Restriction, Rotation

# All but the leap-second zones ("right/…") and the copies ("posix/…").
ZONES = sorted(z for z in available_timezones() if z[:6] not in ("right/", "posix/"))
PEOPLE = [PersonId(name) for name in ("ana", "bea", "carla", "dina")]
DAY = timedelta(days=1)
FORTNIGHT = timedelta(days=14)
AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # clocks go back in Madrid


def instants() -> st.SearchStrategy[datetime]:
    return st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
        max_value=datetime(2040, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    )


def clock_times() -> st.SearchStrategy[time]:
    return st.builds(time, st.integers(0, 23), st.integers(0, 59))


def lengths() -> st.SearchStrategy[Days | Months]:
    return st.one_of(
        st.builds(Days, st.integers(1, 28)), st.builds(Months, st.sampled_from([1, 1, 2, 3, 12]))
    )


def people() -> st.SearchStrategy[tuple[Member, ...]]:
    """Return one to four members who have always been there and stay."""
    names = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4)
    return names.map(lambda found: tuple(Member(person=name) for name in found))


def changing_people() -> st.SearchStrategy[tuple[Member, ...]]:
    """Return members who may join and leave, most of them around the rotation's start."""
    days = st.one_of(st.none(), st.dates(date(2025, 6, 1), date(2027, 6, 1)))
    member = st.builds(Member, person=st.sampled_from(PEOPLE), joins_on=days, leaves_on=days)
    return st.lists(member, min_size=1, max_size=5).map(tuple)


def rotations(
    members: st.SearchStrategy[tuple[Member, ...]] | None = None,
    starts_on: st.SearchStrategy[date] | None = None,
) -> st.SearchStrategy[Rotation]:
    return st.builds(
        Rotation,
        people=people() if members is None else members,
        zone=st.sampled_from(ZONES).map(ZoneInfo),
        handoff=clock_times(),
        starts_on=st.dates(date(1999, 1, 1), date(2041, 12, 31))
        if starts_on is None
        else starts_on,
        shift=lengths(),
    )


def restrictions() -> st.SearchStrategy[tuple[Restriction, ...]]:
    one = st.builds(
        Restriction,
        weekdays=st.frozensets(st.integers(0, 6), min_size=1),
        since=clock_times(),
        to=clock_times(),
    )
    return st.lists(one, max_size=3).map(tuple)


def override(who: str, starts_at: datetime, hours: float) -> Override:
    ends_at = starts_at + timedelta(hours=hours)
    return Override(person=PersonId(who), starts_at=starts_at, ends_at=ends_at)


def overrides(*, near: datetime) -> st.SearchStrategy[list[Override]]:
    around = st.integers(-400, 400).map(lambda hours: near + timedelta(hours=hours))
    who = st.sampled_from(["eva", "fina"])
    return st.lists(st.builds(override, who, around, st.integers(1, 300)), max_size=5)


def near_a_clock_change(zone: ZoneInfo, year: int) -> datetime:
    """Return a day of the year on which the zone's clocks change; else its first day."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=count) for count in range(366)]
    offsets = [(day, day.astimezone(zone).utcoffset()) for day in days]
    changes = [day for (day, before), (_, after) in pairwise(offsets) if before != after]
    return changes[0] if changes else days[0]


def is_first_after_gap(at: datetime, zone: ZoneInfo) -> bool:
    before = (at - timedelta(seconds=1)).astimezone(zone)
    skipped = at.astimezone(zone).replace(tzinfo=None) - before.replace(tzinfo=None)
    return skipped > timedelta(seconds=1)
