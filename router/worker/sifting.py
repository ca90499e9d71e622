"""Copies are taken off the list many at a time: in a flood, most notifications say nothing new.

Peers of Alertmanager, their retries and full groups at each change of one
member make copies. One by one they would cost as much of the writer's time as
what is new, and what is new would wait behind them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection

from guardia.matcher import matches_all
from router.catalog import OnCallCatalog
from router.intake.notification import (
    Notification,
    UnreadableNotification,
    parse_notification,
)
from router.store.notifications import (
    claim_notifications,
    find_applied_copies,
    record_repeated,
)
from router.worker.repeat import repeats

SIFTED_FROM: Final = 10  # notifications that wait; fewer are applied without a commit before
_REMEMBERED: Final = 256  # bodies, since copies are mostly the same to the byte
_REMEMBERED_BYTES: Final = 8 * 1024  # of one; what it is parsed to takes several times as much


def sift_repeats(tx: Connection, numbers: Sequence[int], catalog: OnCallCatalog) -> list[int]:
    """Take those off the list that repeat what was applied, and return them.

    Each is judged as it would be in its turn (`repeats`). So one is left for
    its turn when another that waits before it speaks of one of its alerts, and
    may change the judgement; and so is a heartbeat, which counts each time.
    """
    waiting = claim_notifications(tx, numbers)
    copied_at = find_applied_copies(tx, [one.id for one in waiting])
    if not copied_at:
        return []
    told = {one.id: _read(one.body) for one in waiting}
    found: list[int] = []
    unsettled: set[str] = set()  # alerts that one which waits before may change
    for one in waiting:
        notification = told[one.id]
        if notification is None:
            break  # whatever it speaks of, what waits behind it may change by it
        alerts = {alert.fingerprint for alert in notification.alerts}
        at = copied_at.get(one.id)
        if at is None or alerts & unsettled or _beats(notification, catalog):
            unsettled |= alerts
        elif repeats(tx, one, notification, at, group_interval=catalog.group_interval):
            found.append(one.id)
        else:
            unsettled |= alerts
    record_repeated(tx, found)
    return found


def _beats(notification: Notification, catalog: OnCallCatalog) -> bool:
    return any(
        matches_all(heartbeat.matchers, alert.labels)
        for heartbeat in catalog.heartbeats
        for alert in notification.alerts
    )


def _read(body: bytes) -> Notification | None:
    return _remembered(body) if len(body) <= _REMEMBERED_BYTES else _parse(body)


def _parse(body: bytes) -> Notification | None:
    """Return what it says; None for what only its turn can deal with."""
    try:
        return parse_notification(body)
    except UnreadableNotification:
        return None


_remembered = lru_cache(_REMEMBERED)(_parse)
