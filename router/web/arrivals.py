"""Notifications that come while others are being stored share the next write."""

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Final

from router.store.failures import concerns_whole_store
from router.store.notifications import ReceivedNotification, record_notifications
from router.store.store import Store
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
    costs, and hold up the notifications behind it.
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
        arrival = _Arrival(received=received, number=asyncio.get_running_loop().create_future())
        self._waiting.append(arrival)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await arrival.number

    async def _write_all(self) -> None:
        while self._waiting:
            await self._write(self._take())

    def _take(self) -> list[_Arrival]:
        taken = [self._waiting.popleft()]
        size = len(taken[0].received.body)
        while self._waiting and len(taken) < BATCH_LIMIT:
            size += len(self._waiting[0].received.body)
            if size > MOST_BYTES:
                break
            taken.append(self._waiting.popleft())
        return taken

    async def _write(self, taken: list[_Arrival]) -> None:
        work = partial(record_notifications, received=[one.received for one in taken])
        try:
            numbers = await self._store.write(work, refusable=True)
        except Exception as error:
            if isinstance(error, StoreBusyError) or concerns_whole_store(error):
                self._refuse_all(taken, error)
            elif len(taken) == 1:
                taken[0].refuse(error)
            else:
                for one in taken:  # a bad one fails alone
                    await self._write([one])
            return
        for one, number in zip(taken, numbers, strict=True):
            one.confirm(number)

    def _refuse_all(self, taken: list[_Arrival], error: Exception) -> None:
        """Refuse what waits too: it would fail in the same way, after another long wait."""
        for one in (*taken, *self._waiting):
            one.refuse(error)
        self._waiting.clear()
