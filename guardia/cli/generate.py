"""`guardia generate`: write everything the catalog gives, or list what is stale."""

import argparse
from pathlib import Path
from typing import Any

from guardia.cli.arguments import add_catalog_arguments


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "generate", help="write rules, tests, dashboards and the Alertmanager configuration"
    )
    add_catalog_arguments(parser)
    parser.add_argument(
        "--out", type=Path, default=Path(), help="folder to write into (default: this one)"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; name stale files and exit with 1"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Write or compare the files; 1 for a catalog with problems or, with --check, stale files."""
    from generator.write import generate, list_stale, write_files
    from guardia.cli.catalog import load_catalog, render_problems
    from guardia.cli.errors import UsageError

    loaded = load_catalog(args.catalog)
    if loaded.problems or loaded.generator is None:
        print(render_problems(loaded, args.format))
        return 1
    files = generate(loaded.generator)
    if args.check:
        stale = list_stale(files, args.out)
        for found in stale:
            print(f"{found.path}: {found.reason}")
        if stale:
            print(f"{len(stale)} of {len(files)} files are stale: run `make rules` and commit")
        return 1 if stale else 0
    try:
        changed = write_files(files, args.out)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    for found in changed:
        print(f"{found.path}: {'removed' if found.path not in files else 'written'}")
    print(f"{len(changed)} of {len(files)} files changed")
    return 0
