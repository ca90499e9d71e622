"""`guardia snooze`: acknowledge an incident for a while."""

import argparse
from typing import Any

from guardia.cli.answering import declare, give


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser = declare(subparsers, "snooze", "acknowledge an incident for a while, then page anew")
    parser.add_argument(
        "--for", dest="length", default="1h", metavar="LENGTH", help="how long (default: 1h)"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Snooze; 1 when the router refuses, as for an unknown number."""
    return give(args, "snooze", **{"for": args.length})
