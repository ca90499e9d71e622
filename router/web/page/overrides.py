"""Somebody takes over for a while: a form, what comes out of it before it is saved, and saving."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guardia.duration import parse_duration
from router.oncall.model import Roster
from router.oncall.overrides import MadeOverride, WantedOverride, list_warnings, with_overrides
from router.phrase import phrase
from router.web.access.access import entry_of
from router.web.access.caller import Caller
from router.web.access.places import LOST, place_of
from router.web.announcing import announcing
from router.web.api.overrides import (
    LONGEST_REASON,
    MOST,
    list_all,
    only_looked_at,
    record_end,
    record_new,
)
from router.web.page.override_form import LENGTHS, USUAL, Asked, Unclear, given_in, read_asked
from router.web.page.problem import show_problem
from router.web.page.render import render_page
from router.web.page.turn_view import ShownShift, rows_of
from router.web.ports import WebPorts
from router.web.requests import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePages:
    """The pages under /overrides."""

    ports: WebPorts

    async def new(self, request: Request, caller: Caller) -> Response:
        """Show the form as the address fills it in; else so that the reader takes over now."""
        sentence = None
        if request.query_params.get(LOST):
            sentence = phrase("You had been signed out, and this was too long: fill it in again.")
        fields = {"person": caller.person or "", **request.query_params}
        return self._form(caller, fields, sentence, status=HTTPStatus.OK)

    async def preview(self, request: Request, caller: Caller) -> Response:
        """Show who would be on call, and what speaks against it; nothing is saved."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        fields, reader = request.query_params, catalog.reader(caller.person)
        others = await self.ports.store.read(partial(list_all, now=now))
        try:
            asked = await asyncio.to_thread(self._read, fields, caller, others, now)
        except Unclear as problem:
            return self._form(caller, fields, problem.sentence)
        values = await asyncio.to_thread(_preview, catalog.roster, asked.wanted, others, now)
        return render_page(
            "override_preview.html",
            reader,
            caller,
            now=now,
            here="oncall",
            wanted=asked.wanted,
            remark=asked.remark,
            name=catalog.names.get(asked.wanted.person, asked.wanted.person),
            given=urlencode(given_in(fields, reader.zone)),
            **values,
        )

    async def make(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Save what the preview showed; once, however often it is sent."""
        now = self.ports.clock()
        others = await self.ports.store.read(partial(list_all, now=now))
        try:
            asked = await asyncio.to_thread(self._read, form, caller, others, now)
        except Unclear as problem:
            return self._form(caller, form, problem.sentence)
        entry = entry_of(request, caller, "override", at=now)
        announce = announcing(self.ports, now=now)
        work = partial(record_new, wanted=asked.wanted, now=now, entry=entry, announce=announce)
        made, _ = await self.ports.store.write(work, refusable=True)
        if made is None:
            sentence = phrase(
                "There are too many overrides already: cancel some, or change the catalog."
            )
            return self._form(caller, form, sentence)
        return RedirectResponse(f"/oncall?made={made.number}", HTTPStatus.SEE_OTHER)

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
            back = place_of(request.scope["path"])
            return show_problem(self.ports, caller, sentence, status=status, back=back)
        return RedirectResponse(f"/oncall?cancelled={found.number}", HTTPStatus.SEE_OTHER)

    def _read(
        self, fields: Mapping[str, str], caller: Caller, others: list[MadeOverride], now: datetime
    ) -> Asked:
        """Return what is asked for. Raises Unclear."""
        catalog = self.ports.catalog()
        overridden = with_overrides(catalog.roster, others)
        reader = catalog.reader(caller.person)
        return read_asked(fields, catalog.roster, overridden, reader, by=caller.name, now=now)

    def _form(
        self,
        caller: Caller,
        fields: Mapping[str, str],
        sentence: str | None = None,
        *,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
    ) -> Response:
        catalog = self.ports.catalog()
        reader = catalog.reader(caller.person)
        return render_page(
            "override_form.html",
            reader,
            caller,
            now=self.ports.clock(),
            status=HTTPStatus.OK if sentence is None else status,
            here="oncall",
            sentence=None if sentence is None else reader.say(sentence),
            given=given_in(fields, reader.zone),
            schedules=list(catalog.roster.schedules),
            people=[
                one for one in catalog.roster.people.values() if one.addresses and one.may_answer
            ],
            lengths=[(text, reader.length(parse_duration(text))) for text in LENGTHS],
            usual=USUAL,
            longest_reason=LONGEST_REASON,
        )


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
