"""The API of the schedules: who is on call with what was changed at run time, and calendars."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.catalog import OnCallCatalog
from router.oncall.model import PersonId, Roster, Schedule, ScheduleId, Shift
from router.oncall.overrides import unknown_name
from router.oncall.shifts import following, on_call, shifts
from router.store.overrides import read_roster
from router.web.api.oncall_views import read_instant, render_shift
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import refuse_stranger
from router.web.tokens import TokenFile

BEFORE: Final = timedelta(weeks=4)  # that a calendar shows of what was
AHEAD: Final = timedelta(weeks=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallApi:
    """Who is on call, as JSON and as iCal; all behind the API's token."""

    ports: WebPorts
    tokens: TokenFile

    async def who(self, request: Request) -> Response:
        """Return who is on call by each schedule, until when and why, and who follows.

        `?at=` asks for another instant than now.
        """
        if refusal := self._refuse(request):
            return refusal
        asked = request.query_params.get("at")
        at = self.ports.clock() if asked is None else read_instant(asked)
        if at is None:
            detail = (
                "`at` must be a time with its offset, such as 2026-12-24T18:00:00Z"
                " (a + is written %2B in an address)."
            )
            return render_problem(HTTPStatus.BAD_REQUEST, detail)
        roster = await self._roster(self.ports.catalog(), at=at)
        found = await asyncio.to_thread(_who, roster, at=at)
        return JSONResponse({"at": at.isoformat(), "schedules": found})

    async def schedule_calendar(self, request: Request) -> Response:
        """Return one schedule's shifts as iCal: four weeks back and half a year ahead."""
        if refusal := self._refuse(request):
            return refusal
        catalog, name = self.ports.catalog(), request.path_params["id"]
        schedule = catalog.roster.schedules.get(ScheduleId(name))
        if schedule is None:
            detail = unknown_name("schedule", name, catalog.roster.schedules)
            return render_problem(HTTPStatus.NOT_FOUND, detail)
        return await self._calendar(catalog, [schedule.id], title=schedule.id)

    async def person_calendar(self, request: Request) -> Response:
        """Return one person's shifts of all schedules as iCal, for the same time."""
        if refusal := self._refuse(request):
            return refusal
        catalog, name = self.ports.catalog(), request.path_params["id"]
        person = catalog.roster.people.get(PersonId(name))
        if person is None:
            detail = unknown_name("person", name, catalog.roster.people)
            return render_problem(HTTPStatus.NOT_FOUND, detail)
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
            _render_calendar, _shifts(chosen, person, now=now), catalog, title=title, now=now
        )
        return Response(made, media_type="text/calendar")

    async def _roster(self, catalog: OnCallCatalog, *, at: datetime) -> Roster:
        return await self.ports.store.read(partial(read_roster, roster=catalog.roster, at=at))

    def _refuse(self, request: Request) -> Response | None:
        return refuse_stranger(request, self.tokens, name="API")


def _who(roster: Roster, *, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "schedule": schedule.id,
            "zone": schedule.zone.key,
            "shift": render_shift(on_call(schedule, at), roster),
            "next": render_shift(following(schedule, at), roster),
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
    found: Iterable[tuple[ScheduleId, Shift]], catalog: OnCallCatalog, *, title: str, now: datetime
) -> bytes:
    from router.oncall.ical import Entry, render_ical  # loads a library that nothing else needs

    entries = [
        Entry(schedule=schedule, shift=shift, name=catalog.names.get(shift.person, shift.person))
        for schedule, shift in found
    ]
    return render_ical(
        sorted(entries, key=lambda entry: entry.shift.starts_at),
        title=f"On call: {title}",
        organisation=catalog.organisation,
        now=now,
    )
