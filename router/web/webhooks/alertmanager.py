"""POST /webhook: a notification is on disk before it is answered (G1)."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from router.intake.content_key import content_key
from router.intake.notification import UnreadableNotification, parse_notification
from router.intake.rejection import Rejection
from router.logs import context
from router.store.notifications import ReceivedNotification
from router.store.rejections import record_rejected
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS, render_problem, render_unavailable
from router.web.requests import TooLarge, read_body, refuse_stranger
from router.web.tokens import TokenFile, TokensUnavailableError
from router.web.webhooks.arrivals import Arrivals

LARGE_BYTES: Final = 256 * 1024  # from here on parsing takes long enough to hold others up
LONGEST_USER_AGENT: Final = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """The endpoint.

    Alertmanager tries again after any 5xx and never within a flush after a
    4xx: so what is our fault is 503, also when there is too much at once.
    Source: Alertmanager, notify/webhook and notify/retry_stage.
    """

    ports: WebPorts
    tokens: TokenFile
    arrivals: Arrivals

    async def post(self, request: Request) -> Response:
        """Take one notification; count what became of it."""
        try:
            outcome, response = await self._take(request)
        except ClientDisconnect:
            outcome, response = "disconnected", Response(status_code=HTTPStatus.BAD_REQUEST)
        except (*STORE_ERRORS, TokensUnavailableError) as error:
            outcome, response = "unavailable", render_unavailable(error)
        self.ports.metrics.posts.labels(outcome).inc()
        if outcome == "accepted":
            self.ports.metrics.webhook_at.set(self.ports.clock().timestamp())
        return response

    async def _take(self, request: Request) -> tuple[str, Response]:
        if refusal := refuse_stranger(request, self.tokens, name="webhook"):
            return "unauthorized", refusal
        body = await read_body(request, limit=self.ports.max_body_bytes)
        if isinstance(body, TooLarge):
            reason = f"The body is larger than {self.ports.max_body_bytes} bytes."
            await self._reject(request, body.beginning, reason, size_bytes=body.size_bytes)
            return "too_large", render_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        started = perf_counter()
        try:
            large = len(body) > LARGE_BYTES
            key = await asyncio.to_thread(_key_of, body) if large else _key_of(body)
        except UnreadableNotification as error:
            await self._reject(request, body, error.reason, size_bytes=len(body))
            return "unreadable", render_problem(HTTPStatus.BAD_REQUEST, error.reason)
        response = await self._record(body, key)
        self.ports.metrics.commit_seconds.observe(perf_counter() - started)
        return "accepted", response

    async def _record(self, body: bytes, key: str) -> JSONResponse:
        now = self.ports.clock()
        received = ReceivedNotification(received_at=now, content_key=key, body=body)
        number = await self.arrivals.store(received)
        self.ports.wake()
        logger.info("notification received", extra=context(notification=number))
        return JSONResponse({"notification": number})

    async def _reject(self, request: Request, body: bytes, reason: str, *, size_bytes: int) -> None:
        """Keep what cannot be understood, and have people told, so that nothing is lost (G3)."""
        rejection = Rejection(
            received_at=self.ports.clock(),
            reason=reason,
            body=body,
            size_bytes=size_bytes,
            address=request.client.host if request.client else "",
            user_agent=request.headers.get("user-agent", "")[:LONGEST_USER_AGENT],
        )
        work = partial(record_rejected, rejection=rejection)
        number = await self.ports.store.write(work, refusable=True)
        self.ports.wake()
        logger.error(
            "a notification cannot be understood and is kept as it came",
            extra=context(rejected=number, reason=reason),
        )


def _key_of(body: bytes) -> str:
    return content_key(parse_notification(body))
