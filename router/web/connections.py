"""Connections of strangers: bounded in number and in time, so that they stop nothing else."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS: Final = 10.0
STEADY_BYTES: Final = 64 * 1024  # of a body in that time: it is large, and no stall
LARGEST_HEAD_BYTES: Final = 64 * 1024  # what stands before a body, or after it
_PART_BYTES: Final = 16 * 1024
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
MOST_CONNECTIONS: Final = 512

logger = logging.getLogger(__name__)


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection, with three limits that uvicorn has not.

    A request has to be complete within `REQUEST_SECONDS`; one with a large body
    may go on while that comes at a steady pace. What is no body (the request
    line, headers, trailers, extensions of chunks) ends at `LARGEST_HEAD_BYTES`:
    the parser joins a header piece by piece, each time copying all of it, so
    that a long one would take the loop for itself. Beyond `most` connections the longest
    idle one makes room for the new one, so that idle strangers never keep
    Alertmanager out; one whose request is being answered is never closed.

    uvicorn's `limit_concurrency` is no help: it counts idle connections but
    closes none, and answers 503 only once a request came.
    """

    most: ClassVar[int] = MOST_CONNECTIONS
    request_seconds: ClassVar[float] = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._body_bytes = 0  # since the deadline was set
        self._head_bytes = 0  # that no callback of the parser has accounted for yet
        self._is_answering = False
        self._has_asked = False
        self._idle_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take the connection if there is room or room can be made."""
        has_room = len(self.connections) < self.most or self._make_room()
        super().connection_made(transport)
        if has_room:
            self._expect_request()
        else:
            logger.warning("too many connections, a new one is closed")
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came; the first bytes of a request start its time."""
        if self._deadline is None and not self._is_answering:
            self._expect_request()
        for part in _parts(data):
            if self.transport.is_closing():
                return
            self._head_bytes += len(part)
            super().data_received(part)
            if self._head_bytes > LARGEST_HEAD_BYTES:
                self._refuse_head()

    def on_headers_complete(self) -> None:
        """The head has an end."""
        self._head_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """What came was of a body, which endpoints limit."""
        self._head_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: from here on the time is ours."""
        self._head_bytes = 0
        self._stop_waiting()
        self._is_answering = not self.cycle.response_complete
        self._has_asked = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request; uvicorn closes a connection that stays idle after one."""
        self._is_answering = bool(self.pipeline)
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _make_room(self) -> bool:
        """Close the longest idle connection, of those that never asked anything if there is one."""
        found = (one for one in self.connections if isinstance(one, GuardedConnection))
        idle = [one for one in found if not one._is_answering]
        if not idle:
            return False
        longest = min(idle, key=lambda one: (one._has_asked, one._idle_since))
        longest.transport.abort()
        self.connections.discard(longest)
        return True

    def _refuse_head(self) -> None:
        """Say why where nothing is being answered, and close."""
        logger.warning("a request's head is too large, its connection is closed")
        is_begun = self.cycle is not None  # there is none before the first request
        if is_begun and not self.cycle.response_complete:
            self.transport.abort()
        else:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _expect_request(self) -> None:
        self._body_bytes = 0
        self._deadline = self.loop.call_later(self.request_seconds, self._end_slow_request)

    def _end_slow_request(self) -> None:
        if self._body_bytes >= STEADY_BYTES:
            self._expect_request()
            return
        self._deadline = None
        self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _parts(data: bytes) -> Iterator[bytes]:
    """Return it in parts so small that a head within one is within the limit, give or take one."""
    return (data[start : start + _PART_BYTES] for start in range(0, len(data), _PART_BYTES))
