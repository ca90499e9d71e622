"""`guardia audit`: who did what through the router, and what was refused."""

import argparse
import json
from http import HTTPStatus
from typing import Any

from guardia.cli.arguments import ASKS_ROUTER

LONGEST_LIST = 500  # as many as the router returns at once


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "audit",
        help="list who did what, from where, and what was refused, the newest first",
        epilog=ASKS_ROUTER,
    )
    parser.add_argument("--limit", type=_parse_limit, default=50, help="how many (default: 50)")
    parser.add_argument(
        "--before", type=_parse_before, metavar="N", help="only rows with a lower number"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the rows; 1 when the router refuses."""
    from guardia.change import plain
    from guardia.cli.oncall_catalog import table
    from guardia.cli.router_api import call_router, explain

    before = "" if args.before is None else f"&before={args.before}"
    status, told = call_router("GET", f"/api/audit?limit={args.limit}{before}")
    if status != HTTPStatus.OK:
        print(plain(explain(told)))
        return 1
    if args.format == "json":
        print(json.dumps(told, indent=2))  # ASCII: no character of a stranger's steers anything
    elif told["audit"]:
        print(table([_cells(one) for one in told["audit"]]))
        if told["next"] is not None:
            print(f"older ones: guardia audit --before {told['audit'][-1]['number']}")
    else:
        print("nobody has done anything")
    return 0


def _parse_limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= LONGEST_LIST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {LONGEST_LIST}")
    return int(text)


def _parse_before(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a row")
    return int(text)


def _cells(one: dict[str, Any]) -> list[str]:
    incident = "" if one["incident"] is None else f"#{one['incident']}"
    return [
        str(one["number"]),
        f"{one['at'][:19]}Z",
        one["actor"],
        one["via"],
        one["action"] if one["done"] else f"{one['action']} REFUSED",
        incident,
        one["address"] or "",
        one["detail"],
    ]
