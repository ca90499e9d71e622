"""An ASGI application on a real socket of this machine, in a thread of its own."""

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

LOCALHOST = "127.0.0.1"
START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 60.0
FINISH_TIMEOUT_SECONDS = 1.0  # for the answers under way when the server stops


def bound_socket(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; port 0 takes a free one."""
    listener = socket.create_server((LOCALHOST, port), reuse_port=False)
    listener.setblocking(False)
    # Connections inherit it. asyncio sets it only where the protocol is named, and then an
    # answer in two packets waits 40 ms for the caller's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Connection(H11Protocol):
    """An HTTP connection whose transport the application may cut."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # narrower than asyncio's
        self.app_state = {**self.app_state, "transport": transport}


class ThreadedServer(uvicorn.Server):
    """uvicorn that says when it listens and stops at once, without polling."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ending: asyncio.Event = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.listens.set()

    async def main_loop(self) -> None:
        await self.ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; uvicorn's own sleeps a tenth of a second in each test.

        A connection accepted in the same turn of the loop gets its transport a
        turn later, and asyncio fails to attach that to a closed server. Hence
        the order: no more accepting, let everything under way end, then close.
        """
        for listener in sockets or ():
            asyncio.get_running_loop().remove_reader(listener)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=FINISH_TIMEOUT_SECONDS)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the loop closes what was aborted in its next turn


class LocalServer:
    """An ASGI application on a real socket at 127.0.0.1, in a thread of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._server: ThreadedServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def start(self, port: int = 0) -> None:
        """Listen; return once requests are answered. Raises OSError for a taken port."""
        listener = bound_socket(port)
        self.port = listener.getsockname()[1]
        self._server = ThreadedServer(
            uvicorn.Config(
                self._app,
                interface="asgi3",  # a bound method: uvicorn takes it for ASGI 2
                http=Connection,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level=None,  # levels are the whole process's: not ours to set
                access_log=False,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=f"fake:{self.port}", daemon=True
        )
        self._thread.start()
        if not self._server.listens.wait(START_TIMEOUT_SECONDS):
            raise TimeoutError(f"the fake on port {self.port} did not start")

    def stop(self) -> None:
        """Close the socket and end the thread; a second call does nothing."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None or server.loop is None:
            return
        server.loop.call_soon_threadsafe(server.ending.set)
        thread.join(STOP_TIMEOUT_SECONDS)


async def cut_connection(scope: Scope, receive: Receive) -> None:
    """Abort the connection, then wait until the server noticed: it would answer 500."""
    transport: asyncio.Transport = scope["state"]["transport"]
    transport.abort()
    await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    """Return once the other side is gone; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
