"""The API of people: a test page to see whether their addresses work."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.incident.test_page import PageTestRefused
from router.oncall.model import PersonId
from router.oncall.overrides import unknown_name
from router.store.store import WAIT_SECONDS
from router.store.writer import StoreBusyError
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import TooLarge, read_body, refuse_stranger
from router.web.tokens import TokenFile

LONGEST_NAME: Final = 200
LONGEST_BODY: Final = 10_000


class _Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: str


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
        by = await _read_by(request)
        if isinstance(by, Response):
            return by
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


async def _read_by(request: Request) -> str | Response:
    """Return who asks for it, or the refusal."""
    body = await read_body(request, limit=LONGEST_BODY)
    if isinstance(body, TooLarge):
        return render_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    try:
        by = msgspec.json.decode(body, type=_Asking).by.strip()
    except (msgspec.DecodeError, UnicodeDecodeError):
        detail = 'The body must be JSON that says by whom, such as {"by": "Platform engineer 1"}.'
        return render_problem(HTTPStatus.BAD_REQUEST, detail)
    if not 1 <= len(by) <= LONGEST_NAME or not by.isprintable():
        detail = f"`by` must be 1 to {LONGEST_NAME} printable characters on one line."
        return render_problem(HTTPStatus.BAD_REQUEST, detail)
    return by
