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
from router.incident.answerer import is_same_person
from router.language import Reader
from router.oncall.announced import announce_taking_over
from router.oncall.model import Roster, Schedule, ScheduleId
from router.oncall.overrides import MadeOverride, list_gaps_left, told_after_end
from router.oncall.shifts import following, on_call
from router.oncall.wall_clock import parse_date, wall_instant
from router.phrase import joined, phrase
from router.store.overrides import find_override, list_current_overrides, read_roster
from router.web.access.caller import Caller
from router.web.page.notice import RECENT
from router.web.page.picture import Picture, draw_roster
from router.web.page.problem import show_problem
from router.web.page.render import render_page
from router.web.page.turn_view import rows_of, shown_shift
from router.web.ports import WebPorts
from router.web.requests import read_number

WEEKS: Final = 4  # that a calendar shows
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallPages:
    """The pages under /oncall."""

    ports: WebPorts

    async def who(self, request: Request, caller: Caller) -> Response:
        """Show who is on call by each schedule and who follows, and the overrides that count."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        asked = request.query_params
        number = read_number(asked.get("cancelled") or asked.get("made") or "")
        work = partial(_find_overrides, catalog=catalog, number=number, now=now)
        roster, made, changed = await self.ports.store.read(work)
        values = await asyncio.to_thread(_who, roster, made, now=now)
        told = await asyncio.to_thread(_told, roster, changed, caller, now=now)
        reader = catalog.reader(caller.person)
        return render_page("oncall.html", reader, caller, now=now, here="oncall", **values, **told)

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
    tx: Connection, *, catalog: OnCallCatalog, number: int | None, now: datetime
) -> tuple[Roster, list[MadeOverride], MadeOverride | None]:
    """Return the roster, the overrides that count or will, and the one with the number."""
    roster = read_roster(tx, catalog.roster, at=now)
    changed = None if number is None else find_override(tx, number)
    return roster, list_current_overrides(tx, now=now), changed


def _told(
    roster: Roster, changed: MadeOverride | None, caller: Caller, *, now: datetime
) -> dict[str, Any]:
    """Return what became of an override, and what is in force now that it is cancelled.

    As it stands, whatever the address says; to who has just done it, and not
    beside the news that something was not done.
    """
    if changed is None or caller.unsent or not _is_news(changed, caller, now=now):
        return {"told": "", "left": ()}
    if changed.cancelled_at is None:
        name = roster.name_of(changed.person)
        told = joined(phrase("The override is made."), announce_taking_over(changed, name))
        return {"told": told, "left": ()}
    after = told_after_end(roster, changed, now=now)
    return {
        "told": joined(phrase("The override is cancelled."), after or ""),
        "left": list_gaps_left(roster, changed, now=now),
    }


def _is_news(changed: MadeOverride, caller: Caller, *, now: datetime) -> bool:
    """Say whether the reader has just made or cancelled an override, and it is not over since."""
    by, at = changed.created_by, changed.created_at
    if changed.cancelled_at is not None:
        by, at = changed.cancelled_by or "", changed.cancelled_at
    return is_same_person(by, caller.name) and now - at <= RECENT and now < changed.ends_at


def _who(roster: Roster, made: Sequence[MadeOverride], *, now: datetime) -> dict[str, Any]:
    return {
        "schedules": [
            {
                "id": schedule.id,
                "now": shown_shift(on_call(schedule, now), roster),
                "next": shown_shift(following(schedule, now), roster),
            }
            for schedule in roster.schedules.values()
        ],
        "overrides": [
            {"made": one, "name": roster.name_of(one.person)}
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


def _first_day(asked: str, schedule: Schedule, *, now: datetime) -> date:
    """Return the day asked for, else this week's Monday by the schedule's wall clock."""
    try:
        return parse_date(asked)
    except ValueError:
        today = now.astimezone(schedule.zone).date()
        return today - timedelta(days=today.weekday())
