"""What was refused, kept for those who ask later, so that no scan fills a table or hides in it."""

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

MOST_A_MINUTE: Final = 30  # of all strangers together
MOST_OF_ONE: Final = 120  # a minute, of one whom we know: more than hands can do
_MINUTE: Final = timedelta(minutes=1)

logger = logging.getLogger(__name__)


class Refusals:
    """Keeps what was refused as rows of the audit.

    Whom we know has a budget of their own, which strangers cannot spend. Of
    strangers, what comes too fast is one row a minute, with how many there were.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._kept: deque[datetime] = deque()
        self._kept_of: dict[str, deque[datetime]] = {}
        self._rest = 0  # of strangers, not kept by themselves
        self._rest_since: datetime | None = None

    async def keep(self, entry: Entry) -> None:
        """Keep one of a stranger.

        Never raises: that the store is away must not turn a refusal into an error.
        """
        _log(entry)
        await self.tell_rest()
        if self._has_room(self._kept, MOST_A_MINUTE):
            await self._record(entry)
            return
        self._rest_since = self._rest_since or self._clock()
        self._rest += 1

    async def keep_known(self, entry: Entry) -> None:
        """Keep one of whom we know, by the catalog or by a token. Never raises."""
        _log(entry)
        kept = self._kept_of.setdefault(entry.person or entry.actor, deque())
        if self._has_room(kept, MOST_OF_ONE):
            await self._record(entry)

    async def tell_rest(self) -> None:
        """Keep how many more strangers were refused, a minute after the first of them."""
        now, since = self._clock(), self._rest_since
        if since is None or now < since + _MINUTE:
            return
        count, self._rest, self._rest_since = self._rest, 0, None
        detail = f"{count} more since {since:%H:%M:%S} UTC: each is in the router's log"
        await self._record(
            Entry(at=now, actor="strangers", via="any", action="refused", done=False, detail=detail)
        )

    async def _record(self, entry: Entry) -> None:
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
        await (self.keep(entry) if given.person is None else self.keep_known(entry))

    def _has_room(self, kept: deque[datetime], most: int) -> bool:
        now = self._clock()
        while kept and kept[0] <= now - _MINUTE:
            kept.popleft()
        if len(kept) >= most:
            return False
        kept.append(now)
        return True


def _log(entry: Entry) -> None:
    logger.warning(
        "what somebody asked for was refused",
        extra=context(via=entry.via, action=entry.action, reason=entry.detail),
    )
