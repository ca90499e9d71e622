"""What strangers may send before there is a request, and how long they may take (G12)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from router.web.connections import LARGEST_HEAD_BYTES, GuardedConnection

WAIT_SECONDS = 20
PIECE = b"a" * 8192
MANY = 4 * LARGEST_HEAD_BYTES // len(PIECE)


class Hasty(GuardedConnection):
    """A connection whose time is over soon."""

    request_seconds = 0.2


async def tell_size(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of bytes of the body."""
    body = await Request(scope, receive).body()
    answer: Response = PlainTextResponse(str(len(body)))
    await answer(scope, receive, send)


@asynccontextmanager
async def connected(
    kind: type[GuardedConnection] = GuardedConnection,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection to a server of this kind."""
    config = uvicorn.Config(tell_size, log_config=None, access_log=False, lifespan="off", ws="none")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()
    server.close()


async def send(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    """Send until all is sent or the other end is gone."""
    for piece in pieces:
        writer.write(piece)
        await writer.drain()


async def answer_to(*pieces: bytes, kind: type[GuardedConnection] = GuardedConnection) -> bytes:
    """Return all that comes back until the other end closes; empty for an abort."""
    async with connected(kind) as (reader, writer):
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await send(writer, *pieces)
                return await reader.read()
        except ConnectionError:
            return b""


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "one header": [HEAD + b"X-A: ", *[PIECE] * MANY],
    "many headers": [HEAD, *[b"X-A: " + PIECE[:1000] + b"\r\n"] * (8 * MANY)],
    "the name of a header": [HEAD, *[PIECE] * MANY],
    "the path": [b"GET /", *[PIECE] * MANY],
    "trailers": [CHUNKED + b"1\r\nx\r\n0\r\nX-A: ", *[PIECE] * MANY],
    "an extension of a chunk": [CHUNKED + b"1;x=", *[PIECE] * MANY],
}


@pytest.mark.parametrize("pieces", ENDLESS.values(), ids=ENDLESS)
async def test_what_is_no_body_ends_early(pieces: list[bytes]) -> None:
    """Without waiting for the deadline, which is later than the test waits for its end."""

    class Patient(GuardedConnection):
        request_seconds = 10 * WAIT_SECONDS

    answer = await answer_to(*pieces, kind=Patient)

    assert not answer or answer.split()[1] in (b"431", b"400")


async def test_a_head_beyond_the_limit_is_told_so() -> None:
    too_much = LARGEST_HEAD_BYTES + 1 - len(HEAD)

    answer = await answer_to(HEAD + b"X-A: " + b"a" * (too_much - len(b"X-A: ")))

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_comes_in_its_time_however_steady_it_is() -> None:
    """One byte below the limit is steady too: that is as much as a body has to bring."""
    head = HEAD + b"X-A: "

    answer = await answer_to(head + b"a" * (LARGEST_HEAD_BYTES - len(head)), kind=Hasty)

    assert answer == b""


async def test_a_pause_within_a_head_is_not_made_up_for_by_the_body_before() -> None:
    body = b"a" * (2 * LARGEST_HEAD_BYTES)
    first = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    answer = await answer_to(first, HEAD, kind=Hasty)

    assert answer.endswith(b"\r\n\r\n%d" % len(body))  # the first is answered, the second not
    assert answer.count(b"HTTP/1.1") == 1


def _fixed(size: int) -> list[bytes]:
    return [b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size]


def _chunks(size: int) -> list[bytes]:
    head = CHUNKED.replace(b"Host: x", b"Host: x\r\nConnection: close")
    return [head, *[b"%x\r\n%s\r\n" % (len(PIECE), PIECE)] * (size // len(PIECE)), b"0\r\n\r\n"]


@pytest.mark.parametrize("size", [16 * LARGEST_HEAD_BYTES])
async def test_a_large_body_is_no_head(size: int) -> None:
    for pieces in ([*_fixed(size), b"a" * size], _chunks(size)):
        answer = await answer_to(*pieces)

        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"%d" % size)


async def test_many_requests_on_one_connection_are_many_heads() -> None:
    request = HEAD + b"X-A: " + b"a" * (LARGEST_HEAD_BYTES // 2) + b"\r\n\r\n"
    last = HEAD + b"Connection: close\r\n\r\n"

    answer = await answer_to(*[request] * 8, last)

    assert answer.count(b"HTTP/1.1 200 ") == 9
