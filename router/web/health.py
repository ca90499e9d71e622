"""What watches the router: metrics, liveness, readiness (G10)."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from router.store.backlog import Backlog, read_backlog
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS, render_problem
from router.web.tokens import TokenFile, TokensUnavailableError

# Below the 10 s after which Prometheus and most probes give up, so that they get an answer.
WAIT_SECONDS: Final = 5.0

logger = logging.getLogger(__name__)

_one_thread = partial(ThreadPoolExecutor, 1, thread_name_prefix="metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The endpoints that need no token: they tell numbers, never texts of alerts."""

    ports: WebPorts
    tokens: tuple[TokenFile, ...]
    _writing: ThreadPoolExecutor = field(default_factory=_one_thread)

    async def metrics(self, _request: Request) -> Response:
        """Return the metrics, written in a thread since many take long to write.

        No thread of it is one that pages use: what watches us would else take
        for an outage that many look, or that the catalog's disk hangs.
        """
        # At once: a database that answers neither costs 5 s and not 10.
        backlog, writable = await asyncio.gather(self._read_backlog(), self._is_writable())
        self.ports.metrics.store_writable.set(writable)
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._writing, self._write_metrics, backlog)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def _read_backlog(self) -> Backlog | None:
        try:
            return await self.ports.store.read_to_watch(read_backlog, seconds=WAIT_SECONDS)
        except STORE_ERRORS as error:
            logger.error("the metrics of the store are left out: %s", error)
            return None

    async def _is_writable(self) -> bool:
        try:
            await self.ports.store.check_writing(seconds=WAIT_SECONDS)
        except STORE_ERRORS as error:
            logger.error("the database cannot be written to: %s", error)
            return False
        return True

    async def healthy(self, _request: Request) -> Response:
        """Say that this process serves requests at all."""
        return PlainTextResponse("healthy\n")

    async def ready(self, _request: Request) -> Response:
        """Say whether notifications would be accepted, stored and worked on."""
        reason = await self._find_obstacle()
        if reason is not None:
            return render_problem(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        return PlainTextResponse("ready\n")

    async def _find_obstacle(self) -> str | None:
        if not self.ports.is_working():
            return "The worker does not run."
        if not self.ports.store.is_writing:
            return "The store's writer does not run."
        try:
            for file in self.tokens:
                file.check()
        except TokensUnavailableError as error:
            logger.error("not ready: %s", error)
            return "A token file cannot be read, or holds no token; the logs say which."
        try:
            await self.ports.store.check_writing(seconds=WAIT_SECONDS)
        except STORE_ERRORS as error:
            logger.error("not ready: %s", error)
            return "The database cannot be written to; the logs say why."
        return None

    def _write_metrics(self, backlog: Backlog | None) -> bytes:
        metrics, now = self.ports.metrics, self.ports.clock()
        metrics.clock_ahead_seconds.set(self.ports.clock_ahead().total_seconds())
        if backlog is not None:
            for queue, waiting in backlog.queues():
                metrics.observe_waiting(queue, waiting, now=now)
            metrics.open_incidents.set(backlog.open_incidents)
        return metrics.write(store_up=backlog is not None)
