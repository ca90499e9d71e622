"""Times as the API's callers write them; shifts and overrides as JSON."""

import re
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from router.oncall.model import PersonId, Roster, Schedule, Shift
from router.oncall.overrides import MadeOverride, find_remark
from router.oncall.restrictions import Span
from router.oncall.shifts import shifts, uncovered
from router.oncall.wall_clock import has_offset, parse_moment

ROWS_SHOWN: Final = 50  # of the roster that comes out of an override
_BESIDE: Final = datetime.resolution
_LONGEST_INSTANT: Final = 40
_FRACTION: Final = re.compile(r"\.[0-9]{1,9}(?=[Zz+-])")
_UTC: Final = ZoneInfo("UTC")


def read_instant(text: str) -> datetime | None:
    """Return the UTC instant of an RFC 3339 time, to the second; None for every other text.

    A time without an offset is none: whose wall clock it is on would be a guess.
    """
    if len(text) > _LONGEST_INSTANT:
        return None
    whole = _FRACTION.sub("", text).upper()
    try:
        return parse_moment(whole, _UTC) if has_offset(whole) else None
    except ValueError:
        return None


def render_shift(shift: Shift | None, roster: Roster) -> dict[str, Any] | None:
    """Return one shift; None when nobody is on call."""
    if shift is None:
        return None
    return {
        "person": shift.person,
        "name": _name(shift.person, roster),
        "starts_at": shift.starts_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
        "because": shift.because,
    }


def render_override(made: MadeOverride, roster: Roster) -> dict[str, Any]:
    """Return an override with who made and cancelled it; `remark` says why it does nothing."""
    schedule = roster.schedules.get(made.schedule)
    return {
        "number": made.number,
        "schedule": made.schedule,
        "zone": "UTC" if schedule is None else schedule.zone.key,
        "person": made.person,
        "name": _name(made.person, roster),
        "starts_at": made.starts_at.isoformat(),
        "ends_at": made.ends_at.isoformat(),
        "reason": made.reason,
        "created_at": made.created_at.isoformat(),
        "created_by": made.created_by,
        "cancelled_at": None if made.cancelled_at is None else made.cancelled_at.isoformat(),
        "cancelled_by": made.cancelled_by,
        "remark": find_remark(roster, made),
    }


def render_rows(
    schedule: Schedule, roster: Roster, *, start: datetime, end: datetime
) -> list[dict[str, Any]]:
    """Return who is on call in [start, end) and just beside it, in order.

    Times within it in which nobody is are rows without a person.
    """
    found = shifts(schedule, start - _BESIDE, end + _BESIDE)
    rows = [(one.starts_at, render_shift(one, roster)) for one in found]
    spans = [(one.starts_at, one.ends_at) for one in found]
    rows += [(span[0], _render_gap(schedule, span)) for span in uncovered(spans, start, end)]
    return [row for _, row in sorted(rows, key=lambda one: one[0]) if row is not None][:ROWS_SHOWN]


def _render_gap(schedule: Schedule, span: Span) -> dict[str, Any]:
    return {
        "person": None,
        "name": None,
        "starts_at": span[0].isoformat(),
        "ends_at": span[1].isoformat(),
        "because": f"gap of {schedule.id}",
    }


def _name(person: PersonId, roster: Roster) -> str:
    known = roster.people.get(person)
    return person if known is None else known.name
