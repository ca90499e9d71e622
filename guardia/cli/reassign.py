"""`guardia reassign`: give an incident to another person or policy."""

import argparse
from typing import Any

from guardia.cli.answering import declare, give


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser = declare(subparsers, "reassign", "give an incident to another person, who is paged now")
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--person", metavar="ID", help="who is paged now")
    to.add_argument("--policy", metavar="ID", help="the escalation policy that begins now")
    return parser


def run(args: argparse.Namespace) -> int:
    """Reassign; 1 when the router refuses, as for an unknown number."""
    to = {"person": args.person} if args.person is not None else {"policy": args.policy}
    return give(args, "reassign", **to)
