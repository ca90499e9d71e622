"""Whether the router itself is well, for people; programs read /metrics."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from router.store.backlog import Waiting, read_notifications
from router.web.access.caller import Caller
from router.web.api.health import read_health
from router.web.page.render import render_page
from router.web.ports import WebPorts


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPages:
    """The page /health."""

    ports: WebPorts

    async def show(self, request: Request, caller: Caller) -> Response:
        """Show what came in last, what waits, what went out, and which catalog is in force."""
        now = self.ports.clock()
        backlog, lately = await read_health(self.ports.store, now=now)
        to_read, planned = await self.ports.store.read(partial(read_notifications, now=now))
        reloads = self.ports.reloads
        refusal = reloads.refusal
        reader = self.ports.catalog().reader(caller.person)
        queues: list[tuple[str, Waiting]] = [
            (reader.text("notifications to read"), to_read),
            (reader.text("planned for later, such as the end of a test page"), planned),
            (reader.text("steps of escalations"), backlog.timers),
            (reader.text("messages to send"), backlog.messages),
            (reader.text("pages that nobody has accepted"), backlog.pages),
        ]
        values: dict[str, Any] = {
            "lately": lately,
            "queues": [
                {
                    "name": name,
                    "count": waiting.count,
                    "overdue_since": waiting.overdue_since(now),
                    "due_at": waiting.first_due_at,
                }
                for name, waiting in queues
            ],
            "is_working": self.ports.is_working() and self.ports.store.is_writing,
            "version": reloads.version,
            "loaded_at": reloads.loaded_at,
            "refused": None if refusal is None else {"at": refusal.at, "count": refusal.count},
        }
        return render_page("health.html", reader, caller, now=now, here="health", **values)
