"""Arguments that several commands share; imports nothing heavy."""

import argparse
from collections.abc import Sequence
from pathlib import Path

FORMATS = ("text", "json", "github")
DEFAULT_URL = "http://127.0.0.1:8080"
ASKS_ROUTER = (
    f"Asks the router at GUARDIA_URL (default: {DEFAULT_URL}), with the first token of the file"
    " that GUARDIA_API_TOKEN_FILE names."
)
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
    """Return an incident's number, also such as `#1042`; ArgumentTypeError for what is none."""
    digits = text.removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19 or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of an incident, such as 1042")
    return int(digits)
