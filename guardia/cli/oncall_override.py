"""`guardia oncall override`: have somebody take over for a while, list that, or cancel it."""

import argparse
import json
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from guardia.cli.arguments import ASKS_ROUTER
from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import instant, read_moment, table


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "override",
        help="have somebody take over for a while, through the running router",
        epilog=ASKS_ROUTER,
    )
    parser.add_argument("schedule", nargs="?", help="its id")
    parser.add_argument("person", nargs="?", help="the id of who takes over")
    parser.add_argument(
        "--from",
        dest="since",
        metavar="TIME",
        help="such as '2026-12-24 18:00' on the schedule's wall clock, or with an offset or Z"
        " (default: now)",
    )
    parser.add_argument("--until", metavar="TIME", help="likewise")
    parser.add_argument("--by", metavar="NAME", help="who says so (default: your login name)")
    parser.add_argument("--reason", metavar="TEXT", default="", help="shown with every page")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--list", action="store_true", help="list those that count now or will")
    other.add_argument("--all", action="store_true", help="list the ones made last, all of them")
    other.add_argument("--cancel", type=_number, metavar="N", help="end the one of this number")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of an override, such as 7")
    return int(text)


def answer(args: argparse.Namespace) -> int:
    """Do what was asked for; 1 when the router refuses it."""
    if args.list or args.all:
        return _list(args)
    if args.cancel is not None:
        return _cancel(args)
    if args.schedule is None or args.person is None or args.until is None:
        raise UsageError(
            "say which schedule, who takes over, and until when:"
            " guardia oncall override SCHEDULE PERSON --until TIME"
        )
    return _make(args)


def _make(args: argparse.Namespace) -> int:
    from guardia.cli.oncall_router import ask_who, find_schedule_in, zone_of

    known = find_schedule_in(ask_who(), args.schedule)
    zone, since = zone_of(known), datetime.fromisoformat(known["at"])
    if args.since is not None:
        since = read_moment("--from", args.since, zone)
    body = {
        "schedule": args.schedule,
        "person": args.person,
        "from": instant(since),
        "until": instant(read_moment("--until", args.until, zone)),
        "by": _by(args),
        "reason": args.reason,
    }
    return _tell(args, "/api/overrides", body)


def _cancel(args: argparse.Namespace) -> int:
    return _tell(args, f"/api/overrides/{args.cancel}/cancel", {"by": _by(args)})


def _by(args: argparse.Namespace) -> str:
    from guardia.cli.answering import login_name

    return str(args.by) if args.by is not None else login_name()


def _tell(args: argparse.Namespace, path: str, body: dict[str, str]) -> int:
    """Send it, and show what comes out of it: who has which shift now, and what to look at."""
    from guardia.change import plain
    from guardia.cli.router_api import call_router, explain

    status, told = call_router("POST", path, body=body)
    if status not in (HTTPStatus.OK, HTTPStatus.CREATED):
        print(plain(explain(told)))
        return 1
    if args.format == "json":
        print(json.dumps(told, indent=2))
        return 0
    print(plain(_sentence(told)))
    _print_shifts(told)
    for warning in told["warnings"]:
        print(plain(f"warning: {warning}"))
    return 0


def _print_shifts(told: dict[str, Any]) -> None:
    from guardia.cli.oncall_router import as_cells

    if told["shifts"]:
        zone = ZoneInfo(told["zone"])
        print(table([as_cells(row, zone) for row in told["shifts"]]))


def _sentence(one: dict[str, Any]) -> str:
    if one["cancelled_at"] is not None:
        at = _shown(one, "cancelled_at")
        name = f"override {one['number']} of {one['schedule']}"
        return f"{name} is cancelled, by {one['cancelled_by']} at {at}"
    return (
        f"override {one['number']}: {one['name']} takes over {one['schedule']}"
        f" from {_shown(one, 'starts_at')} until {_shown(one, 'ends_at')}"
    )


def _list(args: argparse.Namespace) -> int:
    from guardia.change import plain
    from guardia.cli.router_api import call_router, explain

    query = "?state=all" if args.all else ""
    status, told = call_router("GET", f"/api/overrides{query}")
    if status != HTTPStatus.OK:
        print(plain(explain(told)))
        return 1
    if args.format == "json":
        print(json.dumps(told, indent=2))
    elif told["overrides"]:
        print(table([_cells(one) for one in told["overrides"]]))
    else:
        print("no override was ever made" if args.all else "no override counts now or later")
    return 0


def _cells(one: dict[str, Any]) -> list[str]:
    cancelled = ""
    if one["cancelled_at"] is not None:
        cancelled = f"cancelled by {one['cancelled_by']} at {_shown(one, 'cancelled_at')}"
    said = [one["reason"], cancelled, one["remark"]]
    return [
        str(one["number"]),
        one["schedule"],
        one["person"],
        one["name"],
        _shown(one, "starts_at"),
        f"{_shown(one, 'ends_at')} {one['zone']}",
        f"by {one['created_by']}",
        "; ".join(part for part in said if part),
    ]


def _shown(one: dict[str, Any], name: str) -> str:
    from router.oncall.wall_clock import show_moment

    return show_moment(datetime.fromisoformat(one[name]), ZoneInfo(one["zone"]))
