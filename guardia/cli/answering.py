"""What the commands share that answer an incident: who answers, and what came of it."""

import argparse
import getpass
from typing import Any

from guardia.cli.arguments import ASKS_ROUTER, parse_number


def declare(subparsers: Any, name: str, text: str) -> argparse.ArgumentParser:
    """Declare a command that answers one incident."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=text, epilog=ASKS_ROUTER)
    parser.add_argument("number", type=parse_number, help="the incident's number")
    parser.add_argument("--by", metavar="NAME", help="who answers (default: your login name)")
    return parser


def give(args: argparse.Namespace, answer: str, **body: str) -> int:
    """Answer through the router's API, and print what came of it.

    1 when it refuses, as for an unknown number, and for what was over before
    somebody acknowledged it: most likely another one was meant.
    """
    from guardia.change import plain
    from guardia.cli.answer_text import render_answer
    from guardia.cli.router_api import call_router, explain

    by = login_name() if args.by is None else args.by
    path = f"/api/incidents/{args.number}/{answer}"
    status, told = call_router("POST", path, body={"by": by, **body})
    if status != 200:
        print(plain(explain(told)))
        return 1
    told = {"answered_by": by, **told}  # a router of an earlier release does not say these
    told = {"already": told["acknowledged_by"] not in (None, told["answered_by"]), **told}
    print(render_answer(answer, told, body))
    return 1 if answer == "ack" and told["state"] == "resolved" else 0


def login_name() -> str:
    """Return who runs this. Raises UsageError for a user without a name, as in a container."""
    from guardia.cli.errors import UsageError

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("this user has no name: say who answers with --by NAME") from None
