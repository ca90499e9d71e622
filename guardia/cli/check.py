"""`guardia check`: all problems of a catalog, with positions and ways out."""

import argparse
import gc
from typing import Any

from guardia.cli.arguments import PROBLEM_FORMATS, add_catalog_arguments
from guardia.word import counted


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check", help="show all problems of the catalog"
    )
    add_catalog_arguments(parser, formats=PROBLEM_FORMATS)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the problems; 1 when there are any."""
    from guardia.cli.catalog import count_allowed, load_catalog, render_problems

    gc.disable()  # many small values, and no cycle that grows: searching costs a tenth
    loaded = load_catalog(args.catalog)
    shown = render_problems(loaded, args.format)
    if shown:
        print(shown)
    if loaded.problems:
        return 1
    if args.format == "text" and loaded.generator is not None:
        print(f"{_summary(loaded.generator.services)}{count_allowed(loaded)}")
    return 0


def _summary(services: Any) -> str:
    slos = sum(len(service.slos) for service in services)
    conditions = sum(len(service.conditions) for service in services)
    found = ((len(services), "service"), (slos, "SLO"), (conditions, "condition"))
    return f"no problems: {', '.join(counted(number, noun) for number, noun in found)}"
