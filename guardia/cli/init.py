"""`guardia init`: a first catalog that passes `guardia check`, to be changed from there."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardia.cli.errors import UsageError
from guardia.starter import LANGUAGES

_SCHEMA_TITLE = "Guardia catalog"  # with which the title of each of our schemas begins


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "init", help="write a first catalog that passes the check"
    )
    parser.add_argument(
        "folder",
        nargs="?",
        default="catalog",
        type=Path,
        metavar="DIR",
        help="where it goes (default: catalog); nothing that is there is overwritten",
    )
    parser.add_argument(
        "--organisation", metavar="NAME", help="shown on dashboards and in messages"
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, help="of alerts and runbooks (default: en)"
    )
    parser.add_argument(
        "--schemas",
        action="store_true",
        help="only renew the schemas that editors use, after an upgrade of guardia",
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the files. Raises UsageError, having written nothing, when something is in the way."""
    from guardia.starter import schema_files, starter_files

    if args.schemas:
        if args.organisation is not None or args.language is not None:
            raise UsageError("--schemas writes nothing that --organisation or --language is for")
        if not (args.folder / "catalog.yaml").exists():
            raise UsageError(
                f"there is no catalog in {args.folder} whose schemas could be renewed; name its"
                " folder, such as: guardia init --schemas catalog"
            )
        files = schema_files()
        blocked = _foreign_schemas(files, args.folder)
        way_out = "move it away: the schemas belong beside the catalog"
    else:
        files = starter_files(_organisation(args.organisation), args.language or LANGUAGES[0])
        blocked = _in_the_way(files, args.folder)
        way_out = "name another folder"
    if blocked:
        raise UsageError(_refusal(blocked, way_out))
    _write(files, args.folder)
    print("\n".join(f"{(args.folder / name).as_posix()}: written" for name in files))
    if not args.schemas:
        print(_next(args.folder.as_posix()))
    return 0


def _organisation(name: str | None) -> str:
    if name is None:
        return "Example"
    if not name.strip() or not name.isprintable():
        raise UsageError("--organisation needs a name of one line, such as: --organisation Example")
    return name.strip()


def _in_the_way(files: Mapping[str, str], folder: Path) -> list[str]:
    """Return what would be overwritten, and files that would become a part of the new catalog."""
    taken = {folder / name for name in files if os.path.lexists(folder / name)}
    not_folders = {
        parent
        for name in files
        for parent in (folder / name).parents
        if os.path.lexists(parent) and not parent.is_dir()
    }
    declared = {
        path
        for part in ("services", "oncall")
        for ending in ("yaml", "yml")
        for path in (folder / part).glob(f"*.{ending}")
    }
    return sorted(path.as_posix() for path in taken | not_folders | declared)


def _foreign_schemas(files: Mapping[str, str], folder: Path) -> list[str]:
    """Return what has the name of a schema and is none of ours."""
    return [
        (folder / name).as_posix()
        for name in files
        if os.path.lexists(folder / name) and not _is_our_schema(folder / name)
    ]


def _is_our_schema(path: Path) -> bool:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(value, dict) and str(value.get("title")).startswith(_SCHEMA_TITLE)


def _refusal(blocked: list[str], way_out: str) -> str:
    listed = "\n".join(f"  {path}" for path in blocked)
    return f"nothing was written, for this is in the way:\n{listed}\n{way_out}"


def _write(files: Mapping[str, str], folder: Path) -> None:
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from None


def _next(folder: str) -> str:
    named = "" if folder == "catalog" else f" {folder}"
    return (
        f"next: put your service into {folder}/services/example.yaml, then\n"
        f"  guardia check{named}\n"
        f"  guardia generate{named}"
    )
