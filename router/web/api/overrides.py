"""The API of overrides at run time: make, list, cancel."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal

from msgspec import Meta
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.oncall.model import PersonId, Roster, ScheduleId
from router.oncall.overrides import (
    MadeOverride,
    WantedOverride,
    find_made,
    find_obstacle,
    list_gaps_left,
    list_warnings,
    with_overrides,
)
from router.store.audit import Entry, record_audit
from router.store.overrides import (
    LOOK_BACK,
    count_current_overrides,
    find_override,
    list_current_overrides,
    list_overrides,
    list_past_overrides,
    lock_overrides,
    record_cancelled,
    record_override,
)
from router.web.access.access import entry_of
from router.web.access.caller import Caller
from router.web.announcing import Announce, announcing
from router.web.api.bodies import By, Senseless, check_line, said_by, speaker_of
from router.web.api.oncall_views import (
    AskedInstant,
    ChangedOverrideView,
    PreviewView,
    RowView,
    read_instant,
    render_override,
    render_rows,
)
from router.web.api.queries import LONGEST_LIST, Paged, page_of
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number

LONGEST_REASON: Final = 500
MOST: Final = 500  # that count or will: each makes every question of who is on call slower

_NEXT_NUMBER: Final = 2**62  # of one that is only looked at: it counts before all that are made


class OverrideBody(
    By,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"since": "from"},
):
    """Who takes over which schedule, and when."""

    schedule: str
    person: str
    since: AskedInstant
    until: AskedInstant
    reason: Annotated[str, Meta(extra_json_schema={"maxLength": LONGEST_REASON})] = ""


class OverrideQuery(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which overrides."""

    state: Annotated[Literal["current", "all"], Meta(description="current or all")] = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridesApi:
    """The endpoints under /api/overrides."""

    ports: WebPorts

    async def make(self, request: Request, caller: Caller, told: OverrideBody) -> Response:
        """Have somebody take over a schedule for a while; the answer says what comes out of it.

        Sent once more while it counts, it makes nothing new and answers with the same one.
        """
        roster, now = self.ports.catalog().roster, self.ports.clock()
        speaker = speaker_of(caller, told.by)
        wanted = _read_wanted(told, roster, by=speaker.name, now=now)
        detail = said_by(caller, told.by)
        entry = entry_of(request, speaker, "override", at=now, detail=detail)
        announce = announcing(self.ports, now=now)
        work = partial(record_new, wanted=wanted, now=now, entry=entry, announce=announce)
        made, others = await self.ports.store.write(work, refusable=True)
        if made is None:
            detail = f"There are {MOST} overrides already: cancel some, or change the catalog."
            return render_problem(HTTPStatus.CONFLICT, detail)
        answer = await asyncio.to_thread(_render_made, made, others, roster)
        return JSONResponse(answer, status_code=HTTPStatus.CREATED)

    async def preview(self, _request: Request, caller: Caller, told: OverrideBody) -> Response:
        """Return what an override would change and what speaks against it; nothing is saved."""
        roster, now = self.ports.catalog().roster, self.ports.clock()
        by = speaker_of(caller, told.by).name
        wanted = _read_wanted(told, roster, by=by, now=now)
        others = await self.ports.store.read(partial(list_all, now=now))
        return JSONResponse(await asyncio.to_thread(_render_preview, wanted, others, roster, now))

    async def list(self, request: Request, _caller: Caller, asked: OverrideQuery) -> Response:
        """Return those that count now or will; with `state=all` the ones made last.

        Of those that count all come at once: `limit` and `before` are about `state=all`.
        """
        roster, now = self.ports.catalog().roster, self.ports.clock()
        limit = LONGEST_LIST  # all that count: there are no more
        if asked.state == "current":
            work = partial(list_current_overrides, now=now)
        else:
            limit = asked.limit
            work = partial(list_past_overrides, limit=limit + 1, before=asked.before or None)
        found = await self.ports.store.read(work)
        render = partial(render_override, roster=roster)
        return page_of(request, "overrides", found, limit=limit, render=render)

    async def cancel(self, request: Request, caller: Caller, told: By) -> Response:
        """End an override now; what it has changed until now stays so."""
        roster, now = self.ports.catalog().roster, self.ports.clock()
        speaker = speaker_of(caller, told.by)
        number = read_number(request.path_params["number"])
        if number is None:
            return _unknown(number)
        detail = said_by(caller, told.by)
        entry = entry_of(request, speaker, "override-cancel", at=now, detail=detail)
        by, announce = speaker.name, announcing(self.ports, now=now)
        work = partial(record_end, number=number, by=by, now=now, entry=entry, announce=announce)
        cancelled, others = await self.ports.store.write(work, refusable=True)
        if cancelled is None:
            return _unknown(number)
        if cancelled.cancelled_at is None:
            detail = f"Override {number} ended at {cancelled.ends_at.isoformat()}."
            return render_problem(HTTPStatus.CONFLICT, detail)
        answer = await asyncio.to_thread(_render_cancelled, cancelled, others, roster, now)
        return JSONResponse(answer)


def _read_wanted(told: OverrideBody, roster: Roster, *, by: str, now: datetime) -> WantedOverride:
    """Return what is asked for; it begins now at the earliest, since what was is not changed.

    Raises Senseless.
    """
    since, until = _read_time("from", told.since), _read_time("until", told.until)
    reason = told.reason.strip()
    wanted = WantedOverride(
        schedule=ScheduleId(told.schedule),
        person=PersonId(told.person),
        starts_at=max(since, now.replace(microsecond=0)),
        ends_at=until,
        reason=reason and check_line("reason", reason, LONGEST_REASON),
        by=by,
    )
    if obstacle := find_obstacle(roster, wanted, now=now):
        raise Senseless(obstacle)
    return wanted


def _read_time(name: str, text: str) -> datetime:
    at = read_instant(text)
    if at is None:
        raise Senseless(
            f"`{name}` must be a time with its offset, such as 2026-12-24T18:00:00+01:00."
        )
    return at


def record_new(
    tx: Connection, *, wanted: WantedOverride, now: datetime, entry: Entry, announce: Announce
) -> tuple[MadeOverride | None, list[MadeOverride]]:
    """Return the new override (None: there are too many), and all that count with it.

    `entry` is the row of the audit that is kept with it, `announce` tells colleagues.
    One that says the same and counts already is returned in its place.
    """
    lock_overrides(tx)
    others = list_all(tx, now=now)
    if found := find_made(wanted, others, now=now):
        return found, others
    if count_current_overrides(tx, now=now) >= MOST:
        return None, []
    made = record_override(tx, wanted, now=now)
    _audit(tx, made, entry)
    announce(tx, made)
    return made, list_all(tx, now=now)


def record_end(
    tx: Connection, *, number: int, by: str, now: datetime, entry: Entry, announce: Announce
) -> tuple[MadeOverride | None, list[MadeOverride]]:
    """Return the override (None: unknown), and all that count without it."""
    before = find_override(tx, number, to_change=True)
    found = record_cancelled(tx, number, by=by, now=now)
    if found is not None and found != before:
        _audit(tx, found, entry)
        announce(tx, found)
    return found, list_all(tx, now=now)


def list_all(tx: Connection, *, now: datetime) -> list[MadeOverride]:
    """Return all that tell who is on call from now on."""
    return list_overrides(tx, ended_after=now - LOOK_BACK)


def _audit(tx: Connection, made: MadeOverride, entry: Entry) -> None:
    told = f"override {made.number}: {made.person} in {made.schedule}"
    detail = f"{told}; {entry.detail}" if entry.detail else told
    record_audit(tx, replace(entry, detail=detail))


def _unknown(number: int | None) -> Response:
    shown = "with that number" if number is None else str(number)
    return render_problem(HTTPStatus.NOT_FOUND, f"There is no override {shown}.")


def only_looked_at(wanted: WantedOverride, *, now: datetime) -> MadeOverride:
    """Return an override as if it was made, to see what it would change."""
    return MadeOverride(
        number=_NEXT_NUMBER,
        schedule=wanted.schedule,
        person=wanted.person,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        reason=wanted.reason,
        created_at=now,
        created_by=wanted.by,
    )


def _render_made(
    made: MadeOverride, others: list[MadeOverride], roster: Roster
) -> ChangedOverrideView:
    changed = with_overrides(roster, others)
    schedule = changed.schedules[made.schedule]
    return {
        **render_override(made, roster),
        "warnings": list(list_warnings(changed, made, others)),
        "shifts": render_rows(schedule, roster, start=made.starts_at, end=made.ends_at),
    }


def _render_preview(
    wanted: WantedOverride, others: list[MadeOverride], roster: Roster, now: datetime
) -> PreviewView:
    looked_at = only_looked_at(wanted, now=now)
    made = _render_made(looked_at, [*others, looked_at], roster)
    return {
        "schedule": made["schedule"],
        "zone": made["zone"],
        "person": made["person"],
        "name": made["name"],
        "starts_at": made["starts_at"],
        "ends_at": made["ends_at"],
        "reason": made["reason"],
        "warnings": made["warnings"],
        "shifts": [_without_number(row) for row in made["shifts"]],
    }


def _without_number(row: RowView) -> RowView:
    """Nothing has the number of what is only looked at."""
    because = row["because"].replace(f"override {_NEXT_NUMBER}", "this override")
    return {**row, "because": because}


def _render_cancelled(
    cancelled: MadeOverride, others: list[MadeOverride], roster: Roster, now: datetime
) -> ChangedOverrideView:
    changed = with_overrides(roster, others)
    schedule, start = changed.schedules.get(cancelled.schedule), max(now, cancelled.starts_at)
    rows: list[RowView] = []
    if schedule is not None and start < cancelled.ends_at:
        rows = render_rows(schedule, roster, start=start, end=cancelled.ends_at)
    return {
        **render_override(cancelled, roster),
        "warnings": list(list_gaps_left(changed, cancelled, now=now)),
        "shifts": rows,
    }
