"""The reader's own page: how they are reached, a test of it, and being awake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guardia.duration import parse_duration
from router.catalog import OnCallCatalog
from router.escalation.awake import AwakeRefused, awake_for, awake_until
from router.incident.test_page import PageTestRefused
from router.language import Reader
from router.oncall.model import Person, Role
from router.store.overrides import read_roster
from router.web.access.caller import Caller
from router.web.actions import begin_awake, end_awake, send_test_page
from router.web.page.duty import MORNING, Duty, duty_values, find_duty
from router.web.page.render import render_page
from router.web.page.taken import Taken, address_of_taken, find_taken, taken_values
from router.web.ports import WebPorts
from router.web.problems import retry_after

LENGTHS: Final = ("1h", "4h")  # for which somebody says that they are awake
UNTIL_MORNING: Final = "morning"
_LANGUAGES: Final = {"en": "English", "es": "español", "pt": "português"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MePages:
    """The pages under /me."""

    ports: WebPorts

    async def show(self, request: Request, caller: Caller) -> Response:
        """Show how the reader is reached, by today's catalog, and their duty."""
        return await self._show(request, caller)

    async def test(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Page every address of the reader; the incident shown then has what came of it."""
        person = self._person(caller)
        reader = self.ports.catalog().reader(caller.person)
        if person is None or not person.addresses:
            return await self._show(
                request, caller, reader.text("The catalog has no address of yours.")
            )
        try:
            made = await send_test_page(self.ports, request, caller, person)
        except PageTestRefused as error:
            status = HTTPStatus.TOO_MANY_REQUESTS
            shown = await self._show(request, caller, reader.say(error.reason), status=status)
            shown.headers.update(retry_after(error.wait))
            return shown
        return RedirectResponse(f"/incidents/{made.number}?done=test", HTTPStatus.SEE_OTHER)

    async def awake(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Have all that paged the reader, and tell them quietly of what comes next."""
        person, now = self._person(caller), self.ports.clock()
        reader = self.ports.catalog().reader(caller.person)
        if person is None:
            return await self._show(
                request, caller, reader.text("The catalog has no address of yours.")
            )
        length = form.get("for", "")
        try:
            if length == UNTIL_MORNING:
                until = awake_until(MORNING, reader.zone, now=now)
            elif length in LENGTHS:
                until = awake_for(parse_duration(length), now=now)
            else:
                sentence = reader.text("Choose for how long you are awake.")
                return await self._show(request, caller, sentence, status=HTTPStatus.BAD_REQUEST)
        except AwakeRefused as error:
            return await self._show(request, caller, reader.say(error.reason))
        numbers = await begin_awake(self.ports, request, caller, person, until=until)
        return _back(form, "awake", numbers)

    async def not_awake(
        self, request: Request, caller: Caller, form: Mapping[str, str]
    ) -> Response:
        """Ring the reader again as ever."""
        person = self._person(caller)
        if person is not None:
            await end_awake(self.ports, request, caller, person)
        return _back(form, "not-awake")

    def _person(self, caller: Caller) -> Person | None:
        people = self.ports.catalog().roster.people
        return None if caller.person is None else people.get(caller.person)

    async def _show(
        self,
        request: Request,
        caller: Caller,
        sentence: str | None = None,
        *,
        status: HTTPStatus = HTTPStatus.CONFLICT,
    ) -> Response:
        catalog, now = self.ports.catalog(), self.ports.clock()
        work = partial(_find_duty, catalog=catalog, request=request, caller=caller, now=now)
        duty, taken = await self.ports.store.read(work)
        reader = catalog.reader(caller.person)
        person = self._person(caller)
        return render_page(
            "me.html",
            reader,
            caller,
            now=now,
            here="me",
            status=HTTPStatus.OK if sentence is None else status,
            sentence=sentence,
            person=person,
            language=_LANGUAGES[reader.language],
            role="" if person is None else _role_word(person.role, reader),
            **taken_values(request, duty, taken),
            **duty_values(duty, reader, now=now),
        )


def _role_word(role: Role, reader: Reader) -> str:
    """Return what somebody may do, behind the word that the catalog has for it."""
    return {
        Role.VIEWER: reader.text("viewer: may look"),
        Role.RESPONDER: reader.text("responder: may answer"),
        Role.ADMINISTRATOR: reader.text("administrator: may answer and administer"),
    }[role]


def _find_duty(
    tx: Connection, *, catalog: OnCallCatalog, request: Request, caller: Caller, now: datetime
) -> tuple[Duty, Taken]:
    roster = read_roster(tx, catalog.roster, at=now)
    return find_duty(tx, caller.person, roster, now=now), find_taken(tx, request, caller)


def _back(form: Mapping[str, str], done: str, taken: Sequence[int] = ()) -> Response:
    """Return to the page that the form was on, one of two, which lists what was `taken`."""
    page = "/incidents" if form.get("back") == "incidents" else "/me"
    return RedirectResponse(f"{page}?done={done}{address_of_taken(taken)}", HTTPStatus.SEE_OTHER)
