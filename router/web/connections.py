"""Connections of strangers: bounded in number and in time, so that they stop nothing else."""

import asyncio
import logging
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS: Final = 10.0
STEADY_BYTES: Final = 64 * 1024  # received in that time, it is a large body and not a stall
MOST_CONNECTIONS: Final = 512

logger = logging.getLogger(__name__)


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection, with two limits that uvicorn has not.

    A request has to be complete within `REQUEST_SECONDS`; a large one may go
    on while it comes at a steady pace. Beyond `most` connections the longest
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
        self._received = 0
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
        self._received += len(data)
        if self._deadline is None and not self._is_answering:
            self._expect_request()
        super().data_received(data)

    def on_message_complete(self) -> None:
        """The request is complete: from here on the time is ours."""
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

    def _expect_request(self) -> None:
        self._received = 0
        self._deadline = self.loop.call_later(self.request_seconds, self._end_slow_request)

    def _end_slow_request(self) -> None:
        if self._received >= STEADY_BYTES:
            self._expect_request()
            return
        self._deadline = None
        self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
