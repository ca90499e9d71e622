"""The API of people: a test page to see whether their addresses work."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.incident.test_page import PageTestRefused
from router.oncall.model import PersonId
from router.oncall.overrides import unknown_name
from router.store.store import WAIT_SECONDS
from router.store.writer import StoreBusyError
from router.web.api.bodies import BY_EXAMPLE, BadBody, By, check_line, read_json
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import refuse_stranger
from router.web.tokens import TokenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleApi:
    """The endpoints under /api/people that do something."""

    ports: WebPorts
    tokens: TokenFile

    async def test_page(self, request: Request) -> Response:
        """Page every address of a person with a text that says that it is a test.

        The answer names the incident whose messages tell what came of it.
        """
        if refusal := refuse_stranger(request, self.tokens, name="API"):
            return refusal
        try:
            by = check_line("by", (await read_json(request, By, wanted=BY_EXAMPLE)).by)
        except BadBody as error:
            return render_problem(error.status, error.reason)
        people = self.ports.catalog().roster.people
        person = people.get(PersonId(request.path_params["id"]))
        if person is None:
            detail = unknown_name("person", request.path_params["id"], people)
            return render_problem(HTTPStatus.NOT_FOUND, detail)
        if not person.addresses:
            detail = f"{person.name} has no address for pages in the catalog."
            return render_problem(HTTPStatus.CONFLICT, detail)
        try:
            incident = await asyncio.wait_for(self.ports.test_page(person, by), WAIT_SECONDS)
        except PageTestRefused as error:
            return render_problem(HTTPStatus.TOO_MANY_REQUESTS, error.reason)
        except TimeoutError:
            raise StoreBusyError("the test page could not be stored in time") from None
        answer = {"incident": incident.number, "person": person.id, "name": person.name}
        return JSONResponse(answer, status_code=HTTPStatus.CREATED)
