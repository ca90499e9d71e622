"""`guardia backup`: a copy of the router's SQLite database, also while the router runs."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.store.backup import Backup


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments; which database comes from the environment."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "backup", help="copy the router's SQLite database while it runs"
    )
    parser.add_argument("file", type=Path, help="where to; it gets its name when it is complete")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the copy and say what it holds; 1 when the database or the copy is damaged."""
    from guardia.cli.errors import UsageError
    from guardia.cli.serve import require_router

    require_router()
    from router.settings import SettingsError, read_database
    from router.store.backup import BackupError, DamagedError, back_up, database_file

    try:
        source = database_file(read_database(os.environ))
    except SettingsError as error:
        raise UsageError("\n  ".join(error.problems)) from None
    if source is None:
        raise UsageError(
            "GUARDIA_DATABASE is PostgreSQL, which has its own tools:"
            " pg_dump --format=custom --file=FILE, or continuous archiving"
        )
    try:
        backup = back_up(source, args.file, replace=args.force)
    except DamagedError as error:
        print(error)
        return 1
    except BackupError as error:
        raise UsageError(str(error)) from None
    print(f"{args.file}: {_render(backup)}")
    return 0


def _render(backup: "Backup") -> str:
    """Return one line: size, incidents, last notification."""
    last = backup.last_notification_at
    when = (
        "no notification yet" if last is None else f"last notification {last:%Y-%m-%d %H:%M:%S} UTC"
    )
    incidents = f"{backup.incidents} incidents ({backup.open_incidents} open)"
    return f"{backup.size_bytes / 1_000_000:.1f} MB, {incidents}, {when}"
