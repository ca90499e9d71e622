"""Who is on call by the running router, which knows the overrides made at run time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import NOBODY, instant, unknown
from guardia.cli.router_api import call_router, explain


def ask_who(at: datetime | None = None) -> list[dict[str, Any]]:
    """Return what the router says of every schedule, now or at an instant.

    Raises UsageError when it cannot be asked.
    """
    query = "" if at is None else f"?at={quote(instant(at))}"
    status, answer = call_router("GET", f"/api/oncall{query}")
    if status != 200:
        raise UsageError(f"the router does not say who is on call: {explain(answer)}")
    return [{"at": answer["at"], **one} for one in answer["schedules"]]


def find_schedule_in(schedules: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return what the router says of a schedule.

    Raises UsageError, with the nearest name, for one that it does not know.
    """
    found = {str(one["schedule"]): one for one in schedules}
    if name not in found:
        raise UsageError(unknown("schedule", name, found))
    return found[name]


def zone_of(schedule: Mapping[str, Any]) -> ZoneInfo:
    """Return the zone in which people are told a schedule's times."""
    return ZoneInfo(schedule["zone"])


def as_cells(row: Mapping[str, Any], zone: ZoneInfo) -> list[str]:
    """Return a shift or a gap of the router's as the calendar shows it."""
    from router.oncall.wall_clock import show_moment

    begins, ends = (datetime.fromisoformat(row[name]) for name in ("starts_at", "ends_at"))
    return [
        show_moment(begins, zone),
        f"{show_moment(ends, zone)} {zone.key}",
        row["person"] or NOBODY,
        row["name"] or "",
        row["because"],
    ]
