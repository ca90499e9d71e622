"""`guardia oncall calendar`: the shifts of a schedule or of a person, as text, JSON or iCal."""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guardia.cli.errors import UsageError
from guardia.cli.oncall_catalog import (
    NOBODY,
    add_catalog,
    add_span,
    find_person,
    find_schedule,
    instant,
    load_oncall,
    present,
    span_of,
    table,
)

if TYPE_CHECKING:
    from router.catalog import OnCallCatalog
    from router.oncall.model import Schedule, Shift


_BY_CATALOG = (
    "This is what the catalog says. Who took over at run time, only the router knows:"
    " guardia oncall override --list"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A shift of a schedule, or (`shift` None) a gap in it."""

    schedule: "Schedule"
    starts_at: datetime
    ends_at: datetime
    shift: "Shift | None"
    name: str  # the person's, as shown to colleagues


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Declare the command's arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "calendar", help="show the shifts of a schedule or a person, also as iCal"
    )
    parser.add_argument("schedule", nargs="?", help="its id")
    parser.add_argument("--person", metavar="ID", help="only this person's, in all schedules")
    add_span(parser, weeks=4)
    add_catalog(parser)
    parser.add_argument("--format", choices=("text", "json", "ical"), default="text")
    return parser


def answer(args: argparse.Namespace) -> int:
    """Print the shifts that touch the days asked for, whole, and the gaps between them."""
    if args.schedule is None and args.person is None:
        raise UsageError("name a schedule, or a person: guardia oncall calendar --person ID")
    oncall = load_oncall(args.catalog)
    schedules = list(oncall.roster.schedules.values())
    if args.schedule is not None:
        schedules = [find_schedule(oncall, args.schedule)]
    person = None if args.person is None else find_person(oncall, args.person)
    rows = [row for schedule in schedules for row in _rows(args, oncall, schedule)]
    if person is not None:
        rows = [row for row in rows if row.shift is not None and row.shift.person == person]
    rows.sort(key=lambda row: row.starts_at)
    match args.format:
        case "ical":
            title = " ".join(
                part for part in (person and oncall.names[person], args.schedule) if part
            )
            _print_ical(rows, oncall, title=f"On call: {title}")
        case "json":
            print(json.dumps([_as_json(row) for row in rows], indent=2, ensure_ascii=False))
        case _:
            shown = table([_as_cells(row) for row in rows]) if rows else "no shift in this time"
            print(shown, flush=True)
            print(_BY_CATALOG, file=sys.stderr)  # beside the answer, which programs read
    return 0


def _rows(args: argparse.Namespace, oncall: "OnCallCatalog", schedule: "Schedule") -> list[_Row]:
    from router.oncall.shifts import shifts, uncovered

    start, end = span_of(args, schedule)
    found = shifts(schedule, start, end)
    rows = [
        _Row(
            schedule=schedule,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            shift=shift,
            name=oncall.names.get(shift.person, shift.person),
        )
        for shift in found
    ]
    spans = [(shift.starts_at, shift.ends_at) for shift in found]
    rows += [
        _Row(schedule=schedule, starts_at=begins, ends_at=ends, shift=None, name="")
        for begins, ends in uncovered(spans, start, end)
    ]
    return rows


def _as_cells(row: _Row) -> list[str]:
    from router.oncall.wall_clock import show_moment

    zone = row.schedule.zone
    return [
        show_moment(row.starts_at, zone),
        f"{show_moment(row.ends_at, zone)} {zone.key}",
        row.shift.person if row.shift else NOBODY,
        row.name,
        row.shift.because if row.shift else f"gap of {row.schedule.id}",
    ]


def _as_json(row: _Row) -> dict[str, Any]:
    return {
        "schedule": row.schedule.id,
        "starts_at": instant(row.starts_at),
        "ends_at": instant(row.ends_at),
        "person": row.shift.person if row.shift else None,
        "name": row.name if row.shift else None,
        "because": row.shift.because if row.shift else None,
    }


def _print_ical(rows: list[_Row], oncall: "OnCallCatalog", *, title: str) -> None:
    try:
        from router.oncall.ical import Entry, render_ical
    except ModuleNotFoundError as error:
        raise UsageError(
            f"iCal needs a library of the router ({error.name} is missing):"
            " pip install 'guardia[router]'"
        ) from None
    entries = [
        Entry(schedule=row.schedule.id, shift=row.shift, name=row.name)
        for row in rows
        if row.shift is not None
    ]
    made = render_ical(entries, title=title, organisation=oncall.organisation, now=present())
    # RFC 5545 wants UTF-8 and CRLF, whatever the terminal's encoding is.
    sys.stdout.flush()
    sys.stdout.buffer.write(made)
