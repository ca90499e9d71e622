"""`guardia ack`: tell the router that somebody has an incident."""

import argparse
import getpass
from typing import Any

from guardia.cli.arguments import parse_number


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "ack", help="acknowledge an incident, so that nobody else is paged for it"
    )
    parser.add_argument("number", type=parse_number, help="the incident's number")
    parser.add_argument("--by", help="who has it (default: your login name)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Acknowledge; 1 when the router refuses, as for an unknown number."""
    from guardia.cli.router_api import call_router, explain

    by = _login_name() if args.by is None else args.by
    status, answer = call_router("POST", f"/api/incidents/{args.number}/ack", body={"by": by})
    if status != 200:
        print(explain(answer))
        return 1
    print(f"#{answer['number']} {answer['state']}: {answer['title']}")
    if answer["acknowledged_by"]:
        print(f"acknowledged by {answer['acknowledged_by']} at {answer['acknowledged_at']}")
    return 0


def _login_name() -> str:
    """Return who runs this. Raises UsageError for a user without a name, as in a container."""
    from guardia.cli.errors import UsageError

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("this user has no name: say who has the incident with --by NAME") from None
