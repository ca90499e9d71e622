"""`guardia comment`: write into the timeline of an incident."""

import argparse
from typing import Any

from guardia.cli.answering import declare, give


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser = declare(subparsers, "comment", "write into the timeline of an incident")
    parser.add_argument(
        "text", nargs="+", help="a sentence for those who read it later; quotes are not needed"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Comment; 1 when the router refuses, as for an unknown number."""
    return give(args, "comment", text=" ".join(args.text))
