"""The `maintenance:` part of catalog.yaml to announcements."""

import re
from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from guardia.document import Pointer
from guardia.duration import format_duration
from guardia.maintenance import Maintenance, Recurrence, guess_recurrence, parse_recurrence
from guardia.reading import Reading

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_LONGEST = timedelta(days=14)


def read_maintenance(
    reading: Reading, *, environments: Collection[str], services: Collection[str] | None
) -> tuple[Maintenance, ...]:
    """Return what is announced; an announcement with a problem is noted and left out.

    `services` are the names declared, or None while not all of their files
    could be read: then they are not checked.
    """
    seen: dict[str, str] = {}
    found = []
    for index in range(reading.count(("maintenance",))):
        at: Pointer = ("maintenance", index)
        reading.duplicate((*at, "name"), "maintenance", seen)
        _check_names(reading, (*at, "environments"), "environment", environments)
        if services is not None:
            _check_names(reading, (*at, "services"), "service", services)
        found.append(_read_one(reading, at))
    return tuple(one for one in found if one is not None)


def _check_names(reading: Reading, at: Pointer, what: str, known: Collection[str]) -> None:
    for index in range(reading.count(at)):
        reading.reference((*at, index), what, known, f"declare the {what}, or leave the name out")


def _read_one(reading: Reading, at: Pointer) -> Maintenance | None:
    zone = reading.zone(
        (*at, "zone"),
        why="the zone says when the wall clock shows the beginning, also when clocks change",
    )
    lasts = reading.duration((*at, "lasts"), longest=_LONGEST)
    begins = _read_begin(reading, at)
    if zone is None or lasts is None or begins is None:
        return None
    found = Maintenance(
        name=reading.value((*at, "name")),
        services=tuple(reading.value((*at, "services"), ())),
        environments=tuple(reading.value((*at, "environments"), ())),
        zone=zone,
        days=begins[0],
        begins=begins[1],
        lasts=lasts,
    )
    return found if _is_expressible(reading, at, found) else None


def _read_begin(reading: Reading, at: Pointer) -> tuple[date | Recurrence, time] | None:
    """Return the days and the time of day, from `starts` or from `every` and `at`."""
    once = reading.value((*at, "starts")) is not None
    again = [key for key in ("every", "at", "months") if reading.value((*at, key)) is not None]
    if once == bool(again) or (again and not {"every", "at"} <= set(again)):
        given = [*(["starts"] if once else []), *again]
        reading.problem(
            "maintenance-unclear",
            (*at, "name"),
            f"when does `{reading.value((*at, 'name'))}` begin?",
            label=f"has {' and '.join(f'`{key}`' for key in given) or 'neither form'}",
            why="a maintenance is for once (`starts`) or recurs (`every` and `at`)",
            fix="write `starts: 2026-12-06 02:00`, or `every: sunday` with `at: 02:00`",
        )
        return None
    return _read_once(reading, (*at, "starts")) if once else _read_again(reading, at)


def _read_once(reading: Reading, at: Pointer) -> tuple[date, time] | None:
    text = reading.value(at)
    try:
        if re.fullmatch(r"(19|20|21)\d\d-\d\d-\d\d ([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
            starts = datetime.fromisoformat(text)
            return starts.date(), starts.time()
    except ValueError:  # such as the 30th of February
        pass
    reading.problem(
        "date-invalid",
        at,
        f"{text} is not a date and a time",
        label="must be YYYY-MM-DD HH:MM, a day of the calendar",
        why="the maintenance begins when the wall clock of its zone shows this",
        fix="write a date and a time such as 2026-12-06 02:00",
    )
    return None


def _read_again(reading: Reading, at: Pointer) -> tuple[Recurrence, time] | None:
    text = reading.value((*at, "every"))
    begins = reading.time_of_day(
        (*at, "at"),
        why="the maintenance begins when the wall clock of its zone shows this time",
        example="02:00",
    )
    try:
        days = parse_recurrence(text, reading.value((*at, "months"), ()))
    except ValueError as error:
        guess = guess_recurrence(text)
        if guess is not None:
            reading.problem(
                "wrong-value",
                (*at, "every"),
                str(error),
                label=f"did you mean `{guess}`?",
                why="each recurrence is written in one way, in small letters",
                fix=f"write `{guess}`",
            )
            return None
        _inexpressible(
            reading,
            (*at, "every"),
            str(error),
            label="must be a day, a weekday, or a day of the month",
            fix="use `day`, `sunday`, `first sunday of the month`, `last sunday of the month`,"
            " `day 15 of the month` (1 to 28) or `last day of the month`",
        )
        return None
    return None if begins is None else (days, begins)


def _is_expressible(reading: Reading, at: Pointer, found: Maintenance) -> bool:
    """Note what Alertmanager's time intervals, which know days and minutes, cannot say.

    Source: Alertmanager documentation, "Configuration", time_interval.
    """
    lasts = format_duration(found.lasts)
    if found.lasts % _MINUTE:
        _inexpressible(
            reading,
            (*at, "lasts"),
            f"{lasts} is not a number of whole minutes",
            label="must be whole minutes",
            fix="round it up to a minute",
        )
        return False
    if isinstance(found.days, date):
        return True
    if found.lasts > _DAY:
        _inexpressible(
            reading,
            (*at, "lasts"),
            f"a recurring maintenance cannot last {lasts}",
            label="must be at most 1d",
            fix="announce one for each of its days",
        )
        return False
    return not _ends_beyond_february(reading, at, found, found.days)


def _ends_beyond_february(
    reading: Reading, at: Pointer, found: Maintenance, days: Recurrence
) -> bool:
    """Note a window that ends on a day which is sometimes the 29th of February and sometimes not.

    The day after the fourth Sunday is the 23rd to 29th, or the 1st of March;
    after the 1st of March alone one cannot tell which Sunday it was.
    """
    ends = datetime.combine(date.min, found.begins) + found.lasts
    crosses_midnight = ends > datetime.combine(date.min, time()) + _DAY
    if not crosses_midnight or (days.nth != 4 and days.day != 28):
        return False
    _inexpressible(
        reading,
        (*at, "every"),
        f"`{reading.value((*at, 'every'))}` cannot end after midnight",
        label="the next day is sometimes the 1st of March",
        fix="use another day, such as the last one, or begin after midnight",
    )
    return True


def _inexpressible(reading: Reading, at: Pointer, message: str, *, label: str, fix: str) -> None:
    reading.problem(
        "maintenance-inexpressible",
        at,
        message,
        label=label,
        why="Alertmanager's time intervals could not say it, and would mute other minutes",
        fix=fix,
    )
