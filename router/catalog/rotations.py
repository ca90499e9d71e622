"""Rotations of the on-call files: who takes turns, how long, from when, in which hours."""

import re
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from guardia.document import Pointer
from guardia.reading import Reading
from router.catalog.names import Names
from router.oncall.model import Days, Member, Months, PersonId, Restriction, Rotation
from router.oncall.wall_clock import WEEKDAYS, parse_date

_DAY = timedelta(days=1)
_MONTHS = re.compile(r"(?P<count>[1-9][0-9]?)months?", re.ASCII)


def read_rotation(
    reading: Reading, at: Pointer, names: Names, zone: ZoneInfo | None
) -> Rotation | None:
    """Return the rotation whose keys are in the mapping at `at`; None with its problems.

    `zone` is that of the rotation; None when there was a problem with it.
    """
    people = [
        _member(reading, (*at, "people", index), names)
        for index in range(reading.count((*at, "people")))
    ]
    shift = _shift(reading, (*at, "shift"))
    starts_on = _date(
        reading,
        (*at, "starts"),
        why="the first person's first turn starts on it, and every later turn is counted from it",
        fix="write a date such as 2026-01-05; its weekday is the day of the handoff",
    )
    handoff = reading.time_of_day(
        (*at, "handoff"),
        why="the handoff is when the wall clock of the rotation's zone shows this time",
        example="09:00",
    )
    if shift is None or starts_on is None or handoff is None or zone is None:
        return None
    return Rotation(
        people=tuple(people), zone=zone, handoff=handoff, starts_on=starts_on, shift=shift
    )


def read_restrictions(reading: Reading, at: Pointer) -> tuple[Restriction, ...]:
    """Return the restrictions in the list at `at`; none when it is left out.

    A time that is left out is midnight, and weekdays that are left out are all.
    """
    return tuple(
        Restriction(
            weekdays=frozenset(
                WEEKDAYS.index(name) for name in reading.value((*at, index, "weekdays"), WEEKDAYS)
            ),
            since=_time(reading, (*at, index, "from")),
            to=_time(reading, (*at, index, "to")),
        )
        for index in range(reading.count(at))
    )


def _member(reading: Reading, at: Pointer, names: Names) -> Member:
    if isinstance(reading.value(at), str):
        names.check(reading, at, "person", names.people)
        return Member(person=PersonId(reading.value(at)))
    names.check(reading, (*at, "person"), "person", names.people)
    joins_on, leaves_on = (_member_date(reading, (*at, key)) for key in ("from", "until"))
    if joins_on is not None and leaves_on is not None and leaves_on <= joins_on:
        reading.problem(
            "dates-order",
            (*at, "until"),
            f"{leaves_on.isoformat()} is not after {joins_on.isoformat()}",
            label="must be after `from`",
            why="`until` is the first day without this person, so they would never have a turn",
            fix="write a later date, or exchange the two",
        )
    return Member(
        person=PersonId(reading.value((*at, "person"))), joins_on=joins_on, leaves_on=leaves_on
    )


def _member_date(reading: Reading, at: Pointer) -> date | None:
    if reading.value(at) is None:
        return None
    return _date(
        reading,
        at,
        why="at the handoff's time on it this person joins (`from`) or leaves (`until`)",
        fix="write a date such as 2026-03-01",
    )


def _shift(reading: Reading, at: Pointer) -> Days | Months | None:
    text = reading.value(at)
    months = _MONTHS.fullmatch(text)
    if months is not None:
        return Months(int(months["count"]))
    if "month" in text:
        _shift_problem(reading, at, f"{text} is not a number of months")
        return None
    shift = reading.duration(at)
    if shift is None:
        return None
    if shift % _DAY:
        _shift_problem(reading, at, f"a shift of {text} is not a number of whole days")
        return None
    return Days(shift // _DAY)


def _shift_problem(reading: Reading, at: Pointer, message: str) -> None:
    reading.problem(
        "shift-invalid",
        at,
        message,
        label="must be whole days or months",
        why="a handoff is at the same wall-clock time each time, so shifts are counted in days",
        fix="use 1d for daily, 7d for weekly, 14d for every other week, 1month for monthly",
    )


def _date(reading: Reading, at: Pointer, *, why: str, fix: str) -> date | None:
    text = reading.value(at)
    try:
        return parse_date(text)
    except ValueError:
        reading.problem(
            "date-invalid",
            at,
            f"{text} is not a date",
            label="must be YYYY-MM-DD, a day of the calendar",
            why=why,
            fix=fix,
        )
    return None


def _time(reading: Reading, at: Pointer) -> time:
    if reading.value(at) is None:
        return time()
    found = reading.time_of_day(
        at, why="a restriction's hours are what the wall clock shows", example="08:00"
    )
    return found or time()
