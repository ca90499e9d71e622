"""The API: incidents, and acknowledging them."""

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.store.incidents import list_incidents
from router.web.ports import WebPorts
from router.web.problems import problem
from router.web.tokens import TokenFile
from router.web.views import details, find_details, summary

LONGEST_NAME: Final = 200
LONGEST_BODY: Final = 10_000
LONGEST_LIST: Final = 500
_LARGEST_NUMBER: Final = 2**63 - 1  # of a row in either database
_UNAUTHORIZED: Final = "The Authorization header must be `Bearer` and the router's API token."


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has the incident."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The endpoints under /api."""

    ports: WebPorts
    tokens: TokenFile

    async def list(self, request: Request) -> Response:
        """Return the newest incidents; `?state=open` leaves the resolved ones out."""
        if refusal := self._refuse(request):
            return refusal
        state = request.query_params.get("state", "all")
        if state not in ("all", "open"):
            return problem(HTTPStatus.BAD_REQUEST, "`state` must be open or all.")
        work = partial(list_incidents, open_only=state == "open", limit=LONGEST_LIST)
        found = await self.ports.store.read(work)
        return JSONResponse({"incidents": [summary(incident) for incident in found]})

    async def show(self, request: Request) -> Response:
        """Return one incident: alerts, timeline, messages, and what happens next."""
        if refusal := self._refuse(request):
            return refusal
        number: int = request.path_params["number"]
        if number <= _LARGEST_NUMBER:
            found = await self.ports.store.read(partial(find_details, number=number))
            if found is not None:
                return JSONResponse(details(found))
        return _unknown(number)

    async def acknowledge(self, request: Request) -> Response:
        """Record that somebody has the incident: nobody else is woken for it."""
        if refusal := self._refuse(request):
            return refusal
        number: int = request.path_params["number"]
        name = await _read_name(request)
        if isinstance(name, Response):
            return name
        if number > _LARGEST_NUMBER:
            return _unknown(number)
        incident = await self.ports.acknowledge(number, name)
        return _unknown(number) if incident is None else JSONResponse(summary(incident))

    def _refuse(self, request: Request) -> Response | None:
        if self.tokens.allows(request.headers.get("authorization", "")):
            return None
        return problem(HTTPStatus.UNAUTHORIZED, _UNAUTHORIZED)


async def _read_name(request: Request) -> str | Response:
    """Return by whom, or the refusal."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    try:
        name = msgspec.json.decode(body, type=Acknowledgement).by.strip()
    except (msgspec.DecodeError, UnicodeDecodeError):
        detail = 'The body must be JSON that says by whom, such as {"by": "Platform engineer 1"}.'
        return problem(HTTPStatus.BAD_REQUEST, detail)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        detail = f"`by` must be 1 to {LONGEST_NAME} printable characters on one line."
        return problem(HTTPStatus.BAD_REQUEST, detail)
    return name


def _unknown(number: int) -> Response:
    return problem(HTTPStatus.NOT_FOUND, f"There is no incident {number}.")
