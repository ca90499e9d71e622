"""Durations as Prometheus writes them: `30s`, `5m`, `2m30s`, `30d`."""

import re
from datetime import timedelta
from functools import lru_cache

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_SPOKEN = {
    "w": ("w", "week", "weeks"),
    "d": ("d", "day", "days"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "m": ("m", "min", "mins", "minute", "minutes", ""),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "millisecond", "milliseconds"),
}
# Longer names first: `minutes` begins like `min`.
_NAMES = sorted((name for names in _SPOKEN.values() for name in names), key=len, reverse=True)
_LOOSE = re.compile(
    rf"(?P<number>[0-9]{{1,6}}(?:\.[0-9]{{1,3}})?)(?P<unit>{'|'.join(_NAMES)})", re.ASCII
)
_LONGEST = 40  # characters
_PATTERN = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _UNITS), re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Return the length that `text` names; weeks are 7 days and days 24 hours.

    Raises ValueError for anything else than descending units, each at most
    once, and for a length of nothing or above ten thousand days.

    Source: Prometheus documentation, "Querying basics", time durations. Years
    are left out: they would be 365 days, which no calendar agrees with.
    """
    match = _PATTERN.fullmatch(text)
    if not text or match is None or len(text) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST]!r} is not a duration")
    parts = {unit: int(number) for unit, number in match.groupdict().items() if number}
    try:
        total = sum((_UNITS[unit] * number for unit, number in parts.items()), timedelta())
    except OverflowError:
        raise ValueError(f"{text!r} is too long") from None
    if not timedelta() < total <= timedelta(days=10_000):
        raise ValueError(f"{text!r} must be more than nothing and at most 10000 days")
    return total


@lru_cache(maxsize=1024)  # a catalog names few lengths, many thousand times
def guess_duration(text: str) -> str | None:
    """Return the duration that a text most likely means, as Prometheus writes it, or None.

    `1 minute`, `90min`, `1h 30m` and `1.5h` are read by the first letters of
    their units; of `1h30` the rest is minutes. A number alone may mean anything.
    """
    bare = re.sub(r"\s+|,|\band\b", "", text.lower()) if len(text) <= _LONGEST else ""
    parts = list(_LOOSE.finditer(bare))
    if not any(part["unit"] for part in parts) or "".join(part[0] for part in parts) != bare:
        return None
    total = timedelta()
    for part in parts:
        unit = next(unit for unit, names in _SPOKEN.items() if part["unit"] in names)
        total += _UNITS[unit] * float(part["number"])
    try:
        return format_duration(parse_duration(format_duration(total)))
    except ValueError:
        return None


@lru_cache(maxsize=1024)  # a catalog names few lengths, many thousand times
def format_duration(duration: timedelta) -> str:
    """Return the shortest Prometheus duration: hours rather than minutes, days rather than hours.

    Weeks are not used, so that 30d stays 30d. Raises ValueError for a
    negative length or one with a fraction of a millisecond.
    """
    left = duration
    if left < timedelta() or left % _UNITS["ms"]:
        raise ValueError(f"{duration} has no Prometheus form")
    text = ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, _UNITS[unit])
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def spoken_duration(duration: timedelta) -> str:
    """Return the length for a sentence, whole seconds at most: `21 min 36 s`, `2 days`."""
    seconds = round(duration.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"
