"""`guardia generate`: write everything the catalog gives, or list what is stale."""

import argparse
import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardia.cli.arguments import add_catalog_arguments
from guardia.word import counted

if TYPE_CHECKING:
    from generator.write import Stale


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
    parser.add_argument(
        "--only",
        action="append",
        metavar="FOLDER",
        help="write or compare this folder alone, such as rules; may be given several times",
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Write or compare the files; 1 for a catalog with problems or, with --check, stale files."""
    from generator.write import FOLDERS, NOT_OURS, generate, list_stale, write_files
    from guardia.cli.catalog import load_catalog, render_problems
    from guardia.cli.errors import UsageError

    folders = args.only or FOLDERS
    if unknown := [folder for folder in folders if folder not in FOLDERS]:
        raise UsageError(f"--only {unknown[0]}: choose from {', '.join(FOLDERS)}")
    gc.disable()  # many small values, and no cycle that grows: searching costs a tenth
    loaded = load_catalog(args.catalog)
    if loaded.problems or loaded.generator is None:
        print(render_problems(loaded, args.format))
        return 1
    files = generate(loaded.generator, folders)
    try:
        found = (list_stale if args.check else write_files)(files, args.out, folders)
    except OSError as error:
        raise UsageError(f"cannot use {error.filename}: {error.strerror}") from None
    in_the_way = [stale for stale in found if stale.reason == NOT_OURS]
    failed = bool(found if args.check else in_the_way)
    shown = in_the_way or found
    if in_the_way and not args.check and args.format == "text":
        print(_render_refusal(in_the_way))
    else:
        print(_render(shown, len(files), form=args.format, wrote=not failed and not args.check))
    return 1 if failed else 0


def _render(found: Sequence["Stale"], number: int, *, form: str, wrote: bool) -> str:
    if form == "json":
        return json.dumps([{"path": one.path, "reason": one.reason} for one in found], indent=2)
    if form == "github" and not wrote:
        return "\n".join(f"::error file={one.path},title=stale::{one.reason}" for one in found)
    done = {"no longer generated": "removed"}
    said = [done.get(one.reason, "written") if wrote else one.reason for one in found]
    lines = [f"{one.path}: {what}" for one, what in zip(found, said, strict=True)]
    if wrote:
        removed = said.count("removed")
        written = f"{len(said) - removed} of {number} files written"
        return "\n".join([*lines, f"{written}, {removed} removed" if removed else written])
    if not found:
        return f"{counted(number, 'file')}, all up to date"
    stale = counted(len(found), "stale file")
    return "\n".join([*lines, f"{stale}: run `guardia generate` and commit"])


def _render_refusal(in_the_way: Sequence["Stale"]) -> str:
    lines = [f"{one.path}: {one.reason}" for one in in_the_way]
    return "\n".join([*lines, "nothing was written: move away what is in the way, and try again"])
