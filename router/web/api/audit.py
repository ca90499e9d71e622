"""GET /api/audit: who did what, and what was refused; for administrators."""

from dataclasses import dataclass
from functools import partial
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response

from router.store.audit import StoredEntry, list_audit
from router.web.access.caller import Caller
from router.web.api.queries import Paged, page_of
from router.web.api.shapes import Instant, Next
from router.web.ports import WebPorts


class EntryView(TypedDict):
    """A row: who did what, by which way and from where; not `done` is refused."""

    number: int
    at: Instant
    actor: str
    person: str | None
    via: str
    action: str
    incident: int | None
    done: bool
    detail: str
    address: str | None


class AuditView(TypedDict):
    """A page of the audit, the newest first."""

    audit: list[EntryView]
    next: Next | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditApi:
    """The endpoint."""

    ports: WebPorts

    async def list(self, request: Request, _caller: Caller, asked: Paged) -> Response:
        """Return who did what, and what was refused, the newest first."""
        work = partial(list_audit, limit=asked.limit + 1, before=asked.before or None)
        found = await self.ports.store.read(work)
        return page_of(request, "audit", found, limit=asked.limit, render=render_entry)


def render_entry(stored: StoredEntry) -> EntryView:
    """Return a row."""
    entry = stored.entry
    return {
        "number": stored.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "person": entry.person,
        "via": entry.via,
        "action": entry.action,
        "incident": entry.incident_number,
        "done": entry.done,
        "detail": entry.detail,
        "address": entry.address,
    }
