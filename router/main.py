"""Puts the router together: the only place that makes clocks, pools and threads."""

import asyncio
import logging
import resource
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.loops.auto import auto_loop_factory

from router.alertmanager import open_peers
from router.catalog import OnCallCatalog
from router.channels.monitor import Monitor
from router.channels.registry import open_channels, prepare_channels
from router.clock import SteadyClock
from router.edition import Edition, WholeReading, read_whole
from router.last_good import CatalogRefusedError, LastGood, stand_in
from router.logs import context, set_up_logs
from router.metrics import Metrics
from router.reload import POLL_SECONDS, ReloadPorts, Reloads, render_line
from router.settings import Settings
from router.setup import check_languages, check_setup, open_templates
from router.store.backlog import find_last_instant, record_set_back
from router.store.editions import find_last_edition
from router.store.exclusive import StoreInUseError, lock_file, release_leases
from router.store.network import NetworkFileSystemError, refuse_network_file_system
from router.store.store import Store
from router.store.writer import StoreBusyError
from router.web.app import create_app
from router.web.connections import MOST_CONNECTIONS, GuardedConnection
from router.web.ports import WebPorts
from router.worker.worker import Worker, WorkerPorts

GRACE_SECONDS: Final = 10
BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 120  # above the 90 s of Go's client, so that Alertmanager closes first

_NO_STORE: Final = (
    SQLAlchemyError,
    StoreInUseError,
    NetworkFileSystemError,
    ImportError,
    OSError,
)

logger = logging.getLogger(__name__)


class StartError(Exception):
    """The router cannot start; the text is one sentence for the operator."""


class StoreLostError(Exception):
    """The store's writer ended while the router ran."""


def serve(settings: Settings) -> None:
    """Run the router until SIGTERM or SIGINT.

    While the catalog's files are bad it goes by the last good ones, which the
    database keeps. Raises StartError, or CatalogRefusedError when there are none.
    """
    set_up_logs()
    # Until it can reload: unless somebody takes it, this signal ends a process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _raise_file_limit()
    reading = read_whole(settings.catalog)
    with ExitStack() as opened:
        listener = opened.enter_context(_listen(settings))
        store, catalog = _open_with_catalog(settings, reading, opened)
        ignored = reading.other_problems if reading.edition.catalog is None else reading.problems
        lacking = (*check_setup(settings, catalog), *check_languages())
        for warning in (*map(render_line, ignored), *lacking):
            logger.warning(warning)
        # uvicorn chooses its fast loop (uvloop) only where it starts the loop itself.
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(_serve(settings, catalog, reading.edition, store, listener))
    logger.info("stopped")


def _open_with_catalog(
    settings: Settings, reading: WholeReading, opened: ExitStack
) -> tuple[Store, OnCallCatalog]:
    """Return the store, and the catalog of the files or the one that stands in for them."""
    read = reading.edition.catalog
    try:
        store = _open_store(settings, opened)
    except StartError as error:
        if read is None:  # tell of both
            raise CatalogRefusedError(str(error), reading) from None
        raise
    if read is not None:
        return store, read
    return store, stand_in(reading, store.read_now(find_last_edition), root=settings.catalog)


async def _serve(
    settings: Settings, catalog: OnCallCatalog, read: Edition, store: Store, listener: socket.socket
) -> None:
    channels, clock = open_channels(settings), _clock(store)
    metrics = Metrics(channels)
    GuardedConnection.most = _most_connections()
    ports = WorkerPorts(
        store=store,
        channels=channels,
        clock=clock,
        metrics=metrics,
        name=secrets.token_hex(8),
        external_url=settings.external_url,
        templates=open_templates(settings, metrics),
        retention=settings.retention,
        peers=open_peers(settings),
        monitor=Monitor.open(settings),
        beat_every=settings.heartbeat_every,
    )
    worker = Worker(ports, catalog)
    reloads = Reloads(_reload_ports(settings, store, worker, clock, metrics), read=read)
    reloads.keep()
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run(stop))
    server = _server(
        settings=settings,
        store=store,
        metrics=metrics,
        clock=clock,
        worker=worker,
        working=working,
        reloads=reloads,
    )
    _stop_on_signals(server)
    threading.Thread(target=prepare_channels, args=(channels,), daemon=True).start()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloads.ask)
    watching = asyncio.create_task(reloads.watch(every_seconds=POLL_SECONDS))

    def end_without_store() -> None:
        loop.call_soon_threadsafe(_end, server)

    store.on_end(end_without_store)
    # A router that stores but does not page must not look alive: end, and be started again.
    working.add_done_callback(lambda _task: _end(server))
    logger.info("listening", extra=context(port=listener.getsockname()[1], catalog=catalog.version))
    await server.serve(sockets=[listener])
    watching.cancel()
    stop.set()
    await working
    if not store.is_writing:
        raise StoreLostError("the store's writer ended")


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
    clock: SteadyClock,
    worker: Worker,
    working: asyncio.Task[None],
    reloads: Reloads,
) -> _Server:
    web = WebPorts(
        store=store,
        metrics=metrics,
        clock=clock,
        clock_ahead=lambda: clock.ahead,
        catalog=lambda: worker.catalog,
        catalog_folder=settings.catalog,
        wake=worker.wake,
        answer=worker.answer,
        test_page=worker.test_page,
        pagerduty_event=worker.take_pagerduty_event,
        callback=worker.ways_back.take_callback,
        refused=worker.ways_back.refusals.keep,
        refused_known=worker.ways_back.refusals.keep_known,
        begin_awake=worker.ways_back.begin_awake,
        end_awake=worker.ways_back.end_awake,
        slack_hooks_url=settings.slack_hooks_url,
        reloads=reloads,
        is_working=lambda: not working.done(),
        webhook_token_file=settings.webhook_token_file,
        api_token_file=settings.api_token_file,
        secrets_dir=settings.secrets_dir,
        max_body_bytes=settings.max_body_bytes,
        queue_limit=settings.queue_limit,
        external_url=settings.external_url,
        sign_in=settings.sign_in,
    )
    config = uvicorn.Config(
        create_app(web),
        http=GuardedConnection,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,  # ours goes by GUARDIA_PROXY_FROM: who calls decides who may sign in
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    return _Server(config)


def _reload_ports(
    settings: Settings, store: Store, worker: Worker, clock: SteadyClock, metrics: Metrics
) -> ReloadPorts:
    return ReloadPorts(
        folder=settings.catalog,
        running=lambda: worker.catalog,
        take_up=worker.take_up,
        keep=LastGood(store, clock=clock).keep,
        check=partial(check_setup, settings),
        clock=clock,
        metrics=metrics,
    )


def _stop_on_signals(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _end, server)


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True


def _clock(store: Store) -> SteadyClock:
    def on_set_back(lead: timedelta) -> None:
        """Say it, and let nothing wait that was planned by the wrong clock."""
        seconds = lead.total_seconds()
        logger.error(
            "the wall clock is far behind the last instant known, and is followed",
            extra=context(ahead_seconds=seconds),
        )
        now = datetime.fromtimestamp(time.time(), UTC)
        try:
            store.write_soon(partial(record_set_back, lead=lead, now=now))
        except StoreBusyError as error:
            logger.error("what is due stays as the wrong clock planned it: %s", error)

    return SteadyClock(
        wall_seconds=time.time,
        monotonic_seconds=time.monotonic,
        not_before=store.read_now(find_last_instant),
        on_set_back=on_set_back,
    )


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets us have: 1,024 is the usual soft limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        logger.warning("the limit of open files cannot be raised: %s", error)


def _most_connections() -> int:
    """Return how many callers there may be: half of the files stay for paging and the store."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


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
        refuse_network_file_system(settings.database)
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
    except _NO_STORE as error:
        # The first line only: what follows may repeat the statement or the URL.
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        hint = ": install 'guardia[router,postgres]'" if isinstance(error, ImportError) else ""
        raise StartError(f"cannot open the database of GUARDIA_DATABASE: {reason}{hint}") from None
    return store
