"""When old rows are deleted, and how old they must be."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from router.logs import context
from router.metrics import DELETED_KINDS, Metrics
from router.store.backlog import find_last_instant
from router.store.retention import Deleted, delete_older
from router.store.store import Store

EVERY: Final = timedelta(hours=1)

logger = logging.getLogger(__name__)


def decide_cutoff(
    *, now: datetime, last_at: datetime | None, retention: timedelta
) -> datetime | None:
    """Return before when rows may go, or None when there is nothing that could.

    `last_at` is when the newest row was written. What a wall clock says that
    woke up years ahead is not believed: until something is written by it,
    nothing goes that is younger than `retention` beside what was last known.
    """
    return None if last_at is None else min(now, last_at) - retention


class Retention:
    """Deletes at the start and once an hour, in batches between which others write."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Callable[[], datetime],
        metrics: Metrics,
        retention: timedelta,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._retention = retention
        self._cutoff: datetime | None = None  # of the round that is under way
        self._ended_at: datetime | None = None
        self._gone = dict.fromkeys(DELETED_KINDS, 0)

    async def delete_due(self) -> datetime:
        """Delete one batch if it is time; return when to call again."""
        now = self._clock()
        if self._ended_at is not None and timedelta() <= now - self._ended_at < EVERY:
            return self._ended_at + EVERY
        if self._cutoff is None:
            last_at = await self._store.read_to_page(find_last_instant)
            self._cutoff = decide_cutoff(now=now, last_at=last_at, retention=self._retention)
        if self._cutoff is not None:
            deleted = await self._store.write(partial(delete_older, before=self._cutoff))
            self._count(deleted)
            if not deleted.complete:
                return now
        self._end(now)
        return now + EVERY

    def _count(self, deleted: Deleted) -> None:
        for kind in DELETED_KINDS:
            count = getattr(deleted, kind)
            self._gone[kind] += count
            self._metrics.deleted.labels(kind).inc(count)

    def _end(self, now: datetime) -> None:
        if any(self._gone.values()):
            logger.info(
                "what is older than GUARDIA_RETENTION is deleted", extra=context(**self._gone)
            )
        self._gone = dict.fromkeys(DELETED_KINDS, 0)
        self._cutoff, self._ended_at = None, now
