"""Arguments that several commands share; imports nothing heavy."""

import argparse
from pathlib import Path

FORMATS = ("text", "json", "github")


def add_catalog_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the catalog and the form of its problems."""
    parser.add_argument(
        "catalog", nargs="?", default="catalog", type=Path, help="its folder (default: catalog)"
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="how problems are shown (default: text)"
    )
