"""`guardia resolve`: end an incident by hand, whatever fires."""

import argparse
from typing import Any

from guardia.cli.answering import declare, give


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    return declare(subparsers, "resolve", "end an incident by hand")


def run(args: argparse.Namespace) -> int:
    """Resolve; 1 when the router refuses, as for an unknown number."""
    return give(args, "resolve")
