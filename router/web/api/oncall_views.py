"""Times as the API's callers write them; shifts and overrides as JSON."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final, TypedDict
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, UnsetType

from router.oncall.model import Roster, Schedule, Shift
from router.oncall.overrides import MadeOverride, find_remark
from router.oncall.restrictions import Span
from router.oncall.shifts import shifts, uncovered
from router.oncall.wall_clock import has_offset, parse_moment
from router.web.api.bodies import Senseless
from router.web.api.shapes import Instant, Next

ROWS_SHOWN: Final = 50  # of the roster that comes out of an override
_BESIDE: Final = datetime.resolution
_LONGEST_INSTANT: Final = 40
_FRACTION: Final = re.compile(r"\.[0-9]{1,9}(?=[Zz+-])")
_UTC: Final = ZoneInfo("UTC")


AskedInstant = Annotated[
    str,
    Meta(
        description="a time with its offset, such as 2026-12-24T18:00:00Z",
        extra_json_schema={"format": "date-time"},
    ),
]


class ShiftView(TypedDict):
    """Somebody's turn, and why it is theirs."""

    person: str
    name: str
    starts_at: Instant
    ends_at: Instant
    because: str


class RowView(TypedDict):
    """A row of a calendar: somebody's turn, or a time in which nobody is on call."""

    person: str | None
    name: str | None
    starts_at: Instant
    ends_at: Instant
    because: str


class OverrideView(TypedDict):
    """An override; `remark` says why it does nothing, if it does not."""

    number: int
    schedule: str
    zone: str
    person: str
    name: str
    starts_at: Instant
    ends_at: Instant
    reason: str
    created_at: Instant
    created_by: str
    cancelled_at: Instant | None
    cancelled_by: str | None
    remark: str | None


class OverridesView(TypedDict):
    """A page of overrides."""

    overrides: list[OverrideView]
    next: Next | None


class ChangedOverrideView(OverrideView):
    """An override with what to know of it, and who is on call by it."""

    warnings: list[str]
    shifts: list[RowView]


class PreviewView(TypedDict):
    """What an override would change."""

    schedule: str
    zone: str
    person: str
    name: str
    starts_at: Instant
    ends_at: Instant
    reason: str
    warnings: list[str]
    shifts: list[RowView]


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


def read_asked(name: str, text: str | UnsetType) -> datetime | None:
    """Return the instant that a parameter or a field names; None for one that is not given.

    Raises Senseless.
    """
    if text is UNSET:
        return None
    at = read_instant(text)
    if at is None:
        raise Senseless(
            f"`{name}` must be a time with its offset, such as 2026-12-24T18:00:00Z"
            " (a + is written %2B in an address)."
        )
    return at


def render_shift(shift: Shift, roster: Roster) -> ShiftView:
    """Return one shift."""
    return {
        "person": shift.person,
        "name": roster.name_of(shift.person),
        "starts_at": shift.starts_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
        "because": shift.because,
    }


def render_override(made: MadeOverride, roster: Roster) -> OverrideView:
    """Return an override with who made and cancelled it; `remark` says why it does nothing."""
    schedule = roster.schedules.get(made.schedule)
    return {
        "number": made.number,
        "schedule": made.schedule,
        "zone": "UTC" if schedule is None else schedule.zone.key,
        "person": made.person,
        "name": roster.name_of(made.person),
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
) -> list[RowView]:
    """Return who is on call in [start, end) and just beside it, in order.

    Times within it in which nobody is are rows without a person.
    """
    return render_calendar(schedule, roster, start=start, end=end, beside=_BESIDE)[:ROWS_SHOWN]


def render_calendar(
    schedule: Schedule,
    roster: Roster,
    *,
    start: datetime,
    end: datetime,
    beside: timedelta = timedelta(),
) -> list[RowView]:
    """Return all turns that touch [start, end), and `beside` it, with the gaps within."""
    found = shifts(schedule, start - beside, end + beside)
    rows = [(one.starts_at, RowView(**render_shift(one, roster))) for one in found]
    spans = [(one.starts_at, one.ends_at) for one in found]
    rows += [(span[0], _render_gap(schedule, span)) for span in uncovered(spans, start, end)]
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def _render_gap(schedule: Schedule, span: Span) -> RowView:
    return {
        "person": None,
        "name": None,
        "starts_at": span[0].isoformat(),
        "ends_at": span[1].isoformat(),
        "because": f"gap of {schedule.id}",
    }
