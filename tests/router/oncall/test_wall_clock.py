"""From the wall clock to instants: hours that are skipped or come twice, and what people write."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.oncall.wall_clock import has_offset, parse_moment, show_moment, wall_instant
from tests.router.oncall.strategies import ZONES, clock_times, is_first_after_gap

MADRID = ZoneInfo("Europe/Madrid")


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
def test_missing_and_repeated_wall_clock_times(
    zone: str, day: str, wall: str, instant: str
) -> None:
    at = wall_instant(date.fromisoformat(day), time.fromisoformat(wall), ZoneInfo(zone))
    assert at == datetime.fromisoformat(instant)


@given(
    day=st.dates(date(2000, 1, 1), date(2040, 12, 31)),
    clock=clock_times(),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_the_clock_shows_it_then_and_not_before_or_never_and_has_just_jumped_over_it(
    day: date, clock: time, zone: ZoneInfo
) -> None:
    at = wall_instant(day, clock, zone)
    shown, wanted = at.astimezone(zone).replace(tzinfo=None), datetime.combine(day, clock)
    if shown == wanted:
        hour_before = (at - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None)
        assert hour_before < wanted
    else:
        assert shown > wanted
        assert is_first_after_gap(at, zone)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-24 09:00", "2026-12-24T08:00:00Z"),
        ("2026-12-24T09:00", "2026-12-24T08:00:00Z"),
        ("2026-12-24 09:00:30", "2026-12-24T08:00:30Z"),
        ("2026-12-24", "2026-12-23T23:00:00Z"),
        ("2026-12-24 09:00Z", "2026-12-24T09:00:00Z"),
        ("2026-12-24 09:00 -03:30", "2026-12-24T12:30:00Z"),
        ("2026-03-29 02:30", "2026-03-29T01:00:00Z"),  # is skipped
        ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),  # comes twice: the first
        ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00Z"),  # the second
    ],
)
def test_what_people_write_is_one_instant(text: str, instant: str) -> None:
    assert parse_moment(text, MADRID) == datetime.fromisoformat(instant)
    elsewhere = parse_moment(text, ZoneInfo("Asia/Tokyo"))
    assert has_offset(text) == (elsewhere == parse_moment(text, MADRID))


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "24.12.2026", "2026-02-30", "2026-12-24 9:00", "2026-12-24 24:00",
     "2026-12-24 09:00+1", "2026-12-24 09:00+99:00", "0001-01-01", "9999-12-31", "2026-12-24Z",
     "2026-12-24 09:00\n", "٢٠٢٦-12-24", "2026-W02-1"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        parse_moment(text, MADRID)


def test_an_instant_is_shown_with_its_weekday() -> None:
    assert show_moment(datetime(2026, 12, 24, 23, 30, tzinfo=UTC), MADRID) == "Fri 2026-12-25 00:30"
