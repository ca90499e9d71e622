"""`guardia rejected`: what the router was sent and could not understand."""

import argparse
import json
from typing import Any

from guardia.cli.arguments import ASKS_ROUTER, parse_number

LONGEST_LIST = 500  # as many as the router returns at once


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "rejected",
        help="list what the router was sent and could not understand, or show one",
        epilog=ASKS_ROUTER,
    )
    parser.add_argument(
        "number",
        nargs="?",
        type=_parse_number,
        help="print this one's body, without what could steer a terminal",
    )
    parser.add_argument("--limit", type=_parse_limit, default=50, help="how many (default: 50)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of the list")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print what the router keeps; 1 for an unknown number."""
    from guardia.cli.router_api import call_router, explain, fetch_file

    if args.number is not None:
        body = fetch_file(f"/api/rejected/{args.number}")
        if isinstance(body, bytes):
            print(_visible(body))
            return 0
        print(_printable(explain(body)))
        return 1
    status, answer = call_router("GET", f"/api/rejected?limit={args.limit}")
    if status != 200:
        print(_printable(explain(answer)))
        return 1
    if args.format == "json":
        print(json.dumps(answer, indent=2))  # ASCII: no character of a sender's steers anything
    else:
        print("\n".join(map(_line, answer["rejected"])) or "nothing was rejected")
    return 0


def _parse_number(text: str) -> int:
    try:
        return parse_number(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of a rejected body, such as 7"
        ) from None


def _parse_limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= LONGEST_LIST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {LONGEST_LIST}")
    return int(text)


def _line(one: dict[str, Any]) -> str:
    sender = " ".join(filter(None, [one["address"] or "unknown", one["user_agent"]]))
    size = f"{one['size_bytes']} bytes"
    if one["kept_bytes"] < one["size_bytes"]:
        size += f", the first {one['kept_bytes']} kept"
    incident = "" if one["incident"] is None else f"#{one['incident']}"
    return _printable(
        f"{one['number']:<6} {one['received_at'][:19]}Z  {incident:<6} {sender} ({size}):"
        f" {one['reason']}"
    )


def _visible(body: bytes) -> str:
    """Return a body as text: its lines as they are, everything else that is not visible escaped."""
    lines = body.decode(errors="backslashreplace").split("\n")
    return "\n".join("".join(map(_escaped, line.removesuffix("\r"))) for line in lines)


def _escaped(char: str) -> str:
    if char.isprintable() or char == "\t":
        return char
    return char.encode("unicode_escape").decode()


def _printable(text: str) -> str:
    """Return a text of a sender without what could steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
