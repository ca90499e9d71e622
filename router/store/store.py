"""The store: one writer, any number of readers, one installation."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from sqlalchemy import Connection, insert, select, update

from router.store import tables
from router.store.engine import open_engine, reading
from router.store.migrations import upgrade
from router.store.writer import StoreBusyError, StoreLateError, T, Work, Writer

WAIT_SECONDS: Final = 10.0  # for a read, and for a write that its sender repeats
# Together below the connections of the pool, of which the writer has one.
READERS: Final = 8
VIEWERS: Final = 4


class Store:
    """The database as the web and the worker use it.

    `installation` is random and made once, so that dedup keys of a restored
    or second installation never meet those of the first.
    """

    def __init__(
        self,
        url: str,
        *,
        new_installation: str,
        queue_limit: int,
    ) -> None:
        """Migrate the schema and open. Raises sqlalchemy.exc.SQLAlchemyError when that fails."""
        self._engine = open_engine(url)
        try:
            upgrade(self._engine)
            with self._engine.begin() as connection:
                self.installation = _find_or_record_installation(connection, new_installation)
        except BaseException:
            self._engine.dispose()
            raise
        self._told_of_end: Callable[[], None] = lambda: None
        # Threads of its own: reads that hang must not take those that look up host names.
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        # Who looks at pages waits for others who do, and never lets paging wait.
        self._viewers = ThreadPoolExecutor(VIEWERS, thread_name_prefix="store-viewer")
        # What watches the router is told how it is however many look, and without a token:
        # a flood of it must not take threads from paging.
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="store-watcher")
        self._writer = Writer(self._engine, limit=queue_limit, on_end=self._tell_end)

    def on_end(self, tell: Callable[[], None]) -> None:
        """Have `tell` called, in some thread, when the writer ends though nobody closed it."""
        self._told_of_end = tell

    def _tell_end(self) -> None:
        self._told_of_end()

    async def write(self, work: Work[T], *, refusable: bool = False) -> T:
        """Run `work` in a transaction; returns only after COMMIT. See `Writer`.

        Refusable work is given up after `WAIT_SECONDS` with StoreLateError: it
        may be committed all the same when it was under way.
        """
        future = self._writer.submit(work, refusable=refusable)
        if refusable:
            return await _within(WAIT_SECONDS, future, StoreLateError)
        return await asyncio.wrap_future(future)

    def write_soon(self, work: Work[T]) -> "Future[T]":
        """Queue `work` for a transaction, from any thread."""
        return self._writer.submit(work)

    def write_now(self, work: Work[T]) -> T:
        """Run `work` in a transaction and wait for its COMMIT, in this thread."""
        return self._writer.submit(work).result()

    async def read(self, work: Work[T], *, seconds: float = WAIT_SECONDS) -> T:
        """Run `work` on a snapshot, for who asks from outside: at most `VIEWERS` at once.

        StoreBusyError when that, with the waiting for a turn, takes too long.
        """
        return await self._read_by(self._viewers, work, seconds)

    async def read_to_page(self, work: Work[T], *, seconds: float = WAIT_SECONDS) -> T:
        """Run `work` on a snapshot, as `read`, for the worker: it waits for nobody outside."""
        return await self._read_by(self._readers, work, seconds)

    async def read_to_watch(self, work: Work[T], *, seconds: float = WAIT_SECONDS) -> T:
        """Run `work` on a snapshot, as `read`, for what watches the router: one at a time."""
        return await self._read_by(self._watcher, work, seconds)

    async def _read_by(self, threads: ThreadPoolExecutor, work: Work[T], seconds: float) -> T:
        try:
            reading_it = threads.submit(self.read_now, work)
        except RuntimeError:  # the pool was shut down
            raise StoreBusyError("the store is closed") from None
        return await _within(seconds, reading_it)

    async def check_writing(self, *, seconds: float) -> None:
        """Write something that means nothing. Raises as `write` does when that fails.

        A number that grows: what is equal SQLite does not write, so that a full
        disk would go unnoticed.
        """
        row = update(tables.installation).values(checks=tables.installation.c.checks + 1)
        await _within(seconds, self._writer.submit(lambda tx: tx.execute(row), refusable=True))

    @property
    def is_writing(self) -> bool:
        """Say whether the writer's thread is alive."""
        return self._writer.is_alive

    def read_now(self, work: Work[T]) -> T:
        """Run `work` on a snapshot, in this thread."""
        with reading(self._engine) as connection:
            return work(connection)

    def close(self) -> None:
        """Commit what was queued, then let go of the database."""
        self._writer.close()
        for threads in (self._readers, self._viewers, self._watcher):
            threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()


async def _within(
    seconds: float, future: "Future[T]", late: type[StoreBusyError] = StoreBusyError
) -> T:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
    except TimeoutError:
        raise late(f"the database did not answer within {seconds:g} s") from None


def _find_or_record_installation(tx: Connection, new_id: str) -> str:
    known = tx.execute(select(tables.installation.c.id)).scalar()
    if known is None:
        tx.execute(insert(tables.installation).values(singleton=1, id=new_id))
        return new_id
    return str(known)
