"""What watches the router: metrics, liveness, readiness (G10)."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from router.store.backlog import read_backlog
from router.web.ports import WebPorts
from router.web.problems import problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The endpoints that need no token: they tell numbers, never texts of alerts."""

    ports: WebPorts

    async def metrics(self, _request: Request) -> Response:
        """Return the metrics, written in a thread since many take long to write."""
        text = await asyncio.to_thread(self._write_metrics)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def healthy(self, _request: Request) -> Response:
        """Say that this process serves requests at all."""
        return PlainTextResponse("healthy\n")

    async def ready(self, _request: Request) -> Response:
        """Say whether notifications would be stored and worked on."""
        await self.ports.store.read(read_backlog)
        if not self.ports.is_working():
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The worker does not run.")
        return PlainTextResponse("ready\n")

    def _write_metrics(self) -> bytes:
        metrics, now = self.ports.metrics, self.ports.clock()
        backlog = self.ports.store.read_now(read_backlog)
        metrics.observe_waiting("notifications", backlog.notifications, now=now)
        metrics.observe_waiting("timers", backlog.timers, now=now)
        metrics.observe_waiting("messages", backlog.messages, now=now)
        metrics.open_incidents.set(backlog.open_incidents)
        return generate_latest(metrics.registry)
