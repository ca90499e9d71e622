"""POST /webhook: a notification is on disk before it is answered (G1)."""

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
from router.logs import context
from router.store.notifications import record_notification, record_rejected
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS, problem, unavailable
from router.web.tokens import TokenFile, TokensUnavailableError

_UNAUTHORIZED: Final = "The Authorization header must be `Bearer` and the router's webhook token."

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

    async def post(self, request: Request) -> Response:
        """Take one notification; count what became of it."""
        try:
            outcome, response = await self._take(request)
        except ClientDisconnect:
            outcome, response = "disconnected", Response(status_code=HTTPStatus.BAD_REQUEST)
        except (*STORE_ERRORS, TokensUnavailableError) as error:
            outcome, response = "unavailable", unavailable(error)
        self.ports.metrics.posts.labels(outcome).inc()
        return response

    async def _take(self, request: Request) -> tuple[str, Response]:
        if not self.tokens.allows(request.headers.get("authorization", "")):
            return "unauthorized", problem(HTTPStatus.UNAUTHORIZED, _UNAUTHORIZED)
        body = await _read_body(request, limit=self.ports.max_body_bytes)
        if body is None:
            detail = f"The body is larger than {self.ports.max_body_bytes} bytes."
            logger.warning("a notification is too large", extra=context(detail=detail))
            return "too_large", problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        try:
            key = content_key(parse_notification(body))
        except UnreadableNotification as error:
            return "unreadable", await self._reject(body, error.reason)
        return "accepted", await self._record(body, key)

    async def _record(self, body: bytes, key: str) -> JSONResponse:
        started = perf_counter()
        work = partial(record_notification, body=body, content_key=key, now=self.ports.clock())
        number = await self.ports.store.write(work, refusable=True)
        self.ports.metrics.commit_seconds.observe(perf_counter() - started)
        self.ports.wake()
        logger.info("notification received", extra=context(notification=number))
        return JSONResponse({"notification": number})

    async def _reject(self, body: bytes, reason: str) -> JSONResponse:
        """Keep what cannot be understood, so that nothing received is lost (G3)."""
        work = partial(record_rejected, body=body, reason=reason, now=self.ports.clock())
        number = await self.ports.store.write(work, refusable=True)
        logger.error(
            "a notification cannot be understood and is kept as it came",
            extra=context(rejected=number, reason=reason),
        )
        return problem(HTTPStatus.BAD_REQUEST, reason)


async def _read_body(request: Request, *, limit: int) -> bytes | None:
    """Return the body, or None as soon as it is larger than `limit`."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
