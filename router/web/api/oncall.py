"""The API of the schedules: who is on call with what was changed at run time, and calendars."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final, Literal, TypedDict

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.catalog import OnCallCatalog
from router.language import Reader
from router.oncall.model import PersonId, Roster, Schedule, ScheduleId, Shift
from router.oncall.overrides import unknown_name
from router.oncall.shifts import following, on_call, shifts
from router.store.overrides import read_roster
from router.web.access.caller import Caller
from router.web.api.bodies import Senseless
from router.web.api.endpoint import Nothing
from router.web.api.oncall_views import (
    AskedInstant,
    RowView,
    ShiftView,
    read_asked,
    render_calendar,
    render_shift,
)
from router.web.api.shapes import Instant
from router.web.ports import WebPorts
from router.web.problems import render_problem

BEFORE: Final = timedelta(weeks=4)  # that a calendar shows of what was
AHEAD: Final = timedelta(weeks=26)
SHOWN: Final = timedelta(weeks=4)  # of turns, unless more is asked for
LONGEST_SPAN: Final = timedelta(days=366)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class WhoQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which instant."""

    at: AskedInstant | UnsetType = UNSET


class TurnsQuery(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"since": "from"},
):
    """For which time."""

    since: AskedInstant | UnsetType = UNSET
    until: AskedInstant | UnsetType = UNSET


class OnCallView(TypedDict):
    """Who is on call by a schedule, and who follows; null for nobody."""

    schedule: str
    zone: str
    shift: ShiftView | None
    next: ShiftView | None


class WhoView(TypedDict):
    """Who is on call at an instant."""

    at: Instant
    schedules: list[OnCallView]


# `from` is a keyword.
TurnsView = TypedDict(
    "TurnsView",
    {
        "schedule": str,
        "zone": str,
        "from": Instant,
        "until": Instant,
        "shifts": list[RowView],
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallApi:
    """Who is on call, as JSON and as iCal."""

    ports: WebPorts

    async def who(self, _request: Request, _caller: Caller, asked: WhoQuery) -> Response:
        """Return who is on call by each schedule, until when and why, and who follows.

        `at` asks for another instant than now.
        """
        at = read_asked("at", asked.at) or self.ports.clock()
        roster = await self._roster(self.ports.catalog(), at=at)
        found = await asyncio.to_thread(_who, roster, at=at)
        return JSONResponse({"at": at.isoformat(), "schedules": found})

    async def turns(self, request: Request, _caller: Caller, asked: TurnsQuery) -> Response:
        """Return a schedule's turns, and the times in which nobody is on call, in order.

        Those that touch the time from `from` (now) up to `until` (four weeks later).
        """
        catalog, name = self.ports.catalog(), request.path_params["id"]
        if name not in catalog.roster.schedules:
            return _unknown("schedule", name, catalog.roster.schedules)
        start = read_asked("from", asked.since) or self.ports.clock().replace(microsecond=0)
        until = read_asked("until", asked.until)
        if until is None:
            until = min(start, _LAST - SHOWN) + SHOWN
        if not start < until <= min(start, _LAST - LONGEST_SPAN) + LONGEST_SPAN:
            raise Senseless(f"`until` must be after `from`, by {LONGEST_SPAN.days} days at most.")
        roster = await self._roster(catalog, at=start)
        schedule = roster.schedules[ScheduleId(name)]
        rows = await asyncio.to_thread(render_calendar, schedule, roster, start=start, end=until)
        answer: TurnsView = {
            "schedule": schedule.id,
            "zone": schedule.zone.key,
            "from": start.isoformat(),
            "until": until.isoformat(),
            "shifts": rows,
        }
        return JSONResponse(answer)

    async def schedule_calendar(
        self, request: Request, _caller: Caller, _asked: Nothing
    ) -> Response:
        """Return one schedule's shifts as iCal: four weeks back and half a year ahead."""
        catalog, name = self.ports.catalog(), request.path_params["id"]
        schedule = catalog.roster.schedules.get(ScheduleId(name))
        if schedule is None:
            return _unknown("schedule", name, catalog.roster.schedules)
        return await self._calendar(catalog, [schedule.id], title=schedule.id)

    async def person_calendar(self, request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return one person's shifts of all schedules as iCal, for the same time."""
        catalog, name = self.ports.catalog(), request.path_params["id"]
        person = catalog.roster.people.get(PersonId(name))
        if person is None:
            return _unknown("person", name, catalog.roster.people)
        schedules = list(catalog.roster.schedules)
        return await self._calendar(catalog, schedules, title=person.name, person=person.id)

    async def _calendar(
        self,
        catalog: OnCallCatalog,
        schedules: list[ScheduleId],
        *,
        title: str,
        person: PersonId | None = None,
    ) -> Response:
        now = self.ports.clock()
        roster = await self._roster(catalog, at=now - BEFORE)
        chosen = [roster.schedules[one] for one in schedules]
        made = await asyncio.to_thread(
            _render_calendar,
            _shifts(chosen, person, now=now),
            catalog,
            title=title,
            reader=catalog.reader(person),
            now=now,
        )
        return Response(made, media_type="text/calendar")

    async def _roster(self, catalog: OnCallCatalog, *, at: datetime) -> Roster:
        return await self.ports.store.read(partial(read_roster, roster=catalog.roster, at=at))


def _unknown(what: Literal["person", "schedule"], name: str, known: Iterable[str]) -> Response:
    return render_problem(HTTPStatus.NOT_FOUND, unknown_name(what, name, known))


def _who(roster: Roster, *, at: datetime) -> list[OnCallView]:
    def render(shift: Shift | None) -> ShiftView | None:
        return None if shift is None else render_shift(shift, roster)

    return [
        {
            "schedule": schedule.id,
            "zone": schedule.zone.key,
            "shift": render(on_call(schedule, at)),
            "next": render(following(schedule, at)),
        }
        for schedule in roster.schedules.values()
    ]


def _shifts(
    schedules: list[Schedule], person: PersonId | None, *, now: datetime
) -> Iterator[tuple[ScheduleId, Shift]]:
    """Yield every shift of the calendar's time, or those of one person."""
    for schedule in schedules:
        for shift in shifts(schedule, now - BEFORE, now + AHEAD):
            if person in (None, shift.person):
                yield schedule.id, shift


def _render_calendar(
    found: Iterable[tuple[ScheduleId, Shift]],
    catalog: OnCallCatalog,
    *,
    title: str,
    reader: Reader,
    now: datetime,
) -> bytes:
    from router.oncall.ical import Entry, render_ical  # loads a library that nothing else needs

    entries = [
        Entry(schedule=schedule, shift=shift, name=catalog.names.get(shift.person, shift.person))
        for schedule, shift in found
    ]
    return render_ical(
        sorted(entries, key=lambda entry: entry.shift.starts_at),
        title=reader.text("On call: {name}", name=title),
        organisation=catalog.organisation,
        now=now,
        reader=reader,
    )
