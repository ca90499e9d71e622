"""From a zone's wall clock to instants: the one rule for hours that are skipped or come twice.

A time-zone bug of rotations, restrictions and overrides can only be here:
everything else compares UTC instants.
"""

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# Of Python's date.weekday(), whatever the system's language is.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Counting turns must stay far from the ends of the calendar, the years 1 and 9999.
_DATE = re.compile(r"(19|20|21)\d\d-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<clock>([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?) ?(?P<offset>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


@lru_cache(maxsize=16_384)  # a schedule is asked again and again, and about the same days
def wall_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the wall clock of `zone` first shows `clock` on `day`.

    Clocks set forward skip wall-clock times: then it is the first instant
    after the gap. Clocks set back show some times twice: then it is the
    first of the two. Source: PEP 495, "Local Time Disambiguation".
    """
    wall = datetime.combine(day, clock.replace(fold=0, tzinfo=None))
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a gap, fold=0 reads the wall time by the old offset and so lands after
    # the change; fold=1 reads it by the new offset and lands before.
    return _change_between(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def parse_date(text: str) -> date:
    """Return the day that `YYYY-MM-DD` names, of the years 1900 to 2199.

    Raises ValueError for every other text, and for a day that no calendar has.
    """
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date")
    return date.fromisoformat(text)


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the UTC instant that a person means by `text`.

    `2026-12-24 09:00` is the wall clock of `zone`, `2026-12-24` its midnight;
    with an offset (`2026-12-24 09:00+01:00`, or `Z`) it is that instant
    whatever the zone. A `T` may stand between date and time, and seconds behind.

    Raises ValueError for every other text, and outside of the years 1900 to 2199.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date and time")
    day, clock = parse_date(match["day"]), time.fromisoformat(match["clock"] or "00:00")
    if match["offset"] is None:
        return wall_instant(day, clock, zone)
    offset: tzinfo | None = datetime.fromisoformat(f"2000-01-01T00:00{match['offset']}").tzinfo
    return datetime.combine(day, clock, tzinfo=offset).astimezone(UTC)


def has_offset(text: str) -> bool:
    """Say whether `text`, which parse_moment takes, names its instant without any zone's help."""
    match = _MOMENT.fullmatch(text)
    return match is not None and match["offset"] is not None


def show_moment(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as the wall clock of `zone` shows it, with its weekday."""
    wall = at.astimezone(zone)
    return f"{WEEKDAYS[wall.weekday()][:3].capitalize()} {wall:%Y-%m-%d %H:%M}"


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant in (before, after] at which the offset differs from `before`'s."""
    old_offset = before.astimezone(zone).utcoffset()

    def has_changed(seconds: int) -> bool:
        at = before + timedelta(seconds=seconds)
        return at.astimezone(zone).utcoffset() != old_offset

    seconds = range(int((after - before).total_seconds()) + 1)  # zones change at whole seconds
    return before + timedelta(seconds=bisect_left(seconds, True, key=has_changed))
