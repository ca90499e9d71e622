"""Puts the router together: the only place that makes clocks, pools and threads."""

import asyncio
import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Final

import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.loops.auto import auto_loop_factory

from router.catalog import OnCallCatalog
from router.channels.registry import open_channels
from router.clock import SteadyClock
from router.logs import context, set_up_logs
from router.metrics import Metrics
from router.settings import Settings
from router.store.backlog import find_last_instant
from router.store.exclusive import StoreInUseError, lock_file, release_leases
from router.store.store import Store
from router.web.app import create_app
from router.web.ports import WebPorts
from router.worker.worker import Worker, WorkerPorts

GRACE_SECONDS: Final = 10
BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 120  # above the 90 s of Go's client, so that Alertmanager closes first

logger = logging.getLogger(__name__)


class StartError(Exception):
    """The router cannot start; the text is one sentence for the operator."""


def serve(settings: Settings, catalog: OnCallCatalog) -> None:
    """Run the router until SIGTERM or SIGINT. Raises StartError."""
    set_up_logs()
    with ExitStack() as opened:
        listener = opened.enter_context(_listen(settings))
        store = _open_store(settings, opened)
        # uvicorn chooses its fast loop (uvloop) only where it starts the loop itself.
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(_serve(settings, catalog, store, listener))
    logger.info("stopped")


async def _serve(
    settings: Settings, catalog: OnCallCatalog, store: Store, listener: socket.socket
) -> None:
    metrics, clock = Metrics(), _clock(store)
    ports = WorkerPorts(
        store=store,
        channels=open_channels(settings),
        clock=clock,
        metrics=metrics,
        name=secrets.token_hex(8),
    )
    worker = Worker(ports, catalog)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run(stop))
    server = _server(
        settings=settings,
        store=store,
        metrics=metrics,
        clock=clock,
        worker=worker,
        working=working,
    )
    _stop_on_signals(server)
    # A router that stores but does not page must not look alive: end, and be started again.
    working.add_done_callback(lambda _task: _end(server))
    logger.info("listening", extra=context(port=listener.getsockname()[1], catalog=catalog.version))
    await server.serve(sockets=[listener])
    stop.set()
    await working


class _Server(uvicorn.Server):
    """uvicorn without signals of its own: it would kill the process before the worker is done."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `_stop_on_signals`."""
        yield


def _server(
    *,
    settings: Settings,
    store: Store,
    metrics: Metrics,
    clock: Callable[[], datetime],
    worker: Worker,
    working: asyncio.Task[None],
) -> _Server:
    web = WebPorts(
        store=store,
        metrics=metrics,
        clock=clock,
        wake=worker.wake,
        acknowledge=worker.acknowledge,
        is_working=lambda: not working.done(),
        webhook_token_file=settings.webhook_token_file,
        api_token_file=settings.api_token_file,
        max_body_bytes=settings.max_body_bytes,
    )
    config = uvicorn.Config(
        create_app(web),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    return _Server(config)


def _stop_on_signals(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, server)


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True


def _clock(store: Store) -> SteadyClock:
    return SteadyClock(
        wall_seconds=time.time,
        monotonic_seconds=time.monotonic,
        not_before=store.read_now(find_last_instant),
    )


def _listen(settings: Settings) -> socket.socket:
    address = (settings.listen_host, settings.listen_port)
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    try:
        listener = socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.listen_host}:{settings.listen_port}: {error.strerror}"
        ) from None
    # Connections inherit it. asyncio sets it only where the protocol is named, and then an
    # answer in two packets waits 40 ms for the caller's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _open_store(settings: Settings, opened: ExitStack) -> Store:
    try:
        lock = lock_file(settings.database)
        if lock is not None:
            opened.enter_context(lock)
        store = Store(
            settings.database,
            new_installation=secrets.token_hex(8),
            queue_limit=settings.queue_limit,
        )
        opened.callback(store.close)
        if lock is not None:
            store.write_now(release_leases)
    except (SQLAlchemyError, StoreInUseError, ImportError, OSError) as error:
        # The first line only: what follows may repeat the statement or the URL.
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise StartError(f"cannot open the database of GUARDIA_DATABASE: {reason}") from None
    return store
