"""The API of overrides at run time: make, list, cancel."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.oncall.model import PersonId, Roster, ScheduleId
from router.oncall.overrides import (
    MadeOverride,
    WantedOverride,
    find_obstacle,
    list_gaps_left,
    list_warnings,
    with_overrides,
)
from router.store.overrides import (
    LOOK_BACK,
    count_current_overrides,
    list_current_overrides,
    list_overrides,
    list_past_overrides,
    record_cancelled,
    record_override,
)
from router.web.api.bodies import BY_EXAMPLE, BadBody, By, check_line, read_json
from router.web.api.oncall_views import read_instant, render_override, render_rows
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number, refuse_stranger
from router.web.tokens import TokenFile

LONGEST_REASON: Final = 500
LONGEST_LIST: Final = 500
PAST_LISTED: Final = 50  # unless more are asked for
MOST: Final = 500  # that count or will: each makes every question of who is on call slower

_WANTED: Final = (
    'JSON such as {"schedule": "primary", "person": "platform-1",'
    ' "from": "2026-12-24T18:00:00+01:00", "until": "2026-12-26T09:00:00+01:00",'
    ' "by": "Platform engineer 2", "reason": "holidays"};'
    " `reason` is optional"
)


class _Wanted(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"since": "from"},
):
    schedule: str
    person: str
    since: str
    until: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridesApi:
    """The endpoints under /api/overrides."""

    ports: WebPorts
    tokens: TokenFile

    async def make(self, request: Request) -> Response:
        """Have somebody take over a schedule for a while; the answer says what comes out of it."""
        if refusal := self._refuse(request):
            return refusal
        roster, now = self.ports.catalog().roster, self.ports.clock()
        try:
            wanted = _read_wanted(await read_json(request, _Wanted, wanted=_WANTED), now=now)
            if obstacle := find_obstacle(roster, wanted, now=now):
                raise BadBody(obstacle)
            work = partial(_record, wanted=wanted, now=now)
            made, others = await self.ports.store.write(work, refusable=True)
        except BadBody as error:
            return render_problem(error.status, error.reason)
        if made is None:
            detail = f"There are {MOST} overrides already: cancel some, or change the catalog."
            return render_problem(HTTPStatus.CONFLICT, detail)
        answer = await asyncio.to_thread(_render_made, made, others, roster)
        return JSONResponse(answer, status_code=HTTPStatus.CREATED)

    async def list(self, request: Request) -> Response:
        """Return those that count now or will; `?state=all` the ones made last, up to `?limit=`."""
        if refusal := self._refuse(request):
            return refusal
        state = request.query_params.get("state", "current")
        limit = read_number(request.query_params.get("limit", str(PAST_LISTED)))
        if state not in ("current", "all"):
            return render_problem(HTTPStatus.BAD_REQUEST, "`state` must be current or all.")
        if limit is None or not 1 <= limit <= LONGEST_LIST:
            detail = f"`limit` must be a number from 1 to {LONGEST_LIST}."
            return render_problem(HTTPStatus.BAD_REQUEST, detail)
        if state == "current":
            work = partial(list_current_overrides, now=self.ports.clock())
        else:
            work = partial(list_past_overrides, limit=limit)
        roster = self.ports.catalog().roster
        found = await self.ports.store.read(work)
        return JSONResponse({"overrides": [render_override(one, roster) for one in found]})

    async def cancel(self, request: Request) -> Response:
        """End an override now; what it has changed until now stays so."""
        if refusal := self._refuse(request):
            return refusal
        roster, now = self.ports.catalog().roster, self.ports.clock()
        number = read_number(request.path_params["number"])
        try:
            by = check_line("by", (await read_json(request, By, wanted=BY_EXAMPLE)).by)
        except BadBody as error:
            return render_problem(error.status, error.reason)
        if number is None:
            return _unknown(number)
        work = partial(_cancel, number=number, by=by, now=now)
        cancelled, others = await self.ports.store.write(work, refusable=True)
        if cancelled is None:
            return _unknown(number)
        if cancelled.cancelled_at is None:
            detail = f"Override {number} ended at {cancelled.ends_at.isoformat()}."
            return render_problem(HTTPStatus.CONFLICT, detail)
        answer = await asyncio.to_thread(_render_cancelled, cancelled, others, roster, now)
        return JSONResponse(answer)

    def _refuse(self, request: Request) -> Response | None:
        return refuse_stranger(request, self.tokens, name="API")


def _read_wanted(asked: _Wanted, *, now: datetime) -> WantedOverride:
    """Return what is asked for; it begins now at the earliest, since what was is not changed."""
    since, until = _read_time("from", asked.since), _read_time("until", asked.until)
    reason = asked.reason.strip()
    return WantedOverride(
        schedule=ScheduleId(asked.schedule),
        person=PersonId(asked.person),
        starts_at=max(since, now.replace(microsecond=0)),
        ends_at=until,
        reason=reason and check_line("reason", reason, LONGEST_REASON),
        by=check_line("by", asked.by),
    )


def _read_time(name: str, text: str) -> datetime:
    at = read_instant(text)
    if at is None:
        raise BadBody(
            f"`{name}` must be a time with its offset, such as 2026-12-24T18:00:00+01:00."
        )
    return at


def _record(
    tx: Connection, *, wanted: WantedOverride, now: datetime
) -> tuple[MadeOverride | None, list[MadeOverride]]:
    """Return the new override (None: there are too many), and all that count with it."""
    if count_current_overrides(tx, now=now) >= MOST:
        return None, []
    made = record_override(tx, wanted, now=now)
    return made, list_overrides(tx, ended_after=now - LOOK_BACK)


def _cancel(
    tx: Connection, *, number: int, by: str, now: datetime
) -> tuple[MadeOverride | None, list[MadeOverride]]:
    """Return the override (None: unknown), and all that count without it."""
    found = record_cancelled(tx, number, by=by, now=now)
    return found, list_overrides(tx, ended_after=now - LOOK_BACK)


def _unknown(number: int | None) -> Response:
    shown = "with that number" if number is None else str(number)
    return render_problem(HTTPStatus.NOT_FOUND, f"There is no override {shown}.")


def _render_made(made: MadeOverride, others: list[MadeOverride], roster: Roster) -> dict[str, Any]:
    changed = with_overrides(roster, others)
    schedule = changed.schedules[made.schedule]
    return {
        **render_override(made, roster),
        "warnings": list_warnings(changed, made, others),
        "shifts": render_rows(schedule, roster, start=made.starts_at, end=made.ends_at),
    }


def _render_cancelled(
    cancelled: MadeOverride, others: list[MadeOverride], roster: Roster, now: datetime
) -> dict[str, Any]:
    changed = with_overrides(roster, others)
    schedule, start = changed.schedules.get(cancelled.schedule), max(now, cancelled.starts_at)
    rows = []
    if schedule is not None and start < cancelled.ends_at:
        rows = render_rows(schedule, roster, start=start, end=cancelled.ends_at)
    return {
        **render_override(cancelled, roster),
        "warnings": list_gaps_left(changed, cancelled, now=now),
        "shifts": rows,
    }
