"""The API of incidents, of their runbooks, and of what was rejected."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guardia.severity import Severity
from router.incident.model import IncidentState
from router.store.history import Sought, search_incidents
from router.store.incidents import find_incident
from router.store.rejections import find_rejected_body, list_rejected
from router.web.access.caller import Caller
from router.web.api.bodies import check_line
from router.web.api.endpoint import Nothing
from router.web.api.incident_views import (
    find_details,
    render_details,
    render_rejection,
    render_summary,
    unknown_incident,
)
from router.web.api.oncall_views import AskedInstant, read_asked
from router.web.api.queries import LONGEST_LIST, Limit, Paged, page_of
from router.web.page.incident_view import links_of
from router.web.page.runbook import read_runbook_text
from router.web.ports import WebPorts
from router.web.problems import render_problem
from router.web.requests import read_number

_STATES: Final[Mapping[str, Sequence[IncidentState] | None]] = {
    "open": (IncidentState.TRIGGERED, IncidentState.ACKNOWLEDGED),
    "resolved": (IncidentState.RESOLVED,),
    "all": None,
}
State = Annotated[Literal["open", "resolved", "all"], Meta(description="open, resolved or all")]
SeverityAsked = Annotated[
    Literal["critical", "high", "medium", "low"],
    Meta(description="critical, high, medium or low"),
]


class IncidentQuery(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which incidents. `since` and `until` are about when they were opened."""

    limit: Limit = LONGEST_LIST
    state: State = "all"
    severity: SeverityAsked | UnsetType = UNSET
    service: Annotated[str, Meta(min_length=1, max_length=200, description="a service's name")] | (
        UnsetType
    ) = UNSET
    since: AskedInstant | UnsetType = UNSET
    until: AskedInstant | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsApi:
    """The endpoints under /api/incidents that change nothing, and /api/rejected."""

    ports: WebPorts

    async def list(self, request: Request, _caller: Caller, asked: IncidentQuery) -> Response:
        """Return the incidents that match, the newest first.

        `state=open` leaves the resolved ones out. `since` is inclusive, `until` is not.
        """
        work = partial(search_incidents, sought=_sought(asked), limit=asked.limit + 1)
        found = await self.ports.store.read(work)
        return page_of(request, "incidents", found, limit=asked.limit, render=render_summary)

    async def show(self, request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return one incident: alerts, timeline, messages, and what happens next."""
        number = read_number(request.path_params["number"])
        if number is None:
            return unknown_incident(request)
        catalog, now = self.ports.catalog(), self.ports.clock()
        work = partial(find_details, number=number, catalog=catalog, now=now)
        found = await self.ports.store.read(work)
        if found is None:
            return unknown_incident(request)
        # Thousands of alerts, and every step to come, take a while: others are served meanwhile.
        return JSONResponse(await asyncio.to_thread(render_details, found))

    async def runbook(self, request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return the text of an incident's runbook, as the catalog's files have it now.

        That of the worst alert, whose `runbook_url` names it.
        """
        number = read_number(request.path_params["number"])
        incident = None
        if number is not None:
            incident = await self.ports.store.read(partial(find_incident, number=number))
        if incident is None:
            return unknown_incident(request)
        url, _ = links_of(incident)
        text = await asyncio.to_thread(read_runbook_text, self.ports.catalog_folder, url)
        if text is None:
            detail = f"The catalog has no runbook of incident {incident.number}."
            return render_problem(HTTPStatus.NOT_FOUND, detail)
        return Response(text, media_type="text/markdown", headers=_AS_IT_IS)

    async def list_rejected(self, request: Request, _caller: Caller, asked: Paged) -> Response:
        """Return what could not be understood, the newest first."""
        before = asked.before or None
        work = partial(list_rejected, limit=asked.limit + 1, before=before)
        found = await self.ports.store.read(work)
        return page_of(request, "rejected", found, limit=asked.limit, render=render_rejection)

    async def show_rejected(self, request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return a rejected body as it came, as a file: a browser must not take it for a page."""
        number = read_number(request.path_params["number"])
        body = None
        if number is not None:
            body = await self.ports.store.read(partial(find_rejected_body, number=number))
        if body is None:
            return render_problem(HTTPStatus.NOT_FOUND, "No rejected body has that number.")
        named = {"Content-Disposition": f'attachment; filename="rejected-{number}.bin"'}
        return Response(body, media_type="application/octet-stream", headers=_AS_IT_IS | named)


# Text of others: no browser is to run anything of it.
_AS_IT_IS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def _sought(asked: IncidentQuery) -> Sought:
    return Sought(
        states=_STATES[asked.state],
        severity=Severity(asked.severity) if asked.severity else None,
        service=check_line("service", asked.service) if asked.service else None,
        since=read_asked("since", asked.since),
        until=read_asked("until", asked.until),
        before=asked.before or None,
    )
