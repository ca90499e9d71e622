"""Incidents of the past, with filters in the address, so that a search can be sent to others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from guardia.severity import Severity
from router.incident.model import IncidentState
from router.language import Reader
from router.oncall.wall_clock import parse_date, wall_instant
from router.store.history import Sought, search_incidents
from router.web.access.caller import Caller
from router.web.page.incident_view import row_of
from router.web.page.render import render_page
from router.web.ports import WebPorts
from router.web.requests import read_number

SHOWN: Final = 50
_STATES: Final = {
    "open": (IncidentState.TRIGGERED, IncidentState.ACKNOWLEDGED),
    "resolved": (IncidentState.RESOLVED,),
}
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPages:
    """The page /history."""

    ports: WebPorts

    async def search(self, request: Request, caller: Caller) -> Response:
        """Show what matches, the newest first; what cannot be read is said and left out."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        reader = catalog.reader(caller.person)
        asked = {
            name: request.query_params.get(name, "").strip()[:_LONGEST]
            for name in ("state", "severity", "service", "since", "until", "before")
        }
        sought, problems = read_sought(asked, reader)
        work = partial(search_incidents, sought=sought, limit=SHOWN + 1)
        found = await self.ports.store.read(work)
        rows = [row_of(one, catalog.scope_labels) for one in found[:SHOWN]]
        following = None
        if len(found) > SHOWN:
            following = "?" + urlencode({**asked, "before": rows[-1].number})
        return render_page(
            "history.html",
            reader,
            caller,
            now=now,
            here="history",
            asked=asked,
            problems=problems,
            rows=rows,
            following=following,
            severities=list(Severity),
        )


def read_sought(asked: Mapping[str, str], reader: Reader) -> tuple[Sought, list[str]]:
    """Return what is looked for by the words of an address, and a sentence for each bad one."""
    problems: list[str] = []

    def day(name: str, after: timedelta) -> datetime | None:
        if not asked[name]:
            return None
        try:
            return wall_instant(parse_date(asked[name]) + after, time(), reader.zone)
        except ValueError:
            problems.append(reader.text("Write days as 2026-12-24."))
            return None

    severity = None
    if asked["severity"]:
        if asked["severity"] in list(Severity):
            severity = Severity(asked["severity"])
        else:
            problems.append(reader.text("There is no such severity."))
    service = asked["service"]
    if not service.isprintable():  # PostgreSQL has no NUL; the rest nobody types
        problems.append(reader.text("There is no service of that name."))
        service = ""
    sought = Sought(
        states=_STATES.get(asked["state"]),
        severity=severity,
        service=service or None,
        since=day("since", timedelta()),
        until=day("until", timedelta(days=1)),
        before=read_number(asked["before"]),
    )
    return sought, problems
