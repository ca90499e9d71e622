"""Whose turn it is: laws for every zone and year (G8), the known edges, joining and leaving."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.oncall.model import Days, Member, Months, PersonId, Rotation
from router.oncall.turns import Turn, turn_start, turns
from tests.router.making import rotation
from tests.router.oncall.strategies import (
    AUTUMN,
    DAY,
    FORTNIGHT,
    ZONES,
    changing_people,
    instants,
    is_first_after_gap,
    near_a_clock_change,
    rotations,
)

MADRID = ZoneInfo("Europe/Madrid")


def assert_tiles_time(of: Rotation, around: Sequence[Turn], start: datetime, end: datetime) -> None:
    assert around[0].starts_at <= start
    assert around[-1].ends_at >= end
    assert all(a.ends_at == b.starts_at for a, b in pairwise(around))
    assert all(turn.starts_at < turn.ends_at for turn in around)
    for turn in around:
        wall = turn.starts_at.astimezone(of.zone)
        assert wall.time() == of.handoff or is_first_after_gap(turn.starts_at, of.zone)


@given(of=rotations(), at=instants())
def test_turns_tile_time_and_change_at_the_wall_clock(of: Rotation, at: datetime) -> None:
    start, end = at - FORTNIGHT, at + FORTNIGHT
    assert_tiles_time(of, list(turns(of, start, end)), start, end)


@settings(max_examples=200)
@given(of=rotations(), year=st.integers(2000, 2040))
def test_turns_tile_time_where_clocks_change(of: Rotation, year: int) -> None:
    change = near_a_clock_change(of.zone, year)
    start, end = change - FORTNIGHT, change + FORTNIGHT
    assert_tiles_time(of, list(turns(of, start, end)), start, end)


START, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)


def alike() -> list[str]:
    """Return one zone of all that have shown the same time since 2000, so far as weeks tell."""
    weeks = [START + timedelta(weeks=count) for count in range((END - START).days // 7)]
    found: dict[tuple[timedelta | None, ...], str] = {}
    for name in ZONES:
        zone = ZoneInfo(name)
        found.setdefault(tuple(at.astimezone(zone).utcoffset() for at in weeks), name)
    return list(found.values())


def test_every_zone_from_2000_to_2040_without_gap_or_overlap() -> None:
    """Handoffs on Sundays at 02:30, the hour in which most clocks change."""
    zones = alike()
    assert len(zones) > 100
    for name in zones:
        of = rotation("ana", "bea", zone=name, handoff=time(2, 30), starts_on=date(2026, 1, 4))
        found = list(turns(of, START, END))
        assert_tiles_time(of, found, START, END)
        assert len(found) > 2130, name


@given(of=rotations(), at=instants())
def test_turns_follow_each_other_in_the_order_of_the_people(of: Rotation, at: datetime) -> None:
    # Without skipped days (Samoa, 2011) no turn can vanish, and turn N is that of person N.
    for turn in turns(of, at, at + 2 * FORTNIGHT):
        numbers = [
            n for n in around_turn(of, turn.starts_at) if turn_start(of, n) == turn.starts_at
        ]
        assert turn.person in {of.people[n % len(of.people)].person for n in numbers}


def around_turn(of: Rotation, at: datetime) -> range:
    days = (at.astimezone(of.zone).date() - of.starts_on).days
    if isinstance(of.shift, Days):
        near = days // of.shift.count
        return range(near - 2, near + 3)
    near = round(days / 30.4369 / of.shift.count)
    return range(near - 2, near + 3)


# A rotation of two by days, and when each turn begins. Kinds of cases as in GoAlert's unit
# tests of rotations (schedule/rotation/rotation_test.go); the hours are worked out here.
HANDOFFS = {
    "daily over the hour that is skipped": (
        time(2, 30), Days(1), "2026-03-27",
        ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"],
    ),
    "daily over the hour that comes twice": (
        time(2, 30), Days(1), "2026-10-23",
        ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ),
    "daily at the end of the skipped hour": (
        time(3, 0), Days(1), "2026-03-27", ["2026-03-28T02:00Z", "2026-03-29T01:00Z"],
    ),
    "daily before the change": (
        time(1, 30), Days(1), "2026-03-27", ["2026-03-29T00:30Z", "2026-03-29T23:30Z"],
    ),
    "weekly over a change": (
        time(9, 0), Days(7), "2026-03-23", ["2026-03-23T08:00Z", "2026-03-30T07:00Z"],
    ),
    "every other week": (
        time(9, 0), Days(14), "2026-10-12", ["2026-10-12T07:00Z", "2026-10-26T08:00Z"],
    ),
    "before the rotation starts": (
        time(9, 0), Days(7), "2027-01-04", ["2026-12-21T08:00Z", "2026-12-28T08:00Z"],
    ),
    "monthly": (
        time(9, 0), Months(1), "2026-01-05",
        ["2026-03-05T08:00Z", "2026-04-05T07:00Z", "2026-05-05T07:00Z"],
    ),
    "monthly on the 31st": (
        time(9, 0), Months(1), "2026-01-31",
        ["2026-01-31T08:00Z", "2026-02-28T08:00Z", "2026-03-31T07:00Z", "2026-04-30T07:00Z"],
    ),
    "monthly on the 29th of a leap year": (
        time(9, 0), Months(1), "2028-01-29", ["2028-02-29T08:00Z", "2028-03-29T07:00Z"],
    ),
    "quarterly on the 30th": (
        time(9, 0), Months(3), "2025-11-30", ["2026-02-28T08:00Z", "2026-05-30T07:00Z"],
    ),
    "monthly, counted backwards over the year": (
        time(9, 0), Months(1), "2026-03-31", ["2025-11-30T08:00Z", "2025-12-31T08:00Z"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HANDOFFS)
def test_handoffs(case: str) -> None:
    handoff, shift, starts, expected = HANDOFFS[case]
    of = rotation(
        "ana",
        "bea",
        zone="Europe/Madrid",
        handoff=handoff,
        shift=shift,
        starts_on=date.fromisoformat(starts),
    )
    wanted = [datetime.fromisoformat(at) for at in expected]
    found = list(turns(of, wanted[0], wanted[-1] + DAY.resolution))
    assert [turn.starts_at for turn in found] == wanted
    assert all(a.person != b.person for a, b in pairwise(found))


def test_a_month_that_was_too_short_does_not_move_the_ones_after_it() -> None:
    of = rotation("ana", shift=Months(1), starts_on=date(2026, 1, 31))
    days = [turn_start(of, number).astimezone(of.zone).date() for number in (-1, 0, 1, 2, 13, 1000)]
    assert [(day.month, day.day) for day in days] == [
        (12, 31), (1, 31), (2, 28), (3, 31), (2, 28), (5, 31),
    ]  # fmt: skip


def hours(found: Sequence[Turn]) -> list[float]:
    return [(turn.ends_at - turn.starts_at) / timedelta(hours=1) for turn in found]


def test_a_day_of_23_and_one_of_25_hours() -> None:
    daily = rotation("ana", "bea", zone="Europe/Madrid", shift=Days(1), handoff=time(1, 0))
    spring = turns(daily, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
    autumn = turns(daily, AUTUMN - timedelta(hours=2), AUTUMN + timedelta(hours=30))

    assert hours(list(spring)) == [24, 23, 24]
    assert hours(list(autumn)) == [25, 24]


def test_a_handoff_just_before_clocks_go_back_over_midnight_stays_where_it_was() -> None:
    # St John's, 2006: at 00:01 on Sunday it was 23:01 on Saturday again.
    daily = rotation("ana", "bea", zone="America/St_Johns", shift=Days(1), handoff=time(0, 0))
    handoff = datetime(2006, 10, 29, 2, 30, tzinfo=UTC)
    for minutes in (0, 1, 30, 59, 61):
        at = handoff + timedelta(minutes=minutes)
        (turn,) = turns(daily, at, at + at.resolution)
        assert turn.starts_at == handoff
        assert turn.ends_at == handoff + timedelta(hours=25)


def test_a_turn_inside_a_day_that_the_zone_skipped_lasts_no_time() -> None:
    of = rotation(
        "ana",
        "bea",
        "carla",
        zone="Pacific/Apia",
        shift=Days(1),
        handoff=time(0, 0),
        starts_on=date(2011, 12, 29),
    )
    around = turns(
        of,
        datetime(2011, 12, 29, 12, 0, tzinfo=UTC),
        datetime(2011, 12, 31, 9, 0, tzinfo=UTC),
    )
    assert [turn.person for turn in around] == ["ana", "carla"]  # bea's day did not happen


# Joining and leaving: a weekly rotation from Monday, 5 January 2026, at 09:00.


def member(name: str, joins: str | None = None, leaves: str | None = None) -> Member:
    joins_on, leaves_on = (date.fromisoformat(day) if day else None for day in (joins, leaves))
    return Member(person=PersonId(name), joins_on=joins_on, leaves_on=leaves_on)


def order(*members: Member, start: str = "2026-01-05", weeks: int = 7) -> list[tuple[str, str]]:
    """Return who begins on which day."""
    of = replace(rotation("nobody"), people=members)
    begins = datetime.fromisoformat(f"{start}T12:00Z")
    found = turns(of, begins, begins + timedelta(weeks=weeks))
    return [(str(one.person), f"{one.starts_at.astimezone(of.zone):%m-%d}") for one in found]


def test_who_joins_has_a_turn_when_the_order_comes_to_them() -> None:
    new = member("carla", joins="2026-01-21")  # a Wednesday, in ana's turn
    assert order(member("ana"), member("bea"), new, weeks=6) == [
        ("ana", "01-05"),
        ("bea", "01-12"),
        ("ana", "01-19"),
        ("bea", "01-26"),
        ("carla", "02-02"),
        ("ana", "02-09"),
        ("bea", "02-16"),
    ]


def test_who_joins_at_a_handoff_may_have_that_very_turn() -> None:
    new = member("carla", joins="2026-01-19")
    assert order(member("ana"), member("bea"), new, weeks=3)[:4] == [
        ("ana", "01-05"),
        ("bea", "01-12"),
        ("carla", "01-19"),
        ("ana", "01-26"),
    ]


def test_who_leaves_in_the_middle_gives_the_rest_to_the_next_and_nobody_loses_a_turn() -> None:
    gone = member("bea", leaves="2026-01-14")
    assert order(member("ana"), gone, member("carla"), weeks=4) == [
        ("ana", "01-05"),
        ("bea", "01-12"),
        ("carla", "01-14"),
        ("ana", "01-19"),
        ("carla", "01-26"),
        ("ana", "02-02"),
    ]


def test_the_last_of_the_order_leaves_and_the_first_follows() -> None:
    gone = member("carla", leaves="2026-01-19")
    assert order(member("ana"), member("bea"), gone, weeks=3)[2:] == [
        ("ana", "01-19"),
        ("bea", "01-26"),
    ]


def test_one_takes_the_place_of_another() -> None:
    people = [member("ana"), member("bea", leaves="2026-01-26"), member("eva", joins="2026-01-26")]
    assert order(*people, weeks=4) == [
        ("ana", "01-05"),
        ("bea", "01-12"),
        ("ana", "01-19"),
        ("eva", "01-26"),
        ("ana", "02-02"),
    ]


def test_a_rotation_that_everybody_has_left_has_no_turns_until_somebody_joins() -> None:
    people = [member("ana", leaves="2026-01-12"), member("bea", joins="2026-01-21")]
    assert order(*people, weeks=3) == [("ana", "01-05"), ("bea", "01-21"), ("bea", "01-26")]


def test_the_first_turn_is_that_of_the_first_who_is_there() -> None:
    gone, new = member("ana", leaves="2025-12-01"), member("bea", joins="2026-01-01")
    assert order(gone, new, member("carla"), weeks=1)[0] == ("bea", "01-05")
    assert order(member("carla"), new, weeks=1)[0] == ("carla", "01-05")


@given(of=rotations(changing_people(), st.dates(date(2025, 9, 1), date(2026, 9, 1))))
def test_nobody_has_a_turn_who_is_not_there_and_somebody_has_while_anybody_is(
    of: Rotation,
) -> None:
    start, end = datetime(2025, 5, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
    found = list(turns(of, start, end))
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(found))
    for hour in range(0, (end - start).days * 24, 79):
        at = start + timedelta(hours=hour)
        there = {one.person for one in of.people if is_there(one, at, of)}
        current = {turn.person for turn in found if turn.starts_at <= at < turn.ends_at}
        assert current <= there
        assert bool(current) == bool(there)


def is_there(one: Member, at: datetime, of: Rotation) -> bool:
    """Say it by days; the zone's own rule decides on the day itself."""
    day = (
        at.astimezone(of.zone) - timedelta(hours=of.handoff.hour, minutes=of.handoff.minute)
    ).date()
    has_joined = one.joins_on is None or one.joins_on <= day
    return has_joined and (one.leaves_on is None or day < one.leaves_on)


@given(
    of=rotations(starts_on=st.dates(date(2020, 1, 1), date(2030, 1, 1))),
    place=st.integers(0, 4),
    day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    joins=st.booleans(),
)
def test_joining_and_leaving_change_nothing_before_that_day(
    of: Rotation, place: int, day: date, joins: bool
) -> None:
    members = list(of.people)
    if joins:
        members.insert(place, Member(person=PersonId("eva"), joins_on=day))
    else:
        index = place % len(members)
        members[index] = replace(members[index], leaves_on=day)
    changed = replace(of, people=tuple(members))
    at = datetime.combine(day, of.handoff, tzinfo=of.zone).astimezone(UTC)

    past = [(turn.person, turn.starts_at) for turn in turns(of, at - 20 * FORTNIGHT, at - DAY)]
    same = [(turn.person, turn.starts_at) for turn in turns(changed, at - 20 * FORTNIGHT, at - DAY)]
    assert same == past
