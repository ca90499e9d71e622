"""Whether the router is well, as the page /health says it: numbers and times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypedDict

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from router.store.backlog import Backlog, Waiting, read_backlog
from router.store.history import Lately, read_lately
from router.store.store import Store
from router.web.access.caller import Caller
from router.web.api.catalog import CatalogView, render_catalog
from router.web.api.endpoint import Nothing
from router.web.api.shapes import Instant
from router.web.ports import WebPorts

LATELY: Final = timedelta(days=1)


class QueueView(TypedDict):
    """What waits in one queue; `overdue_since` is null while nothing is late."""

    name: str
    waiting: int
    due_at: Instant | None
    overdue_since: Instant | None


class ChannelView(TypedDict):
    """What a channel did within a day."""

    channel: str
    sent: int
    failed: int
    waiting: int
    last_sent_at: Instant | None


class HeartbeatView(TypedDict):
    """An alert that must keep coming: `missed_at` is since when people know that it does not."""

    name: str
    seen_at: Instant | None
    missed_at: Instant | None


class HealthView(TypedDict):
    """How the router is."""

    now: Instant
    is_working: bool
    last_notification_at: Instant | None
    rejected_within_a_day: int
    open_incidents: int
    queues: list[QueueView]
    channels: list[ChannelView]
    heartbeats: list[HeartbeatView]
    catalog: CatalogView


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthApi:
    """The endpoint /api/health."""

    ports: WebPorts

    async def show(self, _request: Request, _caller: Caller, _asked: Nothing) -> Response:
        """Return what came in last, what waits, what went out, and which catalog is in force."""
        now = self.ports.clock()
        backlog, lately = await read_health(self.ports.store, now=now)
        answer: HealthView = {
            "now": now.isoformat(),
            "is_working": self.ports.is_working() and self.ports.store.is_writing,
            "last_notification_at": _render(lately.last_notification_at),
            "rejected_within_a_day": lately.rejected,
            "open_incidents": backlog.open_incidents,
            "queues": [_queue(name, waiting, now=now) for name, waiting in backlog.queues()],
            "channels": [
                {
                    "channel": one.channel,
                    "sent": one.sent,
                    "failed": one.failed,
                    "waiting": one.waiting,
                    "last_sent_at": _render(one.last_sent_at),
                }
                for one in lately.channels
            ],
            "heartbeats": [
                {
                    "name": one.name,
                    "seen_at": _render(one.seen_at),
                    "missed_at": _render(one.missed_at),
                }
                for one in lately.heartbeats
            ],
            "catalog": render_catalog(self.ports.reloads),
        }
        return JSONResponse(answer)


async def read_health(store: Store, *, now: datetime) -> tuple[Backlog, Lately]:
    """Return what waits, and what came in and went out within a day."""

    def read(tx: Connection) -> tuple[Backlog, Lately]:
        return read_backlog(tx), read_lately(tx, since=now - LATELY)

    return await store.read(read)


def _queue(name: str, waiting: Waiting, *, now: datetime) -> QueueView:
    return {
        "name": name,
        "waiting": waiting.count,
        "due_at": _render(waiting.first_due_at),
        "overdue_since": _render(waiting.overdue_since(now)),
    }


def _render(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
