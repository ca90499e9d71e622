"""Gives each request its ids, so that its log lines can be found together."""

import re
import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.logs import RequestIds, request_ids

# W3C Trace Context, 3.2.2: version, trace id, parent id, flags; ids of zeros only are invalid.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class RequestIdMiddleware:
    """Takes the caller's trace and request id where they are well formed, else makes new ones."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with its ids set."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ids = read_ids(Headers(scope=scope))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = ids.request_id
            await send(message)

        with request_ids(ids):
            await self._app(scope, receive, send_with_id)


def read_ids(headers: Headers) -> RequestIds:
    """Return the ids of a request."""
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    given = headers.get("x-request-id", "")
    return RequestIds(
        trace_id=trace[1] if trace else secrets.token_hex(16),
        span_id=secrets.token_hex(8),
        request_id=given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16),
    )
