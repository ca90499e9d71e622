"""Announced maintenance: the time intervals mute the minutes that are announced, no other."""

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from generator.alertmanager.time_intervals import time_intervals
from guardia.maintenance import (
    LAST,
    MONTHS,
    WEEKDAYS,
    Maintenance,
    Recurrence,
    is_announced,
    parse_recurrence,
)

ZONES = [
    "Atlantic/Cape_Verde",
    "Europe/Lisbon",
    "America/Santiago",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kathmandu",
    "UTC",
]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def mutes(interval: Mapping[str, Any], at: datetime) -> bool:
    """Say whether Alertmanager would mute at `at`; an interpreter of its own documentation.

    Source: Alertmanager, timeinterval.TimeInterval.ContainsTime.
    """
    return any(_entry_contains(entry, at) for entry in interval["time_intervals"])


def _entry_contains(entry: Mapping[str, Any], at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(entry["location"]))
    minute = local.hour * 60 + local.minute
    return (
        any(_minutes(t["start_time"]) <= minute < _minutes(t["end_time"]) for t in entry["times"])
        and ("weekdays" not in entry or WEEKDAYS[local.weekday()] in entry["weekdays"])
        and ("months" not in entry or MONTHS[local.month - 1] in entry["months"])
        and ("years" not in entry or str(local.year) in entry["years"])
        and (
            "days_of_month" not in entry
            or any(_days_contain(text, local) for text in entry["days_of_month"])
        )
    )


def _days_contain(text: str, local: datetime) -> bool:
    length = calendar.monthrange(local.year, local.month)[1]
    ends = _days(text)
    begin, end = (number if number > 0 else length + number + 1 for number in (ends[0], ends[-1]))
    return begin <= length and max(begin, 1) <= local.day <= min(end, length)


@cache  # thousands of instants are held against a few texts
def _days(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(":"))


@cache
def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    months = draw(st.sets(st.integers(1, 12), max_size=3))
    weekday = draw(st.none() | st.integers(0, 6))
    nth = None if weekday is None else draw(st.sampled_from([None, 1, 2, 3, 4, LAST]))
    day = draw(st.none() | st.sampled_from([1, 2, 27, 28, LAST])) if weekday is None else None
    return Recurrence(weekday=weekday, nth=nth, day=day, months=tuple(sorted(months)))


@st.composite
def announced(draw: st.DrawFn) -> Maintenance:
    days: date | Recurrence = draw(st.dates(date(2024, 1, 1), date(2031, 12, 31)) | recurrences())
    once = isinstance(days, date)
    lasts = draw(st.integers(1, 14 * 24 * 60 if once else 24 * 60))
    begins = draw(st.integers(0, 24 * 60 - 1))
    if isinstance(days, Recurrence) and (days.nth == 4 or days.day == 28):
        assume(begins + lasts <= 24 * 60)  # refused by the catalog
    return Maintenance(
        name="patches",
        services=(),
        environments=(),
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        days=days,
        begins=time(begins // 60, begins % 60),
        lasts=timedelta(minutes=lasts),
    )


def edges(one: Maintenance, year: int) -> list[datetime]:
    """Return the instants around every beginning, end and midnight of a year, in UTC.

    Computed on the wall clock without the code under test: all days are looked
    at, not only those on which a window begins.
    """
    found = []
    first = one.days if isinstance(one.days, date) else date(year, 1, 1)
    for number in range(-20 if isinstance(one.days, date) else -1, 366):
        day = datetime.combine(first, time()) + number * DAY
        begins = datetime.combine(day.date(), one.begins)
        for local in (day, begins, begins + one.lasts):
            for fold in (0, 1):
                aware = local.replace(tzinfo=one.zone, fold=fold).astimezone(UTC)
                found += [aware - MINUTE, aware, aware + MINUTE]
    return found


@settings(max_examples=60)
@given(one=announced(), year=st.integers(2024, 2031))
def test_exactly_the_announced_minutes_are_muted(one: Maintenance, year: int) -> None:
    (interval,) = time_intervals([one])
    wrong = [at for at in edges(one, year) if mutes(interval, at) != one.covers(at)]
    assert wrong == []


@settings(max_examples=60)
@given(one=announced(), at=st.datetimes(datetime(2024, 1, 1), datetime(2031, 12, 31)))  # noqa: DTZ001
def test_any_minute_is_muted_as_announced(one: Maintenance, at: datetime) -> None:
    (interval,) = time_intervals([one])
    instant = at.replace(tzinfo=UTC)
    assert mutes(interval, instant) == one.covers(instant)


FORMS = [
    "day",
    "sunday",
    "first sunday of the month",
    "third monday of the month",
    "last sunday of the month",
    "day 27 of the month",
    "last day of the month",
]


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("months", [[], ["february"], ["december"]])
@pytest.mark.parametrize(("begins", "hours"), [("22:00", 2), ("23:00", 3), ("02:00", 24)])
def test_each_form_is_muted_on_its_days_around_midnight_and_the_ends_of_months(
    text: str, months: list[str], begins: str, hours: int
) -> None:
    one = maintenance(parse_recurrence(text, months), begins, hours)
    (interval,) = time_intervals([one])
    first = datetime(2027, 11, 1, tzinfo=UTC)  # up to the end of February in a leap year
    ends = {number for hour in (0, 2, 22, 23) for number in (60 * hour - 1, 60 * hour)}
    instants = [first + day * DAY + number * MINUTE for day in range(125) for number in ends]
    assert [at for at in instants if mutes(interval, at) != one.covers(at)] == []
    times = [times for entry in interval["time_intervals"] for times in entry["times"]]
    assert all(_minutes(one["start_time"]) < _minutes(one["end_time"]) for one in times)


def maintenance(days: date | Recurrence, begins: str, hours: float, **fields: Any) -> Maintenance:
    wanted: dict[str, Any] = {"services": (), "environments": (), "zone": ZoneInfo("UTC")}
    return Maintenance(
        name="patches",
        days=days,
        begins=time.fromisoformat(begins),
        lasts=timedelta(hours=hours),
        **(wanted | fields),
    )


def test_a_window_across_midnight_is_two_entries() -> None:
    (found,) = time_intervals(
        [maintenance(parse_recurrence("last sunday of the month"), "23:00", 3)]
    )
    assert found == {
        "name": "guardia-maintenance-patches",
        "time_intervals": [
            {
                "times": [{"start_time": "23:00", "end_time": "24:00"}],
                "weekdays": ["sunday"],
                "days_of_month": ["-7:-1"],
                "location": "UTC",
            },
            {
                "times": [{"start_time": "00:00", "end_time": "02:00"}],
                "weekdays": ["monday"],
                "days_of_month": ["-6:-1"],
                "location": "UTC",
            },
            {
                "times": [{"start_time": "00:00", "end_time": "02:00"}],
                "weekdays": ["monday"],
                "days_of_month": ["1"],
                "location": "UTC",
            },
        ],
    }


@pytest.mark.parametrize("text", ["fourth sunday of the month", "day 28 of the month"])
def test_what_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="29th of February"):
        time_intervals([maintenance(parse_recurrence(text), "23:00", 2)])


# Clocks in Lisbon: forward at 01:00 on 29 March 2026, back at 02:00 on 25 October 2026.
@pytest.mark.parametrize(
    ("on", "begins", "hours", "minutes"),
    [
        (date(2026, 3, 29), "01:00", 1, 0),  # the whole window is skipped
        (date(2026, 3, 29), "00:30", 2, 60),
        (date(2026, 10, 25), "01:00", 1, 120),  # comes twice, and is announced twice
        (date(2026, 10, 26), "01:00", 1, 60),
    ],
)
def test_a_window_is_what_the_wall_clock_shows(
    on: date, begins: str, hours: float, minutes: int
) -> None:
    one = maintenance(on, begins, hours, zone=ZoneInfo("Europe/Lisbon"))
    midnight = datetime.combine(on, time(), tzinfo=UTC) - 6 * timedelta(hours=1)
    covered = [one.covers(midnight + number * MINUTE) for number in range(36 * 60)]
    assert sum(covered) == minutes


def test_only_what_is_announced_for_the_service_and_environment_counts() -> None:
    on, at = date(2026, 12, 6), datetime(2026, 12, 6, 3, tzinfo=UTC)
    one = maintenance(on, "02:00", 2, services=("casos",), environments=("prod",))
    everywhere = maintenance(on, "02:00", 2)

    def found(*announced: Maintenance, service: str | None, environment: str | None) -> bool:
        return is_announced(announced, service=service, environment=environment, at=at) is not None

    assert found(one, service="casos", environment="prod")
    assert not found(one, service="casos", environment="qa")
    assert not found(one, service="derivacion", environment="prod")
    assert not found(one, service=None, environment=None)
    assert found(one, everywhere, service=None, environment=None)
    assert is_announced([one], service="casos", environment="prod", at=at - 2 * DAY) is None


@pytest.mark.parametrize(
    "text", ["sundays", "every sunday", "fifth sunday of the month", "day 29 of the month", "day 0"]
)
def test_other_recurrences_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="recurrences"):
        parse_recurrence(text)
