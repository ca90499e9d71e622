"""`guardia awake`: somebody sits at it already, and needs no ringing for some hours."""

import argparse
from typing import Any
from urllib.parse import quote

from guardia.change import plain
from guardia.cli.arguments import ASKS_ROUTER


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "awake",
        help="acknowledge what a person was told of, and tell them quietly of what comes next",
        epilog=ASKS_ROUTER,
    )
    parser.add_argument("person", help="the person's id in the catalog")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--for", dest="length", metavar="LENGTH", help="how long, 12h at most (default: 1h)"
    )
    length.add_argument(
        "--until", metavar="HH:MM", help="until when, by the clock of the person's zone"
    )
    length.add_argument("--end", action="store_true", help="ring again from now on")
    parser.add_argument("--by", metavar="NAME", help="who says so (default: your login name)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Say it to the router; 1 when it refuses, as for an unknown person."""
    from guardia.cli.answering import login_name
    from guardia.cli.router_api import call_router, explain

    path = f"/api/people/{quote(args.person, safe='')}/awake"
    body = {"by": login_name() if args.by is None else args.by}
    if args.until is not None:
        body["until"] = args.until
    elif not args.end:
        body["for"] = args.length or "1h"
    status, told = call_router("POST", f"{path}/end" if args.end else path, body=body)
    if status != 200:
        print(plain(explain(told)))
        return 1
    print(_ended(told) if args.end else _begun(told))
    return 0


def _begun(told: dict[str, Any]) -> str:
    until = f"{told['until'][:16].replace('T', ' ')} UTC"
    numbers = ", ".join(f"#{number}" for number in told["acknowledged"])
    taken = f"acknowledged: {numbers}" if numbers else "nothing was left to acknowledge"
    return f"{plain(told['name'])} is awake until {until}; {taken}"


def _ended(told: dict[str, Any]) -> str:
    name = plain(told["name"])
    return f"{name} is rung again" if told["was_awake"] else f"{name} was not said to be awake"
