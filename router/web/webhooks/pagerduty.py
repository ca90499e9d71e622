"""POST /webhook/pagerduty: what people do in PagerDuty counts here too."""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from router.intake.pagerduty import is_signed, parse_event
from router.logs import context
from router.settings import PAGERDUTY_WEBHOOK
from router.store.audit import Entry
from router.store.writer import StoreBusyError
from router.web.access.caller import Via
from router.web.ports import WebPorts
from router.web.problems import STORE_ERRORS, render_problem, render_unavailable
from router.web.requests import TooLarge, read_body
from router.web.tokens import TokenFile, TokensUnavailableError

# Larger ones are never sent; and one is tried again when its answer takes 5 s.
# Source: PagerDuty developer documentation, "Behavior", size limit and timeouts.
LARGEST_BYTES: Final = 256 * 1024
ANSWER_SECONDS: Final = 4.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyWebhook:
    """The endpoint, open to whoever signs with a secret of the file.

    PagerDuty tries again for two days after a 5xx and never after a 4xx; after
    three of these it stops for a day. So what is our fault is 503, also a
    secret that is not there, and what is signed is 2xx whatever it says.
    """

    ports: WebPorts
    secrets: TokenFile

    async def post(self, request: Request) -> Response:
        """Take one event; count what became of it."""
        try:
            outcome, response = await self._take(request)
        except ClientDisconnect:
            outcome, response = "disconnected", Response(status_code=HTTPStatus.BAD_REQUEST)
        except (*STORE_ERRORS, TokensUnavailableError) as error:
            outcome, response = "unavailable", render_unavailable(error)
        self.ports.metrics.provider_events.labels("pagerduty", outcome).inc()
        return response

    async def _take(self, request: Request) -> tuple[str, Response]:
        if not self.secrets.is_there:
            reason = f"PagerDuty's webhooks are not set up: no secret {PAGERDUTY_WEBHOOK}."
            return "unavailable", render_problem(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        secrets = self.secrets.read()
        signatures = request.headers.get("x-pagerduty-signature", "")
        if not signatures:
            reason = "The header X-PagerDuty-Signature is not there."
            return "unauthorized", await self._refuse(request, reason)
        body = await read_body(request, limit=LARGEST_BYTES)
        if isinstance(body, TooLarge):
            reason = f"The body is larger than {LARGEST_BYTES} bytes."
            return "too_large", render_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        if not is_signed(body, signatures, secrets):
            reason = "The signature is of another body, or by none of the router's secrets."
            return "unauthorized", await self._refuse(request, reason)
        outcome = await self._record(body)
        return outcome, JSONResponse({"outcome": outcome}, status_code=HTTPStatus.ACCEPTED)

    async def _refuse(self, request: Request, reason: str) -> Response:
        """Answer a stranger, of whom nothing but the attempt is kept."""
        await self.ports.refused(
            Entry(
                at=self.ports.clock(),
                actor="a stranger",
                via=Via.PAGERDUTY.value,
                action="webhook",
                done=False,
                detail=reason,
                address=request.client.host if request.client else None,
            )
        )
        return render_problem(HTTPStatus.FORBIDDEN, reason)

    async def _record(self, body: bytes) -> str:
        event = parse_event(body)
        if event is None:
            logger.warning("PagerDuty sent what is no event", extra=context(bytes=len(body)))
            return "unreadable"
        try:
            outcome = await asyncio.wait_for(self.ports.pagerduty_event(event), ANSWER_SECONDS)
        except TimeoutError:
            raise StoreBusyError("an event of PagerDuty's could not be stored in time") from None
        logger.info(
            "an event of PagerDuty's was taken",
            extra=context(event=event.id, kind=event.kind, outcome=outcome),
        )
        return outcome
