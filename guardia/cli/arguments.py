"""Arguments that several commands share; imports nothing heavy."""

import argparse
from collections.abc import Sequence
from pathlib import Path

FORMATS = ("text", "json", "github")
PROBLEM_FORMATS = (*FORMATS, "sarif")  # where nothing else than problems is printed


def add_catalog_arguments(
    parser: argparse.ArgumentParser, *, formats: Sequence[str] = FORMATS
) -> None:
    """Add the folder of the catalog and the form of its problems."""
    parser.add_argument(
        "catalog", nargs="?", default="catalog", type=Path, help="its folder (default: catalog)"
    )
    parser.add_argument(
        "--format", choices=formats, default="text", help="how problems are shown (default: text)"
    )


def parse_number(text: str) -> int:
    """Return an incident's number from the command line; ArgumentTypeError for what is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of an incident, such as 1042")
    return int(text)
