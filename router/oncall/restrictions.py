"""The hours of the week in which a layer counts, as spans of time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from router.oncall.model import Restriction
from router.oncall.wall_clock import wall_instant

Span = tuple[datetime, datetime]  # half-open, UTC instants

_DAY = timedelta(days=1)


def open_spans(
    only: Sequence[Restriction], zone: ZoneInfo, start: datetime, end: datetime
) -> tuple[Span, ...]:
    """Return when any of the restrictions lets a layer count, from `start` on, before `end`.

    In order; what touches is one span, so that Saturday and Sunday are one. Hours
    that the clocks skip as a whole are left out.
    """
    found: list[Span] = []
    for begins, ends in sorted(_hours(only, zone, start, end)):
        begins, ends = max(begins, start), min(ends, end)  # noqa: PLW2901 - only what is asked for
        if begins >= ends:
            continue
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return tuple(found)


def _hours(
    only: Sequence[Restriction], zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Span]:
    day = start.astimezone(zone).date() - 2 * _DAY  # yesterday's hours may run over midnight
    last = end.astimezone(zone).date() + _DAY  # which may have begun, where midnight comes twice
    while day <= last:
        for one in only:
            if day.weekday() in one.weekdays:
                next_day = day + _DAY if one.to <= one.since else day
                yield wall_instant(day, one.since, zone), wall_instant(next_day, one.to, zone)
        day += _DAY
