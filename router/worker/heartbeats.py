"""Heartbeats that come in with notifications, and those that do not come (G10)."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from router.catalog import OnCallCatalog
from router.incident.heartbeat import (
    Heartbeat,
    Watched,
    hear_since,
    is_abandoned,
    look,
    see,
)
from router.incident.heartbeat_told import (
    render_missing,
    render_returned,
    split_heartbeats,
)
from router.intake.content_key import content_key
from router.intake.notification import Notification, parse_notification
from router.logs import context
from router.metrics import Metrics
from router.store.alerts import list_firing
from router.store.heartbeats import (
    claim_heartbeats,
    has_missing,
    record_heartbeat,
    record_watched,
)
from router.store.notifications import record_notification
from router.store.store import Store

logger = logging.getLogger(__name__)


def take_heartbeats(
    tx: Connection,
    notification: Notification,
    heartbeats: Sequence[Heartbeat],
    *,
    received_at: datetime,
    now: datetime,
) -> Notification:
    """Record the heartbeats in a notification and return it without them.

    The end of one that was missing is a notification of its own, stored in
    the same transaction: a crash leaves both or neither.
    """
    if not heartbeats:
        return notification
    held = list_firing(tx, [alert.fingerprint for alert in notification.alerts])
    names, rest = split_heartbeats(notification, heartbeats, held=held, now=now)
    declared = {one.name: one for one in heartbeats}
    for name in sorted(names):
        record_watched(tx, name, now=now)
    for before in claim_heartbeats(tx, names) if names else ():
        after = see(before, received_at=received_at)
        if before.missed_at is not None and after.missed_at is None:
            heartbeat = declared[before.name]
            _tell(tx, render_returned(before, at=now, heartbeat=heartbeat), now=now)
        record_heartbeat(tx, after)
    return rest


def look_for_missing(
    tx: Connection,
    heartbeats: Sequence[Heartbeat],
    *,
    heard_since: Mapping[str, datetime],
    now: datetime,
) -> list[Watched]:
    """Tell people of what is missing and return what is known of all that is declared.

    `heard_since` says of each by its name since when it would have been heard.
    Told is what is stored as a notification, in this transaction, and goes the
    way of all. The rows are locked, so of two replicas one tells.
    """
    declared = {one.name: one for one in heartbeats}
    for name in sorted(declared):
        record_watched(tx, name, now=now)
    found = []
    for before in claim_heartbeats(tx):
        if before.name not in declared:
            if is_abandoned(before, now=now):
                _tell(tx, render_returned(before, at=now), now=now)
                record_heartbeat(tx, replace(before, missed_at=None, told_at=None))
            continue
        heartbeat = declared[before.name]
        after = look(heartbeat, before, heard_since=heard_since[before.name], now=now)
        if after != before:
            record_heartbeat(tx, after)
        if after.told_at == now and before.told_at != now:
            _tell(tx, render_missing(heartbeat, after), now=now)
        found.append(after)
    return found


def _tell(tx: Connection, body: bytes, *, now: datetime) -> None:
    record_notification(tx, body=body, content_key=content_key(parse_notification(body)), now=now)


class HeartbeatWatch:
    """Looks for heartbeats that stay away, every few seconds."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Callable[[], datetime],
        metrics: Metrics,
        catalog: Callable[[], OnCallCatalog],
        tell: Callable[[], None],
    ) -> None:
        """`tell` wakes whoever applies notifications."""
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._catalog = catalog
        self._tell = tell
        self._heard_since: datetime | None = None
        self._looked_at: datetime | None = None
        self._declared_since: Mapping[str, datetime] = {}
        self._missing: frozenset[str] = frozenset()
        self.wake = asyncio.Event()

    async def look(self) -> None:
        """Look once. One that fails, since the store is away, counts as a pause in hearing."""
        now, heartbeats = self._clock(), self._catalog().heartbeats
        since = hear_since(self._heard_since, last_look_at=self._looked_at, now=now)
        # One that the catalog declares again was not waited for meanwhile.
        declared = {one.name: self._declared_since.get(one.name, now) for one in heartbeats}
        self._declared_since = declared
        heard_since = {name: max(since, at) for name, at in declared.items()}
        if not heartbeats and not await self._store.read_to_page(has_missing):
            self._show([])
            return
        known = await self._store.write(
            partial(look_for_missing, heartbeats=heartbeats, heard_since=heard_since, now=now)
        )
        self._heard_since, self._looked_at = since, now
        self._show(known)
        if any(one.told_at == now for one in known):
            self._tell()

    def _show(self, known: Sequence[Watched]) -> None:
        self._metrics.observe_heartbeats(
            {one.name: (one.seen_at, one.missed_at is not None) for one in known}
        )
        missing = frozenset(one.name for one in known if one.missed_at is not None)
        for name in sorted(missing - self._missing):
            logger.error("a heartbeat is missing", extra=context(heartbeat=name))
        for name in sorted(self._missing - missing):
            logger.info("a heartbeat is no longer missing", extra=context(heartbeat=name))
        self._missing = missing
