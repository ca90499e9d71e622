"""Announced maintenance: when a service is expected to fail, so that nobody is woken for it.

A window is what the clock on the wall of its zone shows. When clocks go
forward, it loses the hour that is skipped; when they go back, an hour that
comes twice is announced both times.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from guardia.word import nearest

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LAST = -1  # weekday of its kind, or day, of a month

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": LAST}
_WEEKDAY = "|".join(WEEKDAYS)
_EVERY = re.compile(
    rf"(?P<daily>day)|(?P<weekday>{_WEEKDAY})"
    rf"|(?P<nth>{'|'.join(_ORDINALS)}) (?P<of_month>{_WEEKDAY}) of the month"
    r"|day (?P<number>[1-9]|1\d|2[0-8]) of the month|(?P<final>last day of the month)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """The days on which a maintenance begins again and again; None restricts nothing.

    `nth` only goes with `weekday`: 1 to 4, or LAST, of the weekdays of that
    name in the month. `day` is 1 to 28 or LAST. No months are all months.
    """

    weekday: int | None = None  # 0 is Monday
    nth: int | None = None
    day: int | None = None
    months: tuple[int, ...] = ()

    def includes(self, on: date) -> bool:
        """Say whether a maintenance begins on this day."""
        length = monthrange(on.year, on.month)[1]
        is_last_week, week = on.day > length - 7, (on.day - 1) // 7 + 1
        return (
            (self.weekday is None or on.weekday() == self.weekday)
            and (self.nth is None or (is_last_week if self.nth == LAST else week == self.nth))
            and (self.day is None or on.day == (length if self.day == LAST else self.day))
            and (not self.months or on.month in self.months)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """One announcement, for once or recurring. No services are all services; so with environments.

    It begins when the wall clock of the zone shows `begins` on one of the
    days, and lasts whole minutes of that clock.
    """

    name: str
    services: tuple[str, ...]
    environments: tuple[str, ...]
    zone: ZoneInfo
    days: date | Recurrence
    begins: time
    lasts: timedelta

    def concerns(self, service: str | None, environment: str | None) -> bool:
        """Say whether it is announced for this service in this environment."""
        return (not self.services or service in self.services) and (
            not self.environments or environment in self.environments
        )

    def covers(self, at: datetime) -> bool:
        """Say whether the instant `at` (aware) falls into one of its windows."""
        return bool(self._ends_shown(at))

    def ends_at(self, at: datetime) -> datetime:
        """Return when the window that covers the instant `at` ends, in UTC.

        Of an end that the clocks show twice, the later one; one that they skip
        is when they do. Raises ValueError when none covers it.
        """
        ends = self._ends_shown(at)
        if not ends:
            raise ValueError(f"{self.name} does not cover {at}")
        shown = max(ends)
        by_clock = shown.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        ends_at = max(by_clock, at.astimezone(UTC).replace(second=0, microsecond=0))
        while shown in self._ends_shown(ends_at):
            ends_at += timedelta(minutes=1)
        return ends_at

    def _ends_shown(self, at: datetime) -> list[datetime]:
        """Return what the wall clock shows at the ends of the windows that cover `at`."""
        shown = at.astimezone(self.zone).replace(tzinfo=None)
        days_back = range((self.lasts // timedelta(days=1)) + 2)
        starts = (
            datetime.combine(shown.date() - timedelta(days=days), self.begins) for days in days_back
        )
        return [
            start + self.lasts
            for start in starts
            if start <= shown < start + self.lasts and self._begins_on(start.date())
        ]

    def _begins_on(self, on: date) -> bool:
        return on == self.days if isinstance(self.days, date) else self.days.includes(on)


def is_announced(
    announced: Iterable[Maintenance],
    *,
    service: str | None,
    environment: str | None,
    at: datetime,
) -> Maintenance | None:
    """Return the first maintenance announced for the service and environment at an aware instant.

    None for `service` or `environment` means an alert without that label: only
    what is announced for all of them concerns it.
    """
    return next(
        (one for one in announced if one.concerns(service, environment) and one.covers(at)), None
    )


_KNOWN = (
    "day",
    *WEEKDAYS,
    *(f"{ordinal} {weekday} of the month" for ordinal in _ORDINALS for weekday in WEEKDAYS),
    *(f"day {day} of the month" for day in range(1, 29)),
    "last day of the month",
)
_CLOSE = 0.9  # of 1, as guardia.word.nearest counts: capitals, an s too many


def guess_recurrence(text: str) -> str | None:
    """Return the form of parse_recurrence that a text nearly is, or None."""
    return nearest(text, _KNOWN, close=_CLOSE)


def parse_recurrence(text: str, months: Iterable[str] = ()) -> Recurrence:
    """Return the days that `text` names.

    Forms: `day`, `sunday`, `first sunday of the month` (to fourth, and last),
    `day 15 of the month` (1 to 28), `last day of the month`. `months` are
    names of MONTHS. Raises ValueError for anything else.
    """
    match = _EVERY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not one of the recurrences that can be announced")
    weekday = match["weekday"] or match["of_month"]
    day = LAST if match["final"] else int(match["number"]) if match["number"] else None
    return Recurrence(
        weekday=None if weekday is None else WEEKDAYS.index(weekday),
        nth=None if match["nth"] is None else _ORDINALS[match["nth"]],
        day=day,
        months=tuple(sorted(MONTHS.index(month) + 1 for month in months)),
    )
