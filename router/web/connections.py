"""Connections of strangers: bounded in number and in time, so that they stop nothing else."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from router.web.access.rate import network_of

REQUEST_SECONDS: Final = 10.0
STEADY_BYTES: Final = 64 * 1024  # of a body in that time: it is large, and no stall
STEADY_READ_BYTES: Final = 4 * 1024  # of an answer in that time: its reader is slow, not gone
LARGEST_HEAD_BYTES: Final = 64 * 1024  # what stands before a body, or after it
_PART_BYTES: Final = 16 * 1024
MOST_PIPELINED: Final = 16  # requests that wait for the answer to another on their connection
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
_UPGRADE_TOLD: Final = b"Only HTTP/1.1 is spoken here: ask without the header Upgrade.\n"
_NO_UPGRADE: Final = (
    b"HTTP/1.1 501 Not Implemented\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_UPGRADE_TOLD), _UPGRADE_TOLD)
)
MOST_CONNECTIONS: Final = 512

logger = logging.getLogger(__name__)


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection, with the limits that uvicorn has not.

    A request has to be complete within `REQUEST_SECONDS`; one with a large body
    may go on while that comes at a steady pace. What is no body (the request
    line, headers, trailers, extensions of chunks) ends at `LARGEST_HEAD_BYTES`:
    the parser joins a header piece by piece, each time copying all of it, so
    that a long one would take the loop for itself. Whoever asks also reads: an
    answer that does not fit the buffer may take as long as it is read at a
    steady pace, and behind it at most `MOST_PIPELINED` requests wait.

    Beyond `most` connections the longest idle one makes room for the new one,
    so that idle strangers never keep Alertmanager out. Where all are being
    answered, a network that has more of them than the newcomer's would have
    gives up its oldest: whoever takes all takes them from themselves alone.

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
        self._since = self.loop.time()  # when it began to be idle, or to be answered
        self._unread: asyncio.TimerHandle | None = None
        self._unread_bytes = 0  # when that was set
        self._network = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take the connection if there is room or room can be made."""
        self._network = network_of((transport.get_extra_info("peername") or (None,))[0])
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
        if self.transport.is_closing():
            return  # what comes behind is answered no more
        if self._loses_its_body():
            self.transport.write(_NO_UPGRADE)
            self.transport.close()
            return
        super().on_headers_complete()
        if len(self.pipeline) > MOST_PIPELINED:
            logger.warning("a caller asks on and reads no answer, its connection is closed")
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        """What came was of a body, which endpoints limit."""
        self._head_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: from here on the time is ours."""
        self._head_bytes = 0
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if not self._is_answering:
            self._since = self.loop.time()
        self._is_answering = not self.cycle.response_complete
        self._has_asked = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request; uvicorn closes a connection that stays idle after one."""
        self._is_answering = bool(self.pipeline)
        self._since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """More of an answer waits than the buffer should hold: it has to be read in time."""
        super().pause_writing()
        if self._unread is None:
            self._expect_reader()

    def resume_writing(self) -> None:
        """It was read."""
        self._stop_waiting_for_reader()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._stop_waiting()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    def _make_room(self) -> bool:
        """Close the longest idle connection, of those that never asked anything if there is one.

        Without any, the longest answered one of the network with the most of them.
        """
        found = [one for one in self.connections if isinstance(one, GuardedConnection)]
        idle = [one for one in found if not one._is_answering]
        if idle:
            longest = min(idle, key=lambda one: (one._has_asked, one._since))
        else:
            held = Counter(one._network for one in found)
            network, most = held.most_common(1)[0]
            if most <= held[self._network] + 1:
                return False
            logger.warning("too many connections, most are of %s: its oldest is closed", network)
            theirs = (one for one in found if one._network == network)
            longest = min(theirs, key=lambda one: one._since)
        longest.transport.abort()
        self.connections.discard(longest)
        return True

    def _loses_its_body(self) -> bool:
        """Say whether the parser would take the body of this request for another protocol's."""
        if not self.parser.should_upgrade():
            return False
        sized = [
            name for name, value in self.headers if name == b"content-length" and value != b"0"
        ]
        return bool(sized) or any(name == b"transfer-encoding" for name, _ in self.headers)

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

    def _expect_reader(self) -> None:
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(self.request_seconds, self._end_unread)

    def _end_unread(self) -> None:
        self._unread = None
        if self._unread_bytes - self.transport.get_write_buffer_size() >= STEADY_READ_BYTES:
            self._expect_reader()
            return
        logger.warning("an answer is not read, its connection is closed")
        self.transport.abort()

    def _stop_waiting_for_reader(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _parts(data: bytes) -> Iterator[bytes]:
    """Return it in parts so small that a head within one is within the limit, give or take one."""
    return (data[start : start + _PART_BYTES] for start in range(0, len(data), _PART_BYTES))
