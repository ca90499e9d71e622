"""Instants by the reader's clock, in the reader's words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.language import LANGUAGES, Reader
from tests.router.making import NOON

MADRID = ZoneInfo("Europe/Madrid")
PRAIA = ZoneInfo("Atlantic/Cape_Verde")
# Clocks are set back at 01:00 UTC: 02:30 comes twice that night.
FIRST = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
SECOND = FIRST + timedelta(hours=1)


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "25 Oct 2026 02:30 CEST", "25 Oct 2026 02:30 CET"),
        ("es", "25 oct 2026 02:30 CEST", "25 oct 2026 02:30 CET"),
        ("pt", "25 out. 2026 02:30 CEST", "25 out. 2026 02:30 CET"),
    ],
)
def test_the_hour_that_comes_twice_is_told_apart(language: str, first: str, second: str) -> None:
    reader = Reader(language=language, zone=MADRID)

    assert (reader.instant(FIRST), reader.instant(SECOND)) == (first, second)


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        (MADRID, datetime.max.replace(tzinfo=UTC), "31 Dec 9999 23:59 UTC"),
        (PRAIA, datetime(1, 1, 1, tzinfo=UTC), "1 Jan 1 00:00 UTC"),
    ],
)
def test_an_instant_that_the_readers_clock_cannot_show_is_told_by_utc(
    zone: ZoneInfo, at: datetime, told: str
) -> None:
    reader = Reader(zone=zone)

    assert (reader.instant(at), reader.zone_name(at)) == (told, "UTC")
    assert reader.clock(at, now=NOON) == told
    assert reader.wall(at).endswith(told[-9:-4])


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Sun 25 Oct 02:30 CET"),
        ("es", "dom 25 oct 02:30 CET"),
        ("pt", "domingo 25 out. 02:30 CET"),
    ],
)
def test_a_clock_of_another_day_has_its_day(language: str, told: str) -> None:
    reader = Reader(language=language, zone=MADRID)

    assert reader.clock(SECOND, now=SECOND + timedelta(days=2)) == told
    assert reader.clock(SECOND, now=SECOND + timedelta(hours=9)) == "02:30 CET"


@pytest.mark.parametrize(
    ("language", "past", "future"),
    [
        ("en", "3 hours ago", "in 3 hours"),
        ("es", "hace 3 horas", "dentro de 3 horas"),
        ("pt", "há 3 horas", "dentro de 3 horas"),
    ],
)
def test_how_long_ago_is_real_time_over_a_clock_change(
    language: str, past: str, future: str
) -> None:
    reader, later = Reader(language=language, zone=MADRID), SECOND + timedelta(hours=2)

    assert reader.ago(FIRST, now=later) == past
    assert reader.ago(later, now=FIRST) == future


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Atlantic/Cape_Verde", "UTC−1"),
        ("America/Sao_Paulo", "UTC−3"),
        ("Asia/Kathmandu", "UTC+5:45"),
        ("Pacific/Kiritimati", "UTC+14"),
        ("Pacific/Marquesas", "UTC−9:30"),
        ("Antarctica/Troll", "UTC"),
        ("Europe/Lisbon", "WET"),
    ],
)
def test_a_zone_without_a_name_is_told_by_its_offset(zone: str, name: str) -> None:
    reader = Reader(language="pt", zone=ZoneInfo(zone))

    assert reader.zone_name(NOON) == name
    assert reader.instant(NOON).endswith(f" {name}")
    assert reader.clock(NOON, now=NOON).endswith(f" {name}")


@given(
    at=st.integers(-(10**9), 10**9).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    language=st.sampled_from(LANGUAGES),
    zone=st.sampled_from([MADRID, PRAIA, ZoneInfo("America/New_York"), ZoneInfo("UTC")]),
)
def test_an_instant_names_the_clock_and_the_zone_it_is_read_by(
    at: datetime, language: str, zone: ZoneInfo
) -> None:
    reader = Reader(language=language, zone=zone)

    told = reader.instant(at)

    assert f" {at.astimezone(zone):%H:%M} " in told
    assert str(at.astimezone(zone).year) in told
    assert told.endswith(reader.zone_name(at))
