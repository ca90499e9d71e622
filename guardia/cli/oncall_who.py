"""`guardia oncall who`: who is on call now, or at another time, until when and why."""

import argparse
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import (
    NOBODY,
    add_catalog,
    find_schedule,
    instant,
    load_oncall,
    present,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from router.catalog import OnCallCatalog
    from router.oncall.model import PersonId, Schedule, Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one schedule says: who it is, and who follows, if anybody."""

    schedule: "Schedule"
    at: datetime
    shift: "Shift | None"
    following: "Shift | None"
    names: "Mapping[PersonId, str]"

    def name(self, shift: "Shift") -> str:
        """Return the person's name as shown to colleagues."""
        return self.names.get(shift.person, shift.person)


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "who", help="say who is on call, until when, and why"
    )
    parser.add_argument("schedule", nargs="*", help="its id; all schedules when left out")
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="such as '2026-12-24 09:00' on the schedule's wall clock, or with an offset or Z"
        " (default: now)",
    )
    add_catalog(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def answer(args: argparse.Namespace) -> int:
    """Print a line a schedule; 1 when one of them has nobody."""
    oncall = load_oncall(args.catalog)
    schedules = [find_schedule(oncall, name) for name in args.schedule] or list(
        oncall.roster.schedules.values()
    )
    found = [_answer(oncall, schedule, args.at) for schedule in schedules]
    if args.format == "json":
        print(json.dumps([_as_json(one) for one in found], indent=2, ensure_ascii=False))
    elif found:
        print(table([_as_row(one) for one in found]))
    else:
        print("the catalog declares no schedule")
    return 1 if any(one.shift is None for one in found) else 0


def _answer(oncall: "OnCallCatalog", schedule: "Schedule", at: str | None) -> _Answer:
    from router.oncall.shifts import following, on_call

    when = present() if at is None else _moment(at, schedule)
    return _Answer(
        schedule=schedule,
        at=when,
        shift=on_call(schedule, when),
        following=following(schedule, when),
        names=oncall.names,
    )


def _moment(text: str, schedule: "Schedule") -> datetime:
    from router.oncall.wall_clock import parse_moment

    try:
        return parse_moment(text, schedule.zone)
    except ValueError:
        raise UsageError(
            f"--at {text}: write it such as '2026-12-24 09:00', or with an offset:"
            " '2026-12-24 09:00+01:00'"
        ) from None


def _as_row(found: _Answer) -> list[str]:
    from router.oncall.wall_clock import show_moment

    shift, following, zone = found.shift, found.following, found.schedule.zone
    changes_at = shift.ends_at if shift else following.starts_at if following else None
    return [
        found.schedule.id,
        shift.person if shift else NOBODY,
        found.name(shift) if shift else "",
        f"until {show_moment(changes_at, zone)} {zone.key}" if changes_at else "",
        shift.because if shift else "no layer has anybody",
        f"next: {found.name(following)}" if following else "nobody follows within a year",
    ]


def _as_json(found: _Answer) -> dict[str, Any]:
    return {
        "schedule": found.schedule.id,
        "zone": found.schedule.zone.key,
        "at": instant(found.at),
        "shift": _shift(found, found.shift),
        "next": _shift(found, found.following),
    }


def _shift(found: _Answer, shift: "Shift | None") -> dict[str, Any] | None:
    if shift is None:
        return None
    return {
        "person": shift.person,
        "name": found.name(shift),
        "starts_at": instant(shift.starts_at),
        "ends_at": instant(shift.ends_at),
        "because": shift.because,
    }
