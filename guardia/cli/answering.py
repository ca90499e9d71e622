"""What the commands share that answer an incident: who answers, and what came of it."""

import argparse
import getpass
from typing import Any

from guardia.cli.arguments import parse_number


def declare(subparsers: Any, name: str, text: str) -> argparse.ArgumentParser:
    """Declare a command that answers one incident."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=text)
    parser.add_argument("number", type=parse_number, help="the incident's number")
    parser.add_argument("--by", help="who answers (default: your login name)")
    return parser


def give(args: argparse.Namespace, answer: str, **body: str) -> int:
    """Answer through the router's API; 1 when it refuses, as for an unknown number."""
    from guardia.cli.router_api import call_router, explain

    by = login_name() if args.by is None else args.by
    path = f"/api/incidents/{args.number}/{answer}"
    status, told = call_router("POST", path, body={"by": by, **body})
    if status != 200:
        print(explain(told))
        return 1
    print(f"#{told['number']} {told['state']}: {told['title']}")
    if told["acknowledged_by"]:
        until = (
            f", until {_shown(told['acknowledged_until'])}" if told["acknowledged_until"] else ""
        )
        at = _shown(told["acknowledged_at"])
        print(f"acknowledged by {told['acknowledged_by']} at {at}{until}")
    return 0


def _shown(instant: str) -> str:
    """Return an instant of the API, which is in UTC, to the second."""
    return f"{instant[:19].replace('T', ' ')} UTC"


def login_name() -> str:
    """Return who runs this. Raises UsageError for a user without a name, as in a container."""
    from guardia.cli.errors import UsageError

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("this user has no name: say who answers with --by NAME") from None
