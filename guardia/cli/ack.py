"""`guardia ack`: tell the router that somebody has an incident."""

import argparse
from typing import Any

from guardia.cli.answering import declare, give


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    return declare(
        subparsers, "ack", "acknowledge an incident, so that nobody else is paged for it"
    )


def run(args: argparse.Namespace) -> int:
    """Acknowledge; 1 when it is over, or when the router refuses, as for an unknown number."""
    return give(args, "ack")
