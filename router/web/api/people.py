"""The API of people: a test page to see whether their addresses work."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.incident.test_page import PageTestRefused
from router.oncall.model import PersonId
from router.oncall.overrides import unknown_name
from router.web.access.caller import Caller
from router.web.actions import send_test_page
from router.web.api.bodies import By, said_by, speaker_of
from router.web.ports import WebPorts
from router.web.problems import render_problem


class TestPageView(TypedDict):
    """The incident whose messages tell what came of a test page."""

    incident: int
    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleApi:
    """The endpoints under /api/people that do something."""

    ports: WebPorts

    async def test_page(self, request: Request, caller: Caller, told: By) -> Response:
        """Page every address of a person with a text that says that it is a test.

        The answer names the incident whose messages tell what came of it.
        """
        speaker = speaker_of(caller, told.by)
        people = self.ports.catalog().roster.people
        person = people.get(PersonId(request.path_params["id"]))
        if person is None:
            reason = unknown_name("person", request.path_params["id"], people)
            return render_problem(HTTPStatus.NOT_FOUND, reason)
        if not person.addresses:
            detail = f"{person.name} has no address for pages in the catalog."
            return render_problem(HTTPStatus.CONFLICT, detail)
        detail = said_by(caller, told.by)
        try:
            made = await send_test_page(self.ports, request, speaker, person, detail=detail)
        except PageTestRefused as error:
            return render_problem(HTTPStatus.TOO_MANY_REQUESTS, error.reason, wait=error.wait)
        answer: TestPageView = {
            "incident": made.stored_number,
            "person": person.id,
            "name": person.name,
        }
        return JSONResponse(answer, status_code=HTTPStatus.CREATED)
