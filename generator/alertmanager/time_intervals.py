"""Announced maintenance as Alertmanager's time intervals.

Source: Alertmanager documentation, "Configuration", time_interval: all parts
of an entry must hold on the wall clock of its location, end times are
exclusive, days of the month below 0 count from its end.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from generator.naming import maintenance_interval
from guardia.maintenance import LAST, MONTHS, WEEKDAYS, Maintenance, Recurrence

_DAY = timedelta(days=1)
_MIDNIGHT = "24:00"

Days = Mapping[str, list[str]]  # the parts of an entry that choose days


def time_intervals(announced: Iterable[Maintenance]) -> list[dict[str, Any]]:
    """Return the named time intervals that cover exactly the minutes that are announced.

    Raises ValueError for a recurring window that lasts beyond the next day, or
    ends on a day that cannot be told (the catalog refuses both).
    """
    return [
        {"name": maintenance_interval(one.name), "time_intervals": list(_entries(one))}
        for one in announced
    ]


def _entries(maintenance: Maintenance) -> Iterator[dict[str, Any]]:
    location = maintenance.zone.key
    for days, begins, ends in _pieces(maintenance):
        times = [{"start_time": begins, "end_time": ends}]
        yield {"times": times, **days, "location": location}


def _pieces(maintenance: Maintenance) -> Iterator[tuple[Days, str, str]]:
    """Yield each window cut at midnight: the days, and the times of day."""
    if isinstance(maintenance.days, date):
        yield from _once(maintenance, maintenance.days)
        return
    begins = datetime.combine(date.min, maintenance.begins)
    midnight = datetime.combine(date.min, time()) + _DAY
    ends = begins + maintenance.lasts
    if ends > midnight + _DAY:
        raise ValueError(f"{maintenance.name} lasts beyond the next day")
    first_end = _MIDNIGHT if ends >= midnight else _clock(ends)
    yield _on(maintenance.days), _clock(begins), first_end
    if ends > midnight:
        for days in _day_after(maintenance.days):
            yield days, _clock(midnight), _MIDNIGHT if ends == midnight + _DAY else _clock(ends)


def _once(maintenance: Maintenance, on: date) -> Iterator[tuple[Days, str, str]]:
    begins = datetime.combine(on, maintenance.begins)
    ends = begins + maintenance.lasts
    while begins < ends:
        midnight = datetime.combine(begins.date(), time()) + _DAY
        yield (
            _date(begins.date()),
            _clock(begins),
            _MIDNIGHT if ends >= midnight else _clock(ends),
        )
        begins = midnight


def _date(on: date) -> Days:
    return {
        "days_of_month": [str(on.day)],
        "months": [MONTHS[on.month - 1]],
        "years": [str(on.year)],
    }


def _on(days: Recurrence) -> Days:
    """Return the parts that choose exactly the days of a recurrence."""
    if days.nth == LAST:
        of_month = "-7:-1"
    elif days.nth is not None:
        of_month = f"{7 * days.nth - 6}:{7 * days.nth}"
    else:
        of_month = "" if days.day is None else str(days.day)
    return _parts(days.weekday, of_month, days.months)


def _day_after(days: Recurrence) -> Iterator[Days]:
    """Yield the parts that together choose exactly the days after those of a recurrence."""
    weekday = None if days.weekday is None else (days.weekday + 1) % 7
    next_months = tuple(sorted(month % 12 + 1 for month in days.months))
    into_next_month = _parts(weekday, "1", next_months)
    if days.nth == 4 or days.day == 28:
        raise ValueError("the day after is sometimes the 29th of February and sometimes not")
    if days.day == LAST:
        yield into_next_month
    elif days.day is not None:
        yield _parts(weekday, str(days.day + 1), days.months)
    elif days.nth == LAST:
        yield _parts(weekday, "-6:-1", days.months)
        yield into_next_month
    elif days.nth is not None:
        yield _parts(weekday, f"{7 * days.nth - 5}:{7 * days.nth + 1}", days.months)
    elif days.months:
        yield _parts(weekday, "2:-1", days.months)
        yield into_next_month
    else:
        yield _parts(weekday, "", ())


def _parts(weekday: int | None, of_month: str, months: Iterable[int]) -> Days:
    parts = {
        "weekdays": [] if weekday is None else [WEEKDAYS[weekday]],
        "days_of_month": [of_month] if of_month else [],
        "months": [MONTHS[month - 1] for month in months],
    }
    return {name: values for name, values in parts.items() if values}


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"
