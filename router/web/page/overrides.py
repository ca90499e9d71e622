"""Somebody takes over for a while: a form, what comes out of it before it is saved, and saving."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guardia.duration import parse_duration
from router.catalog import OnCallCatalog
from router.language import Reader
from router.oncall.model import PersonId, Roster, Schedule, ScheduleId
from router.oncall.overrides import (
    MadeOverride,
    WantedOverride,
    find_obstacle,
    list_warnings,
    with_overrides,
)
from router.oncall.shifts import on_call
from router.oncall.wall_clock import parse_moment
from router.phrase import phrase
from router.web.access.access import entry_of
from router.web.access.caller import Caller
from router.web.announcing import announcing
from router.web.api.overrides import (
    LONGEST_REASON,
    MOST,
    list_all,
    only_looked_at,
    record_end,
    record_new,
)
from router.web.page.problem import show_problem
from router.web.page.render import render_page
from router.web.page.turn_view import ShownShift, rows_of
from router.web.ports import WebPorts
from router.web.requests import read_number

LENGTHS: Final = ("1h", "2h", "4h", "8h", "12h", "1d")
HANDOFF: Final = "handoff"  # until the turn that runs now ends
WRITTEN: Final = "written"  # until the time that is written beside it


class _Unclear(Exception):  # noqa: N818 - a sentence for people
    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePages:
    """The pages under /overrides."""

    ports: WebPorts

    async def new(self, request: Request, caller: Caller) -> Response:
        """Show the form, filled in so that the reader takes over now."""
        asked = request.query_params.get("schedule", "")
        return self._form(caller, {"schedule": asked, "person": caller.person or ""})

    async def preview(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Show who would be on call, and what speaks against it; nothing is saved."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        others = await self.ports.store.read(partial(list_all, now=now))
        try:
            wanted = _read(form, catalog, others, caller, now=now)
        except _Unclear as problem:
            return self._form(caller, form, problem.sentence)
        values = await asyncio.to_thread(_preview, catalog.roster, wanted, others, now)
        reader = catalog.reader(caller.person)
        schedule = catalog.roster.schedules[wanted.schedule]
        return render_page(
            "override_preview.html",
            reader,
            caller,
            now=now,
            here="oncall",
            wanted=wanted,
            name=catalog.names.get(wanted.person, wanted.person),
            in_zone=Reader(language=reader.language, zone=schedule.zone),
            **values,
        )

    async def make(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Save what the preview showed."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        others = await self.ports.store.read(partial(list_all, now=now))
        try:
            wanted = _read(form, catalog, others, caller, now=now)
        except _Unclear as problem:
            return self._form(caller, form, problem.sentence)
        entry = entry_of(request, caller, "override", at=now)
        announce = announcing(self.ports, now=now)
        work = partial(record_new, wanted=wanted, now=now, entry=entry, announce=announce)
        made, _ = await self.ports.store.write(work, refusable=True)
        if made is None:
            sentence = phrase(
                "There are too many overrides already: cancel some, or change the catalog."
            )
            return self._form(caller, form, sentence)
        return RedirectResponse("/oncall?done=override", HTTPStatus.SEE_OTHER)

    async def cancel(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """End an override now."""
        number, now = read_number(request.path_params["number"]), self.ports.clock()
        found = None
        if number is not None:
            entry = entry_of(request, caller, "override-cancel", at=now)
            announce, by = announcing(self.ports, now=now), caller.name
            work = partial(
                record_end, number=number, by=by, now=now, entry=entry, announce=announce
            )
            found, _ = await self.ports.store.write(work, refusable=True)
        if found is None or found.cancelled_at is None:
            sentence = phrase("There is no such override, or it is over.")
            status = HTTPStatus.NOT_FOUND if found is None else HTTPStatus.CONFLICT
            return show_problem(self.ports, caller, sentence, status=status)
        return RedirectResponse("/oncall?done=cancelled", HTTPStatus.SEE_OTHER)

    def _form(
        self, caller: Caller, given: Mapping[str, str], sentence: str | None = None
    ) -> Response:
        catalog = self.ports.catalog()
        reader = catalog.reader(caller.person)
        return render_page(
            "override_form.html",
            reader,
            caller,
            now=self.ports.clock(),
            status=HTTPStatus.OK if sentence is None else HTTPStatus.BAD_REQUEST,
            here="oncall",
            sentence=None if sentence is None else reader.say(sentence),
            given=given,
            schedules=list(catalog.roster.schedules.values()),
            people=[one for one in catalog.roster.people.values() if one.addresses],
            lengths=[(text, reader.length(parse_duration(text))) for text in LENGTHS],
            longest_reason=LONGEST_REASON,
        )


def _read(
    form: Mapping[str, str],
    catalog: OnCallCatalog,
    others: list[MadeOverride],
    caller: Caller,
    *,
    now: datetime,
) -> WantedOverride:
    """Return what the form asks for. Raises _Unclear with what to change."""
    schedule = catalog.roster.schedules.get(ScheduleId(form.get("schedule", "")))
    if schedule is None:
        raise _Unclear(phrase("Choose one of the schedules."))
    starts_at = now.replace(microsecond=0)
    if form.get("from", "").strip():
        starts_at = max(starts_at, _moment(form["from"], schedule))
    changed = with_overrides(catalog.roster, others).schedules[schedule.id]
    reason = " ".join(form.get("reason", "").split())
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise _Unclear(phrase("The reason must be one line of at most 500 characters."))
    wanted = WantedOverride(
        schedule=schedule.id,
        person=PersonId(form.get("person", "")),
        starts_at=starts_at,
        ends_at=_end(form, changed, starts_at),
        reason=reason,
        by=caller.name,
    )
    if obstacle := find_obstacle(catalog.roster, wanted, now=now):
        raise _Unclear(obstacle)
    return wanted


def _end(form: Mapping[str, str], schedule: Schedule, starts_at: datetime) -> datetime:
    match form.get("for", ""):
        case "handoff":
            turn = on_call(schedule, starts_at)
            if turn is None:
                raise _Unclear(phrase("Nobody is on call then, so no turn ends: write until when."))
            return turn.ends_at
        case "written":
            return _moment(form.get("until", ""), schedule)
        case length if length in LENGTHS:
            return starts_at + parse_duration(length)
    raise _Unclear(phrase("Choose until when."))


def _moment(text: str, schedule: Schedule) -> datetime:
    try:
        return parse_moment(text.strip(), schedule.zone)
    except ValueError:
        raise _Unclear(
            phrase("Write the time as 2026-12-24 18:00, by the schedule's clock.")
        ) from None


def _preview(
    roster: Roster, wanted: WantedOverride, others: list[MadeOverride], now: datetime
) -> dict[str, Any]:
    looked_at = only_looked_at(wanted, now=now)
    changed = with_overrides(roster, [*others, looked_at])
    schedule = changed.schedules[wanted.schedule]
    beside = timedelta(seconds=1)
    rows = rows_of(schedule, changed, wanted.starts_at - beside, wanted.ends_at + beside)
    return {
        "warnings": list_warnings(changed, looked_at, others),
        "rows": [_without_number(row, looked_at) for row in rows],
        "too_many": len(others) >= MOST,
    }


def _without_number(row: ShownShift, looked_at: MadeOverride) -> ShownShift:
    """Nothing has the number of what is only looked at."""
    if str(looked_at.number) not in row.because:
        return row
    return replace(row, because=phrase("this override"))
