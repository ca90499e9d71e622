"""One thread that writes, and commits many callers' work at once (group commit)."""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")
Work = Callable[[Connection], T]
_Entry = tuple[Work[Any], "Future[Any]"]

BATCH_LIMIT: Final = 256

logger = logging.getLogger(__name__)


class StoreBusyError(Exception):
    """More work waits than the store should promise to do."""


class Writer:
    """Runs works in the order given; a future resolves only after its COMMIT returned.

    A disk's flush costs the same for one work as for many, so whatever waits
    (at most `BATCH_LIMIT`) shares one transaction. When a batch fails it is
    rolled back and each work runs in a transaction of its own, so that a bad
    one fails alone: a work may run twice and must depend on nothing but its
    connection. An error while committing leaves open whether it was committed;
    works guard themselves by what they read (a state, a lease, a unique key).
    """

    def __init__(self, engine: Engine, *, limit: int) -> None:
        self._engine = engine
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
        self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._next_batch()
            # Once running, a future cannot be cancelled: its work is committed or failed.
            running = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
            if running:
                self._commit(running)

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

    def _commit(self, batch: list[_Entry]) -> None:
        try:
            with self._engine.begin() as connection:
                results = [work(connection) for work, _ in batch]
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            logger.info("a batch of %d writes failed, each runs alone: %s", len(batch), error)
            for entry in batch:
                self._commit([entry])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
