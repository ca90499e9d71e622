"""`guardia oncall who`: who is on call now, or at another time, until when and why."""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import (
    NOBODY,
    add_catalog,
    find_schedule,
    instant,
    load_oncall,
    present,
    read_moment,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from router.catalog import OnCallCatalog
    from router.oncall.model import PersonId, Schedule, Shift


_BY_CATALOG = (
    "This is what the catalog says. Who took over at run time, only the router knows:"
    " guardia oncall who --router"
)


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
    parser.add_argument(
        "--router",
        action="store_true",
        help="ask the running router (GUARDIA_URL), which knows the overrides made at run time",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def answer(args: argparse.Namespace) -> int:
    """Print a line a schedule; 1 when one of them has nobody."""
    for name in args.schedule:
        if "://" in name:
            raise UsageError(f"{name} is no schedule; GUARDIA_URL names the router to be asked")
    found = _ask_router(args) if args.router else _ask_catalog(args)
    if args.format == "json":
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif found:
        print(table([_as_row(one) for one in found]), flush=True)
        if not args.router:  # beside the answer, which programs read
            print(_BY_CATALOG, file=sys.stderr)
    else:
        print("the catalog declares no schedule")
    return 1 if any(one["shift"] is None for one in found) else 0


def _ask_catalog(args: argparse.Namespace) -> list[dict[str, Any]]:
    if not args.catalog.is_dir():
        raise UsageError(
            f"there is no folder {args.catalog}; name the catalog's folder with --catalog, or ask"
            " the router: guardia oncall who --router"
        )
    oncall = load_oncall(args.catalog)
    schedules = [find_schedule(oncall, name) for name in args.schedule] or list(
        oncall.roster.schedules.values()
    )
    return [_as_json(_answer(oncall, schedule, args.at)) for schedule in schedules]


def _ask_router(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Ask for each schedule by its own clock; those whose clocks agree are asked together."""
    from guardia.cli.oncall_router import ask_who, find_schedule_in, zone_of

    now = ask_who()
    asked: dict[datetime | None, list[dict[str, Any]]] = {None: now}
    found = []
    for name in args.schedule or [one["schedule"] for one in now]:
        known = find_schedule_in(now, name)
        at = None if args.at is None else read_moment("--at", args.at, zone_of(known))
        if at not in asked:
            asked[at] = ask_who(at)
        found.append(find_schedule_in(asked[at], name))
    return found


def _answer(oncall: "OnCallCatalog", schedule: "Schedule", at: str | None) -> _Answer:
    from router.oncall.shifts import following, on_call

    when = present() if at is None else read_moment("--at", at, schedule.zone)
    return _Answer(
        schedule=schedule,
        at=when,
        shift=on_call(schedule, when),
        following=following(schedule, when),
        names=oncall.names,
    )


def _as_row(found: "Mapping[str, Any]") -> list[str]:
    from router.oncall.wall_clock import show_moment

    shift, following, zone = found["shift"], found["next"], ZoneInfo(found["zone"])
    changes_at = shift["ends_at"] if shift else following["starts_at"] if following else None
    until = show_moment(datetime.fromisoformat(changes_at), zone) if changes_at else ""
    return [
        found["schedule"],
        shift["person"] if shift else NOBODY,
        shift["name"] if shift else "",
        f"until {until} {zone.key}" if until else "",
        shift["because"] if shift else "no layer has anybody",
        f"next: {following['name']}" if following else "nobody follows within a year",
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
