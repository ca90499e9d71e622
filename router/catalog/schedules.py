"""Schedules of the on-call files: rotations on the wall clock of a zone."""

import re
from datetime import date, timedelta

from guardia.document import Pointer
from guardia.reading import Reading
from router.catalog.names import Names
from router.oncall.model import PersonId, Rotation, Schedule, ScheduleId

_DAY = timedelta(days=1)


def read_schedules(reading: Reading, names: Names) -> list[Schedule]:
    """Return the schedules of one file; one with a problem is left out."""
    found = []
    for index in range(reading.count(("schedules",))):
        at: Pointer = ("schedules", index, "rotation")
        names.check(reading, (*at, "people"), "person", names.people)
        rotation = _rotation(reading, at)
        if rotation is not None:
            schedule = ScheduleId(reading.value(("schedules", index, "id")))
            found.append(Schedule(id=schedule, rotation=rotation))
    return found


def _rotation(reading: Reading, at: Pointer) -> Rotation | None:
    days = _days(reading, (*at, "shift"))
    starts_on = _date(reading, (*at, "starts"))
    handoff = reading.time_of_day(
        (*at, "handoff"),
        why="the handoff is when the wall clock of the rotation's zone shows this time",
        example="09:00",
    )
    zone = reading.zone(
        (*at, "zone"),
        why="the zone says when the wall clock shows the handoff, also when clocks change",
    )
    if days is None or starts_on is None or handoff is None or zone is None:
        return None
    return Rotation(
        people=tuple(PersonId(person) for person in reading.value((*at, "people"))),
        zone=zone,
        handoff=handoff,
        starts_on=starts_on,
        days_per_shift=days,
    )


def _days(reading: Reading, at: Pointer) -> int | None:
    shift = reading.duration(at)
    if shift is None:
        return None
    if shift % _DAY:
        reading.problem(
            "shift-invalid",
            at,
            f"a shift of {reading.value(at)} is not a number of whole days",
            label="must be whole days",
            why="a handoff is at the same wall-clock time each time, so shifts are counted in days",
            fix="use 1d for daily, 7d for weekly, 14d for every other week",
        )
        return None
    return shift // _DAY


def _date(reading: Reading, at: Pointer) -> date | None:
    text = reading.value(at)
    try:
        if re.fullmatch(r"(19|20|21)\d\d-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:  # such as the 30th of February
        pass
    reading.problem(
        "date-invalid",
        at,
        f"{text} is not a date",
        label="must be YYYY-MM-DD, a day of the calendar",
        why="the first person's first turn starts on it, and every later turn is counted from it",
        fix="write a date such as 2026-01-05; its weekday is the day of the handoff",
    )
    return None
