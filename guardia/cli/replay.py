"""`guardia replay`: what a notification would do under a catalog. Nothing is sent or written."""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import add_catalog, load_oncall


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "replay", help="say what a notification would do under a catalog; nothing is sent"
    )
    parser.add_argument(
        "notification",
        help="a file with the body of a webhook, - for standard input, or the number of one that"
        " the router received (read from the database of GUARDIA_DATABASE)",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="when it is received, such as '2026-12-24 09:00' in UTC, or with an offset"
        " (default: when it was received, or now)",
    )
    add_catalog(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print what would follow; 1 for a body that the router would refuse."""
    from guardia.cli.replay_text import render_refusal, render_replay
    from guardia.cli.serve import require_router

    require_router()
    from router.intake.notification import UnreadableNotification
    from router.intake.rejection import REJECTION_BODY
    from router.replay import replay, replay_as_json

    catalog = load_oncall(args.catalog)
    asked = None if args.at is None else _moment(args.at)
    received_at, body = _read(args.notification)
    at = asked or received_at or datetime.now(UTC).replace(microsecond=0)
    refusal = None
    try:
        found = replay_as_json(replay(body, catalog, now=at), catalog, now=at)
    except UnreadableNotification as error:
        refusal = error.reason
        found = replay_as_json(replay(REJECTION_BODY, catalog, now=at), catalog, now=at)
    found = {"refused": refusal, **found}
    if args.format == "json":
        print(json.dumps(found, indent=2))  # ASCII: no character of an alert steers anything
    else:
        print(render_replay(found) if refusal is None else render_refusal(found))
    return 0 if refusal is None else 1


def _moment(text: str) -> datetime:
    from zoneinfo import ZoneInfo

    from router.oncall.wall_clock import parse_moment

    try:
        return parse_moment(text, ZoneInfo("UTC"))
    except ValueError:
        raise UsageError(
            f"--at {text}: write it such as '2026-12-24 09:00' (UTC), or with an offset:"
            " '2026-12-24 09:00+01:00'"
        ) from None


def _read(name: str) -> tuple[datetime | None, bytes]:
    """Return the body, and when the router received it where that is known."""
    if name == "-":
        return None, sys.stdin.buffer.read()
    if name.isascii() and name.isdigit():
        return _read_stored(name)
    try:
        return None, Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None


def _read_stored(name: str) -> tuple[datetime, bytes]:
    from router.settings import SettingsError, read_database
    from router.store.read_only import UnreadableStoreError, read_notification

    # Longer than any number of a row in either database.
    number = int(name[:19]) if len(name) <= 18 else 0
    try:
        found = read_notification(read_database(os.environ), number)
    except SettingsError as error:
        raise UsageError("\n  ".join(error.problems)) from None
    except UnreadableStoreError as error:
        raise UsageError(f"GUARDIA_DATABASE: {error}") from None
    if found is None:
        raise UsageError(
            f"no notification {name} is stored: it was never received, or GUARDIA_RETENTION is"
            f" over (a file of that name is ./{name})"
        )
    return found.received_at, found.body
