"""What the commands about the schedule share: arguments, the catalog, and how shifts are shown."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from guardia.cli.errors import UsageError

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from router.catalog import OnCallCatalog
    from router.oncall.model import PersonId, Schedule

NOBODY = "nobody"
MAX_WEEKS = 530  # ten years: a calendar of dailies has then 3,700 lines


def add_catalog(parser: argparse.ArgumentParser) -> None:
    """Add the catalog's folder."""
    parser.add_argument(
        "--catalog",
        type=Path,
        default=Path("catalog"),
        metavar="DIR",
        help="the catalog's folder (default: catalog)",
    )


def add_span(parser: argparse.ArgumentParser, *, weeks: int) -> None:
    """Add where a span of time begins, and how many weeks it has."""
    parser.add_argument(
        "--from", dest="first_day", type=_day, metavar="DATE", help="first day (default: today)"
    )
    parser.add_argument(
        "--weeks", type=_weeks, default=weeks, metavar="N", help=f"how many (default: {weeks})"
    )


def _day(text: str) -> "date":
    from router.oncall.wall_clock import parse_date

    try:
        return parse_date(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-01-05") from None


def _weeks(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_WEEKS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of weeks up to {MAX_WEEKS}")
    return int(text)


def present() -> datetime:
    """Return the present minute. Only this command's edge asks a clock."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def span_of(args: argparse.Namespace, schedule: "Schedule") -> tuple[datetime, datetime]:
    """Return the whole days that were asked for, on the wall clock of a schedule."""
    from datetime import time

    from router.oncall.wall_clock import wall_instant

    first = args.first_day or present().astimezone(schedule.zone).date()
    last = first + timedelta(weeks=args.weeks)
    return wall_instant(first, time(), schedule.zone), wall_instant(last, time(), schedule.zone)


def load_oncall(root: Path) -> "OnCallCatalog":
    """Return the on-call part of a catalog; a mistake in a service file does not matter.

    Raises UsageError when there is no such folder, or with its problems, which are shown.
    """
    from guardia.catalog_folder import read_catalog_folder
    from guardia.problem import render_text, sort_problems
    from router.catalog import read_oncall

    if not root.is_dir():
        raise UsageError(f"there is no folder {root}; name the catalog's folder with --catalog")
    folder, problems = read_catalog_folder(root)
    oncall, of_oncall = read_oncall(folder)
    if oncall is None:
        found = sort_problems([*problems, *of_oncall])
        print(render_text(found, folder.sources), file=sys.stderr)
        raise UsageError("the on-call part of the catalog has problems: see above")
    return oncall


def find_schedule(oncall: "OnCallCatalog", name: str) -> "Schedule":
    """Return the schedule of that name. Raises UsageError, with the nearest name, for another."""
    found = {str(schedule): one for schedule, one in oncall.roster.schedules.items()}
    if name not in found:
        raise UsageError(unknown("schedule", name, found))
    return found[name]


def find_person(oncall: "OnCallCatalog", name: str) -> "PersonId":
    """Return the person's id. Raises UsageError, with the nearest one, for another."""
    from router.oncall.model import is_service

    found = {str(person): person for person in oncall.roster.people if not is_service(person)}
    if name not in found:
        raise UsageError(unknown("person", name, found))
    return found[name]


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that is not among the known, with the nearest that is."""
    from guardia.word import nearest

    names = sorted(known)
    guess = nearest(name, names)
    listed = ", ".join(names) or "none"
    hint = f"did you mean {guess}?" if guess else f"the catalog declares: {listed}"
    return f"there is no {what} {name!r}: {hint}"


def read_moment(option: str, text: str, zone: "ZoneInfo") -> datetime:
    """Return the instant that an option names, on the wall clock of a zone unless it has an offset.

    Raises UsageError for what is no date and time.
    """
    from router.oncall.wall_clock import parse_moment

    try:
        return parse_moment(text, zone)
    except ValueError:
        raise UsageError(
            f"{option} {text}: write it such as '2026-12-24 09:00', or with an offset:"
            " '2026-12-24 09:00+01:00'"
        ) from None


def instant(at: datetime) -> str:
    """Return an instant for programs: RFC 3339 in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns, without what could steer a terminal."""
    from guardia.change import plain

    clean = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in clean)
    return "\n".join(lines)
