"""`guardia oncall`: who is on call, the calendar, overrides, what would leave somebody waiting."""

import argparse
from typing import Any

from guardia.cli import oncall_calendar, oncall_check, oncall_override, oncall_who


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the commands below it."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "oncall", help="say who is on call, show the calendar, take over, find gaps ahead of time"
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (oncall_who, oncall_calendar, oncall_check, oncall_override):
        module.add_parser(below).set_defaults(answer=module.answer)
    return parser


def run(args: argparse.Namespace) -> int:
    """Run the command that was named and return its exit code."""
    code: int = args.answer(args)
    return code
