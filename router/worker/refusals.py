"""What was refused, kept for those who ask later: a few a minute, so that no scan fills a table."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from router.incident.callbacks import Callback, CallbackRefused
from router.logs import context
from router.store.audit import Entry, record_audit
from router.store.store import Store
from router.store.writer import StoreBusyError

MOST_A_MINUTE: Final = 30
_MINUTE: Final = timedelta(minutes=1)

logger = logging.getLogger(__name__)


class Refusals:
    """Keeps what was refused as rows of the audit; what comes too fast is logged alone."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._kept: deque[datetime] = deque()

    async def keep(self, entry: Entry) -> None:
        """Keep one. Never raises: that the store is away must not turn a refusal into an error."""
        logger.warning(
            "what somebody asked for was refused",
            extra=context(via=entry.via, action=entry.action, reason=entry.detail),
        )
        if not self._has_room():
            return
        try:
            await self._store.write(lambda tx: record_audit(tx, entry), refusable=True)
        except (StoreBusyError, SQLAlchemyError) as error:
            logger.error("what was refused is in this log alone: %s", error)

    async def keep_callback(
        self, given: Callback, refusal: CallbackRefused, *, now: datetime
    ) -> None:
        """Keep that a choice at a message was refused."""
        entry = Entry(
            at=now,
            actor=given.name,
            person=given.person,
            via=given.via,
            action=given.choice,
            done=False,
            detail=str(refusal.reason),
            address=given.address,
        )
        await self.keep(entry)

    def _has_room(self) -> bool:
        now = self._clock()
        while self._kept and self._kept[0] <= now - _MINUTE:
            self._kept.popleft()
        if len(self._kept) >= MOST_A_MINUTE:
            return False
        self._kept.append(now)
        return True
