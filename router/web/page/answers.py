"""What people answer on the page of an incident: forms, after which it is shown as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from router.incident.answers import (
    LONGEST_COMMENT,
    Acknowledge,
    Answer,
    AnswerRefused,
    Comment,
    Escalate,
    Reassign,
    Resolve,
    Snooze,
)
from router.incident.choices import SNOOZE_LENGTHS
from router.oncall.model import PersonId
from router.phrase import phrase
from router.routing import PolicyId
from router.web.access.caller import Caller
from router.web.access.places import place_of
from router.web.access.site import Site
from router.web.access.unsent import read_again
from router.web.actions import give_answer
from router.web.page.problem import show_problem, unknown_incident
from router.web.ports import WebPorts
from router.web.requests import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPages:
    """The forms under /incidents/N."""

    ports: WebPorts

    async def acknowledge(
        self, request: Request, caller: Caller, form: Mapping[str, str]
    ) -> Response:
        """Somebody has it."""
        return await self._give(request, caller, Acknowledge(by=caller.name))

    async def resolve(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Somebody says that it is over."""
        return await self._give(request, caller, Resolve(by=caller.name))

    async def escalate(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Somebody wants the next step now."""
        return await self._give(request, caller, Escalate(by=caller.name))

    async def snooze(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Somebody has it, and wants to be paged anew after a while."""
        length = SNOOZE_LENGTHS.get(form.get("for", ""))
        if length is None:
            return await self._refuse(request, caller, phrase("Choose how long to snooze."))
        until = self.ports.clock() + length
        return await self._give(request, caller, Snooze(by=caller.name, until=until))

    async def reassign(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Somebody gives it to another person, or to a policy."""
        kind, _, name = form.get("to", "").partition(":")
        if kind not in ("person", "policy"):
            return await self._refuse(request, caller, phrase("Choose to whom to give it."))
        is_policy = kind == "policy"
        to = PolicyId(name) if is_policy else PersonId(name)
        given = Reassign(by=caller.name, to=to, is_policy=is_policy)
        return await self._give(request, caller, given)

    async def comment(self, request: Request, caller: Caller, form: Mapping[str, str]) -> Response:
        """Somebody writes into the timeline."""
        text = form.get("text", "").replace("\r\n", "\n").strip()  # as browsers count
        if not 1 <= len(text) <= LONGEST_COMMENT:
            return await self._refuse(request, caller, phrase("Write 1 to 2000 characters."))
        return await self._give(request, caller, Comment(by=caller.name, text=text))

    async def _refuse(
        self,
        request: Request,
        caller: Caller,
        sentence: str,
        *,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
    ) -> Response:
        """Return the page that says why, with what was written, to be changed and sent again."""
        site = Site(external_url=self.ports.external_url)
        again = await read_again(request, site, form_token=caller.form_token)
        return show_problem(
            self.ports,
            caller,
            sentence,
            status=status,
            back=place_of(request.scope["path"]),
            again=again if again is not None and again.text else None,
        )

    async def _give(self, request: Request, caller: Caller, given: Answer) -> Response:
        number = read_number(request.path_params["number"])
        if number is None:
            return unknown_incident(self.ports, caller)
        try:
            answered = await give_answer(self.ports, request, caller, number, given)
        except AnswerRefused as error:
            return await self._refuse(request, caller, error.reason, status=HTTPStatus.CONFLICT)
        if answered is None:
            return unknown_incident(self.ports, caller)
        done = type(given).__name__.lower()
        return RedirectResponse(f"/incidents/{number}?done={done}", HTTPStatus.SEE_OTHER)
