"""What strangers may send before there is a request, and how long they may take (G12)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from router.web.connections import LARGEST_HEAD_BYTES, MOST_PIPELINED, GuardedConnection

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
async def serving(
    app: ASGIApp = tell_size, kind: type[GuardedConnection] = GuardedConnection
) -> AsyncIterator[int]:
    """Serve over connections of this kind; give the port."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in [*state.connections]:
            connection.transport.abort()
        for task in [*state.tasks]:
            task.cancel()
        while state.connections or state.tasks:
            await asyncio.sleep(0)


@asynccontextmanager
async def connected(
    kind: type[GuardedConnection] = GuardedConnection, app: ASGIApp = tell_size
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection to a server of this kind."""
    async with serving(app, kind) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            await gone(writer)


async def is_ended(reader: asyncio.StreamReader) -> bool:
    """Say whether the other end closes without an answer."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def gone(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever its other end does."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


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


async def test_whoever_asks_on_and_reads_nothing_is_closed() -> None:
    """Each request that waits for the answer to another takes memory."""
    over = asyncio.Event()

    async def tell_later(scope: Scope, receive: Receive, send: Send) -> None:
        await over.wait()
        await PlainTextResponse("told")(scope, receive, send)

    asked = HEAD + b"\r\n"
    async with connected(app=tell_later) as (reader, writer), asyncio.timeout(WAIT_SECONDS):
        await send(writer, asked * (MOST_PIPELINED + 2))
        assert await is_ended(reader)
    async with connected(app=tell_later) as (reader, writer), asyncio.timeout(WAIT_SECONDS):
        await send(writer, asked * MOST_PIPELINED, HEAD + b"Connection: close\r\n\r\n")
        over.set()
        assert (await reader.read()).count(b"told") == MOST_PIPELINED + 1


async def test_an_answer_has_to_be_read_in_time() -> None:
    lost = asyncio.Event()

    class Watched(Hasty):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    async def tell_much(scope: Scope, receive: Receive, send: Send) -> None:
        answer = PlainTextResponse("a" * 64 * 1024 * 1024)
        await answer(scope, receive, send)

    async with connected(Watched, tell_much) as (_, writer):
        await send(writer, HEAD + b"\r\n")
        async with asyncio.timeout(WAIT_SECONDS):
            await lost.wait()


async def test_a_slow_reader_who_goes_on_gets_all_of_a_long_answer() -> None:
    """Its time begins anew as often as a part was read, however long the rest is."""
    much, looks = 16 * 1024 * 1024, [0]

    class Looking(GuardedConnection):
        request_seconds = 0.05

        def _end_unread(self) -> None:
            looks[0] += 1
            super()._end_unread()

    async def tell_much(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("a" * much)(scope, receive, send)

    async with connected(Looking, tell_much) as (reader, writer):
        await send(writer, HEAD + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        read = 0
        while read < much:
            read += len(await reader.readexactly(min(much - read, 1024 * 1024)))
            seen = looks[0]
            while looks[0] == seen and read < much // 2:  # until its time has been looked at
                await asyncio.sleep(0)
                read += len(await reader.readexactly(64 * 1024))
        await send(writer, HEAD + b"\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
WITH_BODY = {
    "fixed": _fixed(5)[0].replace(b"Connection: close\r\n", UPGRADE) + b"hello",
    "chunked": CHUNKED.replace(b"Host: x\r\n", b"Host: x\r\n" + UPGRADE)
    + b"5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("request_", WITH_BODY.values(), ids=WITH_BODY)
async def test_a_body_that_an_upgrade_would_lose_is_not_taken_as_empty(request_: bytes) -> None:
    answer = await answer_to(request_)

    assert answer.startswith(b"HTTP/1.1 501 ")
    assert b"without the header Upgrade" in answer
    assert b" 200 " not in answer


async def test_an_upgrade_of_a_request_without_a_body_is_ignored() -> None:
    async with connected() as (reader, writer):
        await send(writer, HEAD + UPGRADE + b"\r\n")
        async with asyncio.timeout(WAIT_SECONDS):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_who_takes_all_connections_takes_them_from_themselves() -> None:
    """All are being answered, none is idle; from another network somebody still gets in."""
    answering, over = [0], asyncio.Event()

    class Few(GuardedConnection):
        most = 4

    async def wait_or_tell(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            answering[0] += 1
            await over.wait()
        await PlainTextResponse("told")(scope, receive, send)

    async def ask(path: bytes, *, network: str = "127.0.0.1") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(network, 0))
        asked.append(writer)
        await send(writer, b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
        return reader

    asked: list[asyncio.StreamWriter] = []
    async with serving(wait_or_tell, Few) as port, asyncio.timeout(WAIT_SECONDS):
        taken = []
        for number in range(1, Few.most + 1):
            taken.append(await ask(b"/wait"))
            while answering[0] < number:
                await asyncio.sleep(0)
        assert await is_ended(await ask(b"/"))  # one more of the same

        told = await (await ask(b"/", network="127.0.0.2")).read()
        assert told.endswith(b"told")
        assert await is_ended(taken[0])  # the oldest gave way
        over.set()
        assert (await taken[1].read()).endswith(b"told")
        for writer in asked:
            await gone(writer)
