"""Who is on call: laws for every zone and year (G8), and the known edges."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.oncall.model import Override, PersonId, Rotation, Schedule, ScheduleId
from router.oncall.shifts import handoff_instant, on_call, shifts
from tests.router.making import rotation

FORTNIGHT = timedelta(days=14)
# Without the leap-second zones ("right/…") and the copies ("posix/…").
ZONES = sorted(z for z in available_timezones() if "/" in z and z[:6] not in ("right/", "posix/"))
PEOPLE = [PersonId(name) for name in ("ana", "bea", "carla", "dina")]


def instants() -> st.SearchStrategy[datetime]:
    return st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
        max_value=datetime(2040, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    )


def rotations() -> st.SearchStrategy[Rotation]:
    return st.builds(
        Rotation,
        people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4).map(tuple),
        zone=st.sampled_from(ZONES).map(ZoneInfo),
        handoff=st.builds(time, st.integers(0, 23), st.integers(0, 59)),
        starts_on=st.dates(date(1999, 1, 1), date(2041, 12, 31)),
        days_per_shift=st.integers(1, 28),
    )


def near_a_clock_change(zone: ZoneInfo, year: int) -> datetime:
    """Return a day of the year on which the zone's clocks change; else its first day."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=count) for count in range(366)]
    offsets = [(day, day.astimezone(zone).utcoffset()) for day in days]
    changes = [day for (day, before), (_, after) in pairwise(offsets) if before != after]
    return changes[0] if changes else days[0]


def schedule(of: Rotation, *overrides: Override) -> Schedule:
    return Schedule(id=ScheduleId("primary"), rotation=of, overrides=overrides)


def override(who: str, starts_at: datetime, hours: float) -> Override:
    ends_at = starts_at + timedelta(hours=hours)
    return Override(person=PersonId(who), starts_at=starts_at, ends_at=ends_at)


def assert_tiles_time(of: Rotation, at: datetime) -> None:
    around = shifts(schedule(of), at - FORTNIGHT, at + FORTNIGHT)
    assert around[0].starts_at <= at - FORTNIGHT
    assert around[-1].ends_at >= at + FORTNIGHT
    assert all(a.ends_at == b.starts_at for a, b in pairwise(around))
    assert sum(shift.covers(at) for shift in around) == 1
    for shift in around:
        wall = shift.starts_at.astimezone(of.zone)
        assert wall.time() == of.handoff or is_first_after_gap(shift.starts_at, of.zone)


def is_first_after_gap(at: datetime, zone: ZoneInfo) -> bool:
    before = (at - timedelta(seconds=1)).astimezone(zone)
    skipped = at.astimezone(zone).replace(tzinfo=None) - before.replace(tzinfo=None)
    return skipped > timedelta(seconds=1)


@given(of=rotations(), at=instants())
def test_shifts_tile_time_and_change_at_the_wall_clock(of: Rotation, at: datetime) -> None:
    assert_tiles_time(of, at)


@settings(max_examples=200)
@given(of=rotations(), year=st.integers(2000, 2040))
def test_shifts_tile_time_where_clocks_change(of: Rotation, year: int) -> None:
    assert_tiles_time(of, near_a_clock_change(of.zone, year))


@given(of=rotations(), at=instants())
def test_turns_follow_each_other_in_the_order_of_the_people(of: Rotation, at: datetime) -> None:
    # A year at most: without skipped days (Samoa, 2011) no turn can vanish.
    around = shifts(schedule(of), at, at + 4 * FORTNIGHT)
    days = [shift.starts_at.astimezone(of.zone).date() for shift in around]
    for day, shift in zip(days, around, strict=True):
        late = timedelta(days=1) if is_first_after_gap(shift.starts_at, of.zone) else timedelta()
        turns = {
            (day - back - of.starts_on).days // of.days_per_shift for back in (timedelta(), late)
        }
        assert shift.person in {of.people[turn % len(of.people)] for turn in turns}


@given(of=rotations(), at=instants())
def test_one_instant_and_a_calendar_agree(of: Rotation, at: datetime) -> None:
    calendar = shifts(schedule(of), at - FORTNIGHT, at + FORTNIGHT)
    assert on_call(schedule(of), at) == next(shift for shift in calendar if shift.covers(at))


def overrides() -> st.SearchStrategy[list[Override]]:
    around = st.integers(-400, 400).map(lambda hours: AUTUMN + timedelta(hours=hours))
    return st.lists(
        st.builds(override, st.sampled_from(["eva", "fina"]), around, st.integers(1, 300)),
        max_size=5,
    )


AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # clocks go back in Madrid


@given(own=overrides(), hours=st.integers(-200, 200))
def test_overrides_win_and_leave_neither_gap_nor_overlap(own: list[Override], hours: int) -> None:
    at = AUTUMN + timedelta(hours=hours)
    with_overrides = schedule(rotation("ana", "bea", zone="Europe/Madrid"), *own)
    around = shifts(with_overrides, at - FORTNIGHT, at + FORTNIGHT)

    assert all(a.ends_at == b.starts_at for a, b in pairwise(around))
    current = [one for one in own if one.starts_at <= at < one.ends_at]
    shift = next(shift for shift in around if shift.covers(at))
    if current:
        assert (shift.person, shift.because) == (current[-1].person, "override of primary")
    else:
        assert shift.because == "rotation of primary"
    assert on_call(with_overrides, at) == shift


@pytest.mark.parametrize(
    ("zone", "day", "wall", "instant"),
    [
        # Clocks go forward: 02:30 does not exist, the first instant after the gap is 03:00.
        ("Europe/Madrid", "2026-03-29", "02:30", "2026-03-29T01:00:00Z"),
        ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04", "02:10", "2026-10-03T15:30:00Z"),  # half an hour
        # Clocks go back: 02:30 comes twice, the first counts.
        ("Europe/Madrid", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z"),
        # Samoa skipped a whole day: it ends where the next one starts.
        ("Pacific/Apia", "2011-12-30", "09:00", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00:00Z"),
        # No clock changes at all: the first user's zone.
        ("Atlantic/Cape_Verde", "2026-03-29", "09:00", "2026-03-29T10:00:00Z"),
    ],
)
def test_handoffs_at_missing_and_repeated_wall_clock_times(
    zone: str, day: str, wall: str, instant: str
) -> None:
    at = handoff_instant(date.fromisoformat(day), time.fromisoformat(wall), ZoneInfo(zone))
    assert at == datetime.fromisoformat(instant)


def lengths_in_hours(found: Sequence[timedelta]) -> list[float]:
    return [length / timedelta(hours=1) for length in found]


def test_a_day_of_23_and_one_of_25_hours() -> None:
    daily = rotation("ana", "bea", zone="Europe/Madrid", days_per_shift=1, handoff=time(1, 0))
    spring = shifts(
        schedule(daily),
        datetime(2026, 3, 28, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 0, 0, tzinfo=UTC),
    )
    autumn = shifts(schedule(daily), AUTUMN - timedelta(hours=2), AUTUMN + timedelta(hours=30))

    assert lengths_in_hours([shift.length for shift in spring]) == [24, 23, 24]
    assert lengths_in_hours([shift.length for shift in autumn]) == [25, 24]


def test_a_turn_inside_a_day_that_the_zone_skipped_lasts_no_time() -> None:
    daily = rotation("ana", "bea", "carla", zone="Pacific/Apia", days_per_shift=1)
    midnight = Rotation(
        people=daily.people,
        zone=daily.zone,
        handoff=time(0, 0),
        starts_on=date(2011, 12, 29),
        days_per_shift=1,
    )
    around = shifts(
        schedule(midnight),
        datetime(2011, 12, 29, 12, 0, tzinfo=UTC),
        datetime(2011, 12, 31, 9, 0, tzinfo=UTC),
    )
    assert [shift.person for shift in around] == ["ana", "carla"]  # bea's day did not happen


def test_a_handoff_belongs_to_who_takes_over() -> None:
    weekly = schedule(rotation("ana", "bea"))
    handoff = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)  # Monday 09:00 in Cape Verde

    before = on_call(weekly, handoff - timedelta.resolution)
    after = on_call(weekly, handoff)

    assert before is not None
    assert after is not None
    assert (before.person, after.person) == ("ana", "bea")
    assert before.ends_at == after.starts_at == handoff


def test_turns_before_the_start_are_counted_backwards() -> None:
    weekly = schedule(rotation("ana", "bea", "carla"))
    shift = on_call(weekly, datetime(2026, 1, 4, 12, 0, tzinfo=UTC))  # the day before turn 0

    assert shift is not None
    assert shift.person == "carla"


def test_an_override_across_a_clock_change_keeps_its_instants() -> None:
    swap = override("eva", AUTUMN - timedelta(hours=5), 10)
    madrid = schedule(rotation("ana", "bea", zone="Europe/Madrid"), swap)

    shift = on_call(madrid, AUTUMN)

    assert shift is not None
    assert (shift.person, shift.starts_at, shift.ends_at) == ("eva", swap.starts_at, swap.ends_at)


def test_an_override_over_a_handoff_is_one_shift_and_shortens_both_neighbours() -> None:
    handoff = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)
    weekly = schedule(rotation("ana", "bea"), override("eva", handoff - timedelta(hours=2), 4))
    found = shifts(weekly, handoff - timedelta(days=1), handoff + timedelta(days=1))

    assert [shift.person for shift in found] == ["ana", "eva", "bea"]
    assert found[1].length == timedelta(hours=4)


def test_a_rotation_without_people_has_nobody_on_call() -> None:
    assert on_call(schedule(rotation()), AUTUMN) is None


def test_an_empty_span_has_no_shifts() -> None:
    assert shifts(schedule(rotation("ana")), AUTUMN, AUTUMN) == ()
