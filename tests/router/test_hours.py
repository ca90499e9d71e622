"""When a channel's hours are next open: never in the past, never while they are shut."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.hours import Hours, first_open, is_always_open, next_open
from router.oncall.model import Restriction
from router.oncall.restrictions import open_spans
from tests.router.oncall.strategies import ZONES, instants, near_a_clock_change, restrictions

WORKDAYS = frozenset(range(5))
OFFICE = Restriction(weekdays=WORKDAYS, since=time(8, 0), to=time(18, 0))
ALL_DAYS = frozenset(range(7))


def hours(*only: Restriction, zone: str = "Atlantic/Cape_Verde") -> Hours:
    return Hours(zone=ZoneInfo(zone), only=only or (OFFICE,))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-24T12:00-01:00", "2026-11-24T12:00-01:00"),  # a Tuesday's noon
        ("2026-11-24T08:00-01:00", "2026-11-24T08:00-01:00"),  # the first instant
        ("2026-11-24T18:00-01:00", "2026-11-25T08:00-01:00"),  # the first one after
        ("2026-11-24T03:10-01:00", "2026-11-24T08:00-01:00"),
        ("2026-11-27T18:30-01:00", "2026-11-30T08:00-01:00"),  # over the weekend
    ],
)
def test_office_hours_hold_the_night_and_the_weekend(now: str, due: str) -> None:
    assert next_open(hours(), at(now)) == at(due)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-28T23:00+01:00", "2026-03-29T08:00+02:00"),  # clocks go forward that night
        ("2026-10-24T23:00+02:00", "2026-10-25T08:00+01:00"),  # and back
    ],
)
def test_they_begin_at_the_wall_clock_over_a_clock_change(now: str, due: str) -> None:
    daily = Restriction(weekdays=ALL_DAYS, since=time(8, 0), to=time(18, 0))

    assert next_open(hours(daily, zone="Europe/Madrid"), at(now)) == at(due)


def test_hours_that_the_clocks_skip_are_those_of_the_week_after() -> None:
    skipped = Restriction(weekdays=frozenset({6}), since=time(2, 15), to=time(2, 45))
    apia_friday = Restriction(weekdays=frozenset({4}), since=time(8, 0), to=time(9, 0))

    sunday = next_open(hours(skipped, zone="Europe/Madrid"), at("2026-03-29T00:00+01:00"))
    friday = next_open(hours(apia_friday, zone="Pacific/Apia"), at("2011-12-24T00:00-10:00"))

    assert sunday == at("2026-04-05T02:15+02:00")
    assert friday == at("2012-01-06T08:00+14:00")


def test_of_several_hours_the_first_that_are_open_count() -> None:
    saturday = Restriction(weekdays=frozenset({5}), since=time(10, 0), to=time(11, 0))

    due = first_open([hours(), hours(saturday)], at("2026-11-27T20:00-01:00"))

    assert due == at("2026-11-28T10:00-01:00")


@given(
    restrictions().filter(bool),
    st.sampled_from(ZONES),
    instants() | st.just(datetime(2011, 12, 28, tzinfo=UTC)),
    st.data(),
)
def test_it_is_never_before_now_and_always_within_the_hours(
    only: tuple[Restriction, ...], zone: str, now: datetime, data: st.DataObject
) -> None:
    if data.draw(st.booleans()):
        change = near_a_clock_change(ZoneInfo(zone), now.year)
        now = change + timedelta(minutes=data.draw(st.integers(-3000, 3000)))
    week = hours(*only, zone=zone)

    due = next_open(week, now)

    assert due >= now
    second = timedelta(seconds=1)
    assert open_spans(only, week.zone, due, due + second) == ((due, due + second),)
    assert open_spans(only, week.zone, now, due) == ()  # and it is the first such instant
    assert next_open(week, due) == due


@pytest.mark.parametrize(
    ("only", "always"),
    [
        ([OFFICE], False),
        ([Restriction(weekdays=ALL_DAYS, since=time(), to=time())], True),
        ([Restriction(weekdays=ALL_DAYS, since=time(8, 0), to=time(8, 0))], True),
        ([Restriction(weekdays=ALL_DAYS, since=time(8, 0), to=time(7, 59))], False),
        (
            [
                Restriction(weekdays=ALL_DAYS, since=time(6, 0), to=time(18, 0)),
                Restriction(weekdays=ALL_DAYS, since=time(17, 0), to=time(6, 0)),
            ],
            True,
        ),
    ],
)
def test_hours_without_a_gap_in_the_week_hold_nothing(
    only: list[Restriction], always: bool
) -> None:
    assert is_always_open(only) is always
