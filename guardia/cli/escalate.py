"""`guardia escalate`: page the next step of an incident now."""

import argparse
from typing import Any

from guardia.cli.answering import declare, give


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    return declare(subparsers, "escalate", "page the next step of an incident now")


def run(args: argparse.Namespace) -> int:
    """Escalate; 1 when the router refuses, as for an unknown number."""
    return give(args, "escalate")
