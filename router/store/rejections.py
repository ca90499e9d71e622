"""What could not be understood: kept as it came, listed, and told to people once a minute (G3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from router.incident.rejection import Untold
from router.intake.rejection import REJECTION_BODY, REJECTION_KEY, Rejection
from router.store.notifications import record_notification
from router.store.tables import REJECTIONS_PENDING, notifications, rejected

TOLD_EVERY: Final = timedelta(minutes=1)
_SIZE: Final = func.coalesce(rejected.c.size_bytes, func.length(rejected.c.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRejection:
    """One row of the list; its body is read apart, since it may be large."""

    number: int
    received_at: datetime
    reason: str
    address: str | None
    user_agent: str | None
    size_bytes: int  # of the whole body
    kept_bytes: int  # below size_bytes: only the beginning is kept
    incident_number: int | None  # None until people are told


def record_rejected(tx: Connection, rejection: Rejection) -> int:
    """Keep what was rejected, and have the worker tell people of it; return its number.

    Both in this transaction: what is kept is told, also after a crash.
    """
    row = insert(rejected).values(
        received_at=rejection.received_at,
        body=rejection.body,
        reason=rejection.reason,
        size_bytes=rejection.size_bytes,
        address=rejection.address or None,
        user_agent=rejection.user_agent or None,
    )
    number = int(tx.execute(row.returning(rejected.c.id)).scalar_one())
    _look_soon(tx, now=rejection.received_at)
    return number


def _look_soon(tx: Connection, *, now: datetime) -> None:
    """Have the worker look at once, or a minute after it last did while an incident is open.

    The lock makes us wait for a worker that looks right now: it does not see
    our row, so that its next look has to.
    """
    look = tx.execute(
        select(notifications.c.id, notifications.c.received_at, notifications.c.due_at)
        .where(REJECTIONS_PENDING)
        .order_by(notifications.c.due_at)
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if look is None:
        record_notification(tx, body=REJECTION_BODY, content_key=REJECTION_KEY, now=now)
        return
    # Not by a look that a wrong clock has put into the future.
    due_at = max(now, min(look.received_at, now) + TOLD_EVERY)
    if due_at < look.due_at:
        sooner = update(notifications).where(notifications.c.id == look.id)
        tx.execute(sooner.values(due_at=due_at))


def record_look(tx: Connection, *, due_at: datetime, now: datetime) -> None:
    """Have the worker look at the rejections at `due_at`, unless it is to look already."""
    waiting = select(notifications.c.id).where(REJECTIONS_PENDING)
    if tx.execute(waiting.limit(1)).first() is None:
        record_notification(
            tx, body=REJECTION_BODY, content_key=REJECTION_KEY, now=now, due_at=due_at
        )


def find_untold(tx: Connection) -> Untold | None:
    """Return what no incident tells of yet, or None when everything is told."""
    untold = rejected.c.incident_number.is_(None)
    count, first_at = tx.execute(
        select(func.count(), func.min(rejected.c.received_at)).where(untold)
    ).one()
    if not count:
        return None
    last = tx.execute(
        select(rejected.c.id, rejected.c.reason, rejected.c.address, rejected.c.user_agent)
        .where(untold)
        .order_by(rejected.c.id.desc())
        .limit(1)
    ).one()
    return Untold(
        count=count,
        first_at=first_at,
        last_number=last.id,
        last_reason=last.reason,
        last_address=last.address or "",
        last_user_agent=last.user_agent or "",
    )


def record_told(tx: Connection, untold: Untold, *, incident: int) -> None:
    """Keep which incident tells of them."""
    tx.execute(
        update(rejected)
        .where(rejected.c.incident_number.is_(None), rejected.c.id <= untold.last_number)
        .values(incident_number=incident)
    )


def count_told(tx: Connection, incident: int) -> int:
    """Return how many rejections an incident tells of."""
    told = rejected.c.incident_number == incident
    return int(tx.execute(select(func.count()).select_from(rejected).where(told)).scalar_one())


def find_last_rejected(tx: Connection) -> datetime | None:
    """Return when something was last rejected."""
    newest = select(func.max(rejected.c.id)).scalar_subquery()
    statement = select(rejected.c.received_at).where(rejected.c.id == newest)
    received_at: datetime | None = tx.execute(statement).scalar()
    return received_at


def list_rejected(
    tx: Connection, *, limit: int, before: int | None = None
) -> list[StoredRejection]:
    """Return those with the highest numbers below `before`, without their bodies."""
    statement = (
        select(
            rejected.c.id.label("number"),
            rejected.c.received_at,
            rejected.c.reason,
            rejected.c.address,
            rejected.c.user_agent,
            _SIZE.label("size_bytes"),
            func.length(rejected.c.body).label("kept_bytes"),
            rejected.c.incident_number,
        )
        .order_by(rejected.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(rejected.c.id < before)
    return [StoredRejection(**row) for row in tx.execute(statement).mappings()]


def find_rejected_body(tx: Connection, number: int) -> bytes | None:
    """Return the body as it came, or None for an unknown number."""
    body: bytes | None = tx.execute(select(rejected.c.body).where(rejected.c.id == number)).scalar()
    return body
