"""One thread that writes, and commits many callers' work at once (group commit)."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

from router.store.failures import concerns_whole_store, is_repeatable
from router.store.turns import take_turn

T = TypeVar("T")
Work = Callable[[Connection], T]
_Entry = tuple[Work[Any], "Future[Any]"]

BATCH_LIMIT: Final = 256
BATCH_SECONDS: Final = 1.0  # others wait for what it has locked, and its callers for its end
CLOSE_SECONDS: Final = 15
ALONE_SECONDS: Final = 10  # for the works of a failed batch, together
REPEATS: Final = 3  # of a work that another transaction was in the way of

logger = logging.getLogger(__name__)


class StoreBusyError(Exception):
    """More work waits than the store should promise to do, or it does none any more."""


class StoreLateError(StoreBusyError):
    """A work was given up while it was under way: it may be committed all the same."""


class WorkFailedError(Exception):
    """A work raised what would end its caller, such as SystemExit."""


class Writer:
    """Runs works in the order given; a future resolves only after its COMMIT returned.

    A disk's flush costs the same for one work as for many, so whatever waits
    (at most `BATCH_LIMIT`, and what is begun in `BATCH_SECONDS`) shares one
    transaction. When a batch fails it is rolled back and each work runs in a
    transaction of its own, so that a bad one fails alone: a work may run twice
    and must depend on nothing but its connection. Routers that share a
    database commit their batches by turns (`router.store.turns`). A work alone
    takes none; should it and a batch wait for each other, PostgreSQL ends one
    in a second, and it is repeated in its turn, `REPEATS` times at most. When
    the database itself is out of reach, full or locked, all fail at once:
    waiting for it again with each would take minutes. An error while committing
    leaves open whether it was committed; works guard themselves by what they
    read (a state, a lease, a unique key).
    """

    def __init__(
        self, engine: Engine, *, limit: int, on_end: Callable[[], None] = lambda: None
    ) -> None:
        """`on_end` is called in the writer's thread when that ends though nobody closed it."""
        self._engine = engine
        self._on_end = on_end
        self._limit = limit
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T], *, refusable: bool = False) -> "Future[T]":
        """Queue a work.

        Raises StoreBusyError when refusable work comes to a full queue, and
        for any work after `close`. What is not refusable (the worker's steps,
        an acknowledgement) is never turned away by a storm of notifications.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StoreBusyError("the store is closing")
            if refusable and self._queue.qsize() >= self._limit:
                raise StoreBusyError(f"{self._limit} writes are waiting")
            self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Finish what was queued and end the thread; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(CLOSE_SECONDS)  # a database that hangs must not hang our end

    @property
    def is_alive(self) -> bool:
        """Say whether the thread runs, so that what is submitted will be tried."""
        return self._thread.is_alive()

    def _run(self) -> None:
        running: list[_Entry] = []
        try:
            last = False
            while not last:
                batch, last = self._next_batch()
                # Once running, a future cannot be cancelled: its work is committed or failed.
                running = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
                while running:
                    running = self._commit(running)
        except BaseException:
            logger.critical("the store's writer ended", exc_info=True)
            self._give_up(running)
            self._on_end()

    def _give_up(self, running: list[_Entry]) -> None:
        """Leave no caller waiting."""
        with self._lock:
            self._closed = True
        left = list(running)
        while not self._queue.empty():
            entry = self._queue.get()
            if entry is not None and entry[1].set_running_or_notify_cancel():
                left.append(entry)
        for _, future in left:
            if not future.done():
                future.set_exception(StoreLateError("the store's writer has ended"))

    def _next_batch(self) -> tuple[list[_Entry], bool]:
        batch: list[_Entry] = []
        entry = self._queue.get()
        while entry is not None:
            batch.append(entry)
            if len(batch) == BATCH_LIMIT:
                return batch, False
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: list[_Entry], *, repeats: int = REPEATS) -> list[_Entry]:
        """Commit a batch; return what of it is left for the next one, since it takes long."""
        begun = False
        try:
            with self._engine.begin() as connection:
                begun = True
                if len(batch) > 1 or repeats < REPEATS:
                    take_turn(connection)
                results = _run_works(connection, batch)
        except BaseException as error:
            if not begun or concerns_whole_store(error):
                _fail(batch, error)
            elif len(batch) == 1 and repeats and is_repeatable(error):
                logger.info("a write gave way to another and is repeated: %s", error)
                self._commit(batch, repeats=repeats - 1)
            elif len(batch) == 1:
                _fail(batch, error)
            else:
                logger.info("a batch of %d writes failed, each runs alone: %s", len(batch), error)
                self._commit_alone(batch)
            return []
        for (_, future), result in zip(batch, results, strict=False):
            future.set_result(result)
        return batch[len(results) :]

    def _commit_alone(self, batch: list[_Entry]) -> None:
        """Commit each on its own, until the database itself fails or the time is over."""
        deadline = monotonic() + ALONE_SECONDS
        for index, entry in enumerate(batch):
            self._commit([entry])
            error = entry[1].exception()
            if error is None:
                continue
            if concerns_whole_store(error) or monotonic() > deadline:
                _fail(batch[index + 1 :], error)
                return


def _run_works(connection: Connection, batch: list[_Entry]) -> list[Any]:
    """Return the results of as many works, from the first on, as are begun in `BATCH_SECONDS`."""
    until = monotonic() + BATCH_SECONDS
    results = []
    for work, _ in batch:
        results.append(work(connection))
        if monotonic() >= until:
            break
    return results


def _fail(batch: list[_Entry], error: BaseException) -> None:
    if not isinstance(error, Exception):
        error = WorkFailedError(f"a write raised {type(error).__name__}")
    for _, future in batch:
        future.set_exception(error)
