"""Notifications as received: kept first, applied to an incident later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from router.store.tables import NOTIFICATION_APPLIED, NOTIFICATION_PENDING, notifications

# Built once: building a statement takes several times as long as the database needs for it.
_RECORD: Final = insert(notifications).returning(notifications.c.id, notifications.c.content_key)
_CLAIM: Final = (
    select(
        notifications.c.id,
        notifications.c.received_at,
        notifications.c.content_key,
        notifications.c.body,
        notifications.c.attempts,
    )
    .where(notifications.c.id.in_(bindparam("numbers", expanding=True)), NOTIFICATION_PENDING)
    .order_by(notifications.c.id)
    .with_for_update(skip_locked=True)
)
_ITSELF: Final = notifications.alias()
_FIND_COPIES: Final = (
    select(_ITSELF.c.id, func.max(notifications.c.received_at).label("received_at"))
    .join(_ITSELF, _ITSELF.c.content_key == notifications.c.content_key)
    .where(
        _ITSELF.c.id.in_(bindparam("numbers", expanding=True)),
        NOTIFICATION_APPLIED,
    )
    .group_by(_ITSELF.c.id)
)
_TAKE_OFF: Final = (
    update(notifications)
    .where(notifications.c.id.in_(bindparam("numbers", expanding=True)))
    .values(state=bindparam("as_state"), error=None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotification:
    """A notification that is not yet applied. `attempts` counts the failures so far."""

    id: int
    received_at: datetime
    content_key: str
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedNotification:
    """A notification as it came, to be stored."""

    received_at: datetime
    content_key: str
    body: bytes


def record_notifications(tx: Connection, *, received: Sequence[ReceivedNotification]) -> list[int]:
    """Keep notifications to be applied at once; return the number of each in the store.

    Which of those that say the same gets which of their numbers is left to the database.
    """
    rows = [_row(one, due_at=one.received_at) for one in received]
    numbers: dict[str, list[int]] = {}
    for row in tx.execute(_RECORD, rows).all():
        numbers.setdefault(row.content_key, []).append(row.id)
    return [numbers[one.content_key].pop(0) for one in received]


def record_notification(
    tx: Connection,
    *,
    body: bytes,
    content_key: str,
    now: datetime,
    due_at: datetime | None = None,
) -> int:
    """Keep a notification to be applied, at once or at `due_at`; return its number in the store."""
    received = ReceivedNotification(received_at=now, content_key=content_key, body=body)
    return int(tx.execute(_RECORD, _row(received, due_at=due_at or now)).scalar_one())


def _row(received: ReceivedNotification, *, due_at: datetime) -> dict[str, Any]:
    return {
        "received_at": received.received_at,
        "content_key": received.content_key,
        "body": received.body,
        "state": "pending",
        "due_at": due_at,
    }


def list_pending_notifications(tx: Connection, *, now: datetime, limit: int) -> list[int]:
    """Return the numbers of notifications to apply now, in the order of receipt."""
    statement = (
        select(notifications.c.id)
        .where(NOTIFICATION_PENDING, notifications.c.due_at <= now)
        .order_by(notifications.c.due_at, notifications.c.id)
        .limit(limit)
    )
    return sorted(tx.execute(statement).scalars())


def claim_notification(tx: Connection, notification: int) -> StoredNotification | None:
    """Return it for this transaction alone; None when it is applied or another replica has it.

    The lock ends with the transaction, and only `record_applied` in the same
    transaction takes it off the list: a crash leaves it pending.
    """
    return next(iter(claim_notifications(tx, [notification])), None)


def find_applied_copy(tx: Connection, notification: StoredNotification) -> datetime | None:
    """Return when the last applied notification of the same content was received, if any was."""
    return find_applied_copies(tx, [notification.id]).get(notification.id)


def claim_notifications(tx: Connection, numbers: Sequence[int]) -> list[StoredNotification]:
    """Return those that still wait, in the order of receipt; locked as by `claim_notification`."""
    rows = tx.execute(_CLAIM, {"numbers": numbers}).mappings().all()
    return [StoredNotification(**row) for row in rows]


def find_applied_copies(tx: Connection, numbers: Sequence[int]) -> dict[int, datetime]:
    """Return number -> when the last applied one of the same content came, where one did."""
    rows = tx.execute(_FIND_COPIES, {"numbers": numbers}).all()
    return {row.id: row.received_at for row in rows}


def record_repeated(tx: Connection, numbers: Sequence[int]) -> None:
    """Take notifications off the list that say what was applied before."""
    tx.execute(_TAKE_OFF, {"numbers": numbers, "as_state": "repeated"})


def record_applied(tx: Connection, notification: int, *, repeated: bool) -> None:
    """Take a notification off the list."""
    state = "repeated" if repeated else "applied"
    tx.execute(_TAKE_OFF, {"numbers": [notification], "as_state": state})


def record_failed_application(
    tx: Connection, notification: int, *, error: str, due_at: datetime
) -> int:
    """Put a notification that could not be applied off until `due_at`; return its attempts."""
    statement = (
        update(notifications)
        .where(notifications.c.id == notification)
        .values(attempts=notifications.c.attempts + 1, error=error, due_at=due_at)
        .returning(notifications.c.attempts)
    )
    return int(tx.execute(statement).scalar_one())
