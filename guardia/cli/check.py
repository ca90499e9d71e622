"""`guardia check`: all problems of a catalog, with positions and ways out."""

import argparse
from typing import Any

from guardia.cli.arguments import add_catalog_arguments


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check", help="show all problems of the catalog"
    )
    add_catalog_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the problems; 1 when there are any."""
    from guardia.cli.catalog import load_catalog, render_problems

    loaded = load_catalog(args.catalog)
    shown = render_problems(loaded, args.format)
    if shown:
        print(shown)
    if loaded.problems:
        return 1
    if args.format == "text" and loaded.generator is not None:
        print(_summary(loaded.generator.services))
    return 0


def _summary(services: Any) -> str:
    slos = sum(len(service.slos) for service in services)
    conditions = sum(len(service.conditions) for service in services)
    return f"no problems: {len(services)} services, {slos} SLOs, {conditions} conditions"
