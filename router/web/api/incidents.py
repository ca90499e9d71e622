"""The API: incidents, acknowledging them, and what was rejected."""

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.store.incidents import list_incidents
from router.store.rejections import find_rejected_body, list_rejected
from router.web.api.incident_views import (
    find_details,
    render_details,
    render_rejection,
    render_summary,
)
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number, refuse_stranger
from router.web.tokens import TokenFile

LONGEST_LIST: Final = 500
REJECTED_LISTED: Final = 50  # unless more are asked for


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
        catalog, now = self.ports.catalog(), self.ports.clock()
        work = partial(find_details, number=number, catalog=catalog, now=now)
        found = await self.ports.store.read(work)
        if found is None:
            return _unknown(number)
        # Thousands of alerts, and every step to come, take a while: others are served meanwhile.
        return JSONResponse(await asyncio.to_thread(render_details, found))

    async def list_rejected(self, request: Request) -> Response:
        """Return what could not be understood, the newest first; `?limit=` says how many."""
        if refusal := self._refuse(request):
            return refusal
        limit = read_number(request.query_params.get("limit", str(REJECTED_LISTED)))
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


def _parse_number(request: Request) -> int | None:
    """Return the number of the path; None for what is no number of any row."""
    return read_number(request.path_params["number"])


def _unknown(number: int | None) -> Response:
    shown = "with that number" if number is None else str(number)
    return render_problem(HTTPStatus.NOT_FOUND, f"There is no incident {shown}.")
