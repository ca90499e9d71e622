"""The open incidents, one of them, and what people answer on its page."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from router.catalog import OnCallCatalog
from router.incident.answerer import is_same_person
from router.incident.choices import SNOOZE_LENGTHS
from router.incident.glance import glance_at
from router.incident.model import IncidentState
from router.oncall.model import Person
from router.store.history import OpenIncidents, find_last_opened, list_urgent
from router.store.overrides import read_roster
from router.web.access.caller import Caller
from router.web.api.incident_views import IncidentDetails, find_details
from router.web.api.outlook import find_outlook
from router.web.page.duty import Duty, duty_values, find_duty
from router.web.page.incident_view import (
    alerts_of,
    firing_since,
    is_told,
    links_of,
    messages_of,
    reasons_for,
    row_of,
    state_of,
    told_timeline,
    value_of,
)
from router.web.page.notice import is_recent_test, notice_of
from router.web.page.problem import unknown_incident
from router.web.page.render import render_page
from router.web.page.runbook import Runbook, read_runbook
from router.web.page.standing import has_next_step, standing_of
from router.web.page.taken import Taken, find_taken, taken_values
from router.web.ports import WebPorts
from router.web.requests import read_number

LISTED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPages:
    """The pages under /incidents."""

    ports: WebPorts

    async def list(self, request: Request, caller: Caller) -> Response:
        """Show what is open, what nobody has first; and whether the reader is on call."""
        catalog, now = self.ports.catalog(), self.ports.clock()
        work = partial(_find_open, catalog=catalog, request=request, caller=caller, now=now)
        found = await self.ports.store.read(work)
        reader = catalog.reader(caller.person)
        return render_page(
            "incidents.html",
            reader,
            caller,
            now=now,
            here="incidents",
            rows=[row_of(one, catalog.scope_labels) for one in found.incidents.first],
            total=found.incidents.total,
            unacknowledged=found.incidents.unacknowledged,
            last_ago=None if found.last_at is None else reader.ago(found.last_at, now=now),
            **taken_values(request, found.duty, found.taken),
            **duty_values(found.duty, reader, now=now),
        )

    async def show(self, request: Request, caller: Caller) -> Response:
        """Show one incident: what is wrong, what can be done, what comes next, how it came."""
        found = await self._find(request)
        if found is None:
            return unknown_incident(self.ports, caller)
        values = await asyncio.to_thread(_values, found, caller, self.ports.catalog_folder)
        done = request.query_params.get("done", "")
        return render_page(
            "incident.html",
            found.catalog.reader(caller.person),
            caller,
            now=found.at,
            here="incidents",
            notice=notice_of(done, found, caller),
            is_test=is_recent_test(found, caller),
            **values,
        )

    async def review(self, request: Request, caller: Caller) -> Response:
        """Show what happened, to print and to learn from."""
        found = await self._find(request)
        if found is None:
            return unknown_incident(self.ports, caller)
        reader = found.catalog.reader(caller.person)
        return render_page(
            "review.html",
            reader,
            caller,
            now=found.at,
            incident=found.incident,
            row=row_of(glance_at(found.incident), found.catalog.scope_labels),
            state=state_of(found.incident, reader),
            value=value_of(found.incident),
            firing_since=firing_since(found.incident),
            alerts=alerts_of(found.incident),
            timeline=[event for event in found.timeline if is_told(event)],
            messages=messages_of(found.messages, found.catalog.roster, reader)[::-1],
        )

    async def _find(self, request: Request) -> IncidentDetails | None:
        number = read_number(request.path_params["number"])
        if number is None:
            return None
        catalog, now = self.ports.catalog(), self.ports.clock()
        return await self.ports.store.read(
            partial(find_details, number=number, catalog=catalog, now=now)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    incidents: OpenIncidents
    last_at: datetime | None  # when the newest incident of all was opened
    duty: Duty
    taken: Taken


def _find_open(
    tx: Connection, *, catalog: OnCallCatalog, request: Request, caller: Caller, now: datetime
) -> _Open:
    roster = read_roster(tx, catalog.roster, at=now)
    return _Open(
        incidents=list_urgent(tx, limit=LISTED),
        last_at=find_last_opened(tx),
        duty=find_duty(tx, caller.person, roster, now=now),
        taken=find_taken(tx, request, caller),
    )


def _values(found: IncidentDetails, caller: Caller, catalog_folder: Path) -> dict[str, Any]:
    incident, reader = found.incident, found.catalog.reader(caller.person)
    runbook_url, dashboard_url = links_of(incident)
    runbook: Runbook | None = read_runbook(catalog_folder, runbook_url) if runbook_url else None
    return {
        "incident": incident,
        "row": row_of(glance_at(incident), found.catalog.scope_labels),
        "state": standing_of(found, reader),
        "value": value_of(incident),
        "firing_since": firing_since(incident),
        "is_mine": incident.state is IncidentState.ACKNOWLEDGED
        and is_same_person(incident.acknowledged_by, caller.name),
        "has_next_step": has_next_step(found),
        "kept_quiet": found.catalog.repeat_interval,
        "runbook_url": runbook_url,
        "dashboard_url": dashboard_url,
        "runbook": runbook,
        "people": _people(found.catalog, caller),
        "policies": list(found.catalog.policies),
        "snoozes": SNOOZE_LENGTHS,
        "outlook": _outlook(found),
        "alerts": alerts_of(incident),
        "alerts_total": len(incident.alerts),
        "timeline": told_timeline(found.timeline),
        "messages": messages_of(found.messages, found.catalog.roster, reader),
        "reasons": [
            {"at": one.created_at, "because": one.message.because}
            for one in reasons_for(found.messages, caller.person)
        ],
    }


def _outlook(found: IncidentDetails) -> dict[str, Any]:
    roster = found.catalog.roster
    told = find_outlook(
        found.incident,
        found.timer,
        found.catalog,
        now=found.at,
        awake=found.awake,
        asked=found.asked,
    )
    steps = [
        {
            "at": step.at,
            "name": step.name,
            "remarks": step.remarks,
            "pages": [
                {
                    "name": roster.name_of(page.person),
                    "channel": page.address.channel,
                    "because": page.because,
                }
                for page in step.pages
            ],
        }
        for step in told.steps
    ]
    return {"text": told.text, "steps": steps}


def _people(catalog: OnCallCatalog, caller: Caller) -> list[Person]:
    """Return to whom it can be given: who can be woken, and may answer then."""
    return [
        one
        for one in catalog.roster.people.values()
        if one.addresses and one.may_answer and one.id != caller.person
    ]
