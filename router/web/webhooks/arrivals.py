"""Notifications that come while others are being stored share the next write."""

import asyncio
from collections import deque
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Final

from router.store.failures import concerns_whole_store
from router.store.notifications import ReceivedNotification, record_notifications
from router.store.store import WAIT_SECONDS, Store
from router.store.writer import BATCH_LIMIT, StoreBusyError

MOST_BYTES: Final = 64 * 1024 * 1024  # of bodies in one statement; one alone may be larger


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    received: ReceivedNotification
    number: asyncio.Future[int]

    def refuse(self, error: Exception) -> None:
        if not self.number.done():
            self.number.set_exception(error)

    def confirm(self, number: int) -> None:
        if not self.number.done():  # its request was given up
            self.number.set_result(number)


class Arrivals:
    """Stores notifications; however many come at once, one statement and one commit keep them.

    A statement for each would cost several times what the insertion itself
    costs, and hold up the notifications behind it. Each is answered within
    `WAIT_SECONDS`, whatever becomes of those before it.
    """

    def __init__(self, store: Store, *, limit: int) -> None:
        """`limit`: how many may wait for a write that is under way."""
        self._store = store
        self._limit = limit
        self._waiting: deque[_Arrival] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def store(self, received: ReceivedNotification) -> int:
        """Return the number of a notification once it is on disk.

        Raises StoreBusyError when too many wait, or the database does not
        answer in time, and the database's errors; then it may be stored all
        the same, and its sender tries again.
        """
        if len(self._waiting) >= self._limit:
            raise StoreBusyError(f"{self._limit} notifications are waiting")
        loop = asyncio.get_running_loop()
        arrival = _Arrival(received=received, number=loop.create_future())
        self._waiting.append(arrival)
        if self._writing is None or self._writing.done():
            # Without the ids of this request, since it writes those of others too.
            self._writing = loop.create_task(self._write_all(), context=Context())
        late = StoreBusyError(f"the database did not take it within {WAIT_SECONDS:g} s")
        deadline = loop.call_later(WAIT_SECONDS, arrival.refuse, late)
        try:
            return await arrival.number
        finally:
            deadline.cancel()

    async def _write_all(self) -> None:
        while taken := self._take():
            await self._write(taken)

    def _take(self) -> list[_Arrival]:
        """Return the next to be written together, without those that were given up."""
        taken: list[_Arrival] = []
        size = 0
        while self._waiting and len(taken) < BATCH_LIMIT:
            size += len(self._waiting[0].received.body)
            if taken and size > MOST_BYTES:
                break
            arrival = self._waiting.popleft()
            if not arrival.number.done():
                taken.append(arrival)
        return taken

    async def _write(self, taken: list[_Arrival]) -> None:
        work = partial(record_notifications, received=[one.received for one in taken])
        try:
            numbers = await self._store.write(work, refusable=True)
        except Exception as error:
            if len(taken) > 1 and not _concerns_all(error):
                await self._write_alone(taken)
            else:
                for one in taken:
                    one.refuse(error)
            return
        for one, number in zip(taken, numbers, strict=True):
            one.confirm(number)

    async def _write_alone(self, taken: list[_Arrival]) -> None:
        """Write each by itself, so that a bad one fails alone; one that was given up is left."""
        for one in taken:
            if not one.number.done():
                await self._write([one])


def _concerns_all(error: Exception) -> bool:
    return isinstance(error, StoreBusyError) or concerns_whole_store(error)
