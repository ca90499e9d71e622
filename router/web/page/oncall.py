"""Who is on call now and next, and the calendar of weeks, as a table and as a picture."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from router.catalog import OnCallCatalog
from router.language import Reader
from router.oncall.model import Person, PersonId, Roster, Schedule, ScheduleId, Shift
from router.oncall.overrides import MadeOverride
from router.oncall.shifts import following, gaps, on_call, shifts
from router.oncall.wall_clock import parse_date, wall_instant
from router.phrase import phrase
from router.store.overrides import list_current_overrides, read_roster
from router.web.access.caller import Caller
from router.web.page.picture import Picture, draw_roster
from router.web.page.problem import show_problem
from router.web.page.render import render_page
from router.web.ports import WebPorts

WEEKS: Final = 4  # that a calendar shows
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownShift:
    """A turn with who has it; `person` is None where nobody is on call."""

    person: Person | None
    name: str
    starts_at: datetime
    ends_at: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallPages:
    """The pages under /oncall."""

    ports: WebPorts

    async def who(self, request: Request, caller: Caller) -> Response:
        """Show who is on call by each schedule and who follows, and the overrides that count."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        work = partial(_find_overrides, catalog=catalog, now=now)
        roster, made = await self.ports.store.read(work)
        values = await asyncio.to_thread(_who, roster, made, now=now)
        return render_page(
            "oncall.html",
            catalog.reader(caller.person),
            caller,
            now=now,
            here="oncall",
            done=request.query_params.get("done", ""),
            **values,
        )

    async def calendar(self, request: Request, caller: Caller) -> Response:
        """Show some weeks of one schedule; `?from=` is the day from which on."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        reader = catalog.reader(caller.person)
        roster = await self.ports.store.read(
            partial(read_roster, roster=catalog.roster, at=now - _WEEK * WEEKS)
        )
        schedule = roster.schedules.get(ScheduleId(request.path_params["id"]))
        if schedule is None:
            sentence = phrase("The catalog has no such schedule.")
            return show_problem(self.ports, caller, sentence, status=HTTPStatus.NOT_FOUND)
        first = _first_day(request.query_params.get("from", ""), schedule, now=now)
        values = await asyncio.to_thread(_calendar, schedule, roster, reader, first, now)
        return render_page("calendar.html", reader, caller, now=now, here="oncall", **values)


def _find_overrides(
    tx: Connection, *, catalog: OnCallCatalog, now: datetime
) -> tuple[Roster, list[MadeOverride]]:
    roster = read_roster(tx, catalog.roster, at=now)
    return roster, list_current_overrides(tx, now=now)


def _who(roster: Roster, made: Sequence[MadeOverride], *, now: datetime) -> dict[str, Any]:
    return {
        "schedules": [
            {
                "id": schedule.id,
                "now": _shown(on_call(schedule, now), roster),
                "next": _shown(following(schedule, now), roster),
            }
            for schedule in roster.schedules.values()
        ],
        "overrides": [
            {"made": one, "name": _name(one.person, roster)}
            for one in sorted(made, key=lambda one: one.starts_at)
        ],
    }


def _calendar(
    schedule: Schedule, roster: Roster, reader: Reader, first: date, now: datetime
) -> dict[str, Any]:
    midnights = [
        wall_instant(first + timedelta(days=7 * week), time(), schedule.zone)
        for week in range(WEEKS + 1)
    ]
    start, end = midnights[0], midnights[-1]
    rows = rows_of(schedule, roster, start, end)
    picture: Picture = draw_roster(rows, midnights, zone=schedule.zone, reader=reader, now=now)
    return {
        "schedule": schedule,
        "rows": rows,
        "picture": picture,
        "earlier": (first - timedelta(weeks=WEEKS)).isoformat(),
        "later": (first + timedelta(weeks=WEEKS)).isoformat(),
        "in_zone": Reader(language=reader.language, zone=schedule.zone),
    }


def rows_of(schedule: Schedule, roster: Roster, start: datetime, end: datetime) -> list[ShownShift]:
    """Return the turns of [start, end) and the gaps between them, in order."""
    turns = [_shown(one, roster) for one in shifts(schedule, start, end)]
    holes = [
        ShownShift(person=None, name="", starts_at=begins, ends_at=ends, because="")
        for begins, ends in gaps(schedule, start, end)
    ]
    found = [one for one in (*turns, *holes) if one is not None]
    return sorted(found, key=lambda one: one.starts_at)


def _shown(shift: Shift | None, roster: Roster) -> ShownShift | None:
    if shift is None:
        return None
    return ShownShift(
        person=roster.people.get(shift.person),
        name=_name(shift.person, roster),
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        because=shift.because,
    )


def _name(person: PersonId, roster: Roster) -> str:
    known = roster.people.get(person)
    return person if known is None else known.name


def _first_day(asked: str, schedule: Schedule, *, now: datetime) -> date:
    """Return the day asked for, else this week's Monday by the schedule's wall clock."""
    try:
        return parse_date(asked)
    except ValueError:
        today = now.astimezone(schedule.zone).date()
        return today - timedelta(days=today.weekday())
