"""The hours of the week in which a channel is told, and when they are next open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.oncall.model import Restriction
from router.oncall.restrictions import open_spans

# Hours of one weekday are a week apart. Clocks may skip them once: Apia had no
# 30 December 2011, a Friday.
_FORESEEN: Final = timedelta(days=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours on the wall clock of `zone`, by at least one of the restrictions."""

    zone: ZoneInfo
    only: tuple[Restriction, ...]


def next_open(hours: Hours, now: datetime) -> datetime:
    """Return `now` while the hours are open, else the UTC instant at which they next begin.

    Each restriction opens at least every other week, whatever the clocks do.
    Were it otherwise, it would be `now`: better told at night than never.
    """
    spans = open_spans(hours.only, hours.zone, now, now + _FORESEEN)
    return spans[0][0] if spans else now


def first_open(alternatives: Sequence[Hours], now: datetime) -> datetime:
    """Return when the first of several hours is open, `now` at the earliest.

    Raises ValueError when there are none.
    """
    return min(next_open(hours, now) for hours in alternatives)


def is_always_open(only: Sequence[Restriction]) -> bool:
    """Say whether the restrictions leave no minute of the week out."""
    monday = datetime(2026, 1, 5, tzinfo=ZoneInfo("UTC"))  # any other would do
    end = monday + timedelta(days=7)
    return open_spans(only, ZoneInfo("UTC"), monday, end) == ((monday, end),)
