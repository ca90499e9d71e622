"""The API: incidents, acknowledging them, and what was rejected."""

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.store.incidents import list_incidents
from router.store.rejections import find_rejected_body, list_rejected
from router.store.store import WAIT_SECONDS
from router.store.writer import StoreBusyError
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import TooLarge, read_body, refuse_stranger
from router.web.tokens import TokenFile
from router.web.views import find_details, render_details, render_rejection, render_summary

LONGEST_NAME: Final = 200
LONGEST_BODY: Final = 10_000
LONGEST_LIST: Final = 500
REJECTED_LISTED: Final = 50  # unless more are asked for
_LARGEST_NUMBER: Final = 2**63 - 1  # of a row in either database
_LONGEST_NUMBER: Final = 19  # digits of it


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
            return render_problem(HTTPStatus.BAD_REQUEST, "`state` must be open or all.")
        work = partial(list_incidents, open_only=state == "open", limit=LONGEST_LIST)
        found = await self.ports.store.read(work)
        return JSONResponse({"incidents": [render_summary(incident) for incident in found]})

    async def show(self, request: Request) -> Response:
        """Return one incident: alerts, timeline, messages, and what happens next."""
        if refusal := self._refuse(request):
            return refusal
        number = _parse_number(request)
        if number is None:
            return _unknown(number)
        found = await self.ports.store.read(partial(find_details, number=number))
        return _unknown(number) if found is None else JSONResponse(render_details(found))

    async def acknowledge(self, request: Request) -> Response:
        """Record that somebody has the incident: nobody else is woken for it."""
        if refusal := self._refuse(request):
            return refusal
        number = _parse_number(request)
        name = await _read_name(request)
        if isinstance(name, Response):
            return name
        if number is None:
            return _unknown(number)
        try:
            incident = await asyncio.wait_for(self.ports.acknowledge(number, name), WAIT_SECONDS)
        except TimeoutError:
            raise StoreBusyError("the acknowledgement could not be stored in time") from None
        return _unknown(number) if incident is None else JSONResponse(render_summary(incident))

    async def list_rejected(self, request: Request) -> Response:
        """Return what could not be understood, the newest first; `?limit=` says how many."""
        if refusal := self._refuse(request):
            return refusal
        limit = _read_number(request.query_params.get("limit", str(REJECTED_LISTED)))
        if limit is None or not 1 <= limit <= LONGEST_LIST:
            detail = f"`limit` must be a number from 1 to {LONGEST_LIST}."
            return render_problem(HTTPStatus.BAD_REQUEST, detail)
        found = await self.ports.store.read(partial(list_rejected, limit=limit))
        return JSONResponse({"rejected": [render_rejection(one) for one in found]})

    async def show_rejected(self, request: Request) -> Response:
        """Return a rejected body as it came, as a file: a browser must not take it for a page."""
        if refusal := self._refuse(request):
            return refusal
        number = _parse_number(request)
        body = None
        if number is not None:
            body = await self.ports.store.read(partial(find_rejected_body, number=number))
        if body is None:
            return render_problem(HTTPStatus.NOT_FOUND, "No rejected body has that number.")
        headers = {
            "Content-Disposition": f'attachment; filename="rejected-{number}.bin"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(body, media_type="application/octet-stream", headers=headers)

    def _refuse(self, request: Request) -> Response | None:
        return refuse_stranger(request, self.tokens, name="API")


async def _read_name(request: Request) -> str | Response:
    """Return by whom, or the refusal."""
    body = await read_body(request, limit=LONGEST_BODY)
    if isinstance(body, TooLarge):
        return render_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    try:
        name = msgspec.json.decode(body, type=Acknowledgement).by.strip()
    except (msgspec.DecodeError, UnicodeDecodeError):
        detail = 'The body must be JSON that says by whom, such as {"by": "Platform engineer 1"}.'
        return render_problem(HTTPStatus.BAD_REQUEST, detail)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        detail = f"`by` must be 1 to {LONGEST_NAME} printable characters on one line."
        return render_problem(HTTPStatus.BAD_REQUEST, detail)
    return name


def _parse_number(request: Request) -> int | None:
    """Return the number of the path; None for what is no number of any row."""
    return _read_number(request.path_params["number"])


def _read_number(text: str) -> int | None:
    """Return a whole number; None for what is none, or too large for a row.

    Checked by hand, after the token: Python refuses to read thousands of digits.
    """
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_NUMBER:
        return None
    number = int(text)
    return number if number <= _LARGEST_NUMBER else None


def _unknown(number: int | None) -> Response:
    shown = "with that number" if number is None else str(number)
    return render_problem(HTTPStatus.NOT_FOUND, f"There is no incident {shown}.")
