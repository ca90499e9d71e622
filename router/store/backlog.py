"""What waits: when the next thing is due, and how overdue the oldest is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    select,
    type_coerce,
    update,
)

from router.message.model import MessageKind
from router.store.column_types import Instant
from router.store.lease_clock import is_shared
from router.store.tables import (
    INCIDENT_OPEN,
    INCIDENT_REVISITED,
    MESSAGE_HELD,
    MESSAGE_OPEN,
    NOTIFICATION_PENDING,
    TIMER_RUNNING,
    awake,
    events,
    incidents,
    messages,
    notifications,
    timers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One queue: how many rows wait, and since or until when the first of them is due."""

    count: int
    first_due_at: datetime | None

    def overdue_since(self, now: datetime) -> datetime | None:
        """Return since when the first is late; None while nothing is."""
        first = self.first_due_at
        return first if first is not None and first <= now else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The queues and the open incidents; each figure reads only the rows that wait.

    `pages` are those messages that no provider has accepted, due since they
    were asked for: a retry that is planned makes nothing of it younger.
    """

    notifications: Waiting
    timers: Waiting
    messages: Waiting
    pages: Waiting
    open_incidents: int

    def queues(self) -> tuple[tuple[str, Waiting], ...]:
        """Return each queue with its name."""
        return (
            ("notifications", self.notifications),
            ("timers", self.timers),
            ("messages", self.messages),
            ("pages", self.pages),
        )


def read_backlog(tx: Connection) -> Backlog:
    """Return what waits now."""
    still_open = select(func.count()).select_from(incidents).where(INCIDENT_OPEN)
    return Backlog(
        notifications=_waiting(tx, notifications.c.due_at, NOTIFICATION_PENDING),
        timers=_waiting(tx, timers.c.due_at, TIMER_RUNNING),
        messages=_waiting(tx, messages.c.due_at, MESSAGE_OPEN),
        pages=_waiting(
            tx,
            case((messages.c.reason.is_not(None), messages.c.created_at), else_=messages.c.due_at),
            and_(MESSAGE_OPEN, messages.c.kind.in_([kind for kind in MessageKind if kind.wakes])),
        ),
        open_incidents=int(tx.execute(still_open).scalar_one()),
    )


def read_notifications(tx: Connection, *, now: datetime) -> tuple[Waiting, Waiting]:
    """Return what came in and is to be read, and what we have planned for later ourselves.

    A test page ends by a notification of ours, and so is looked again at what was rejected.
    One that is due, or was tried in vain, is to be read like any other.
    """
    is_planned = and_(notifications.c.due_at > now, notifications.c.attempts == 0)
    to_read, planned = (
        _waiting(tx, notifications.c.due_at, and_(NOTIFICATION_PENDING, which))
        for which in (~is_planned, is_planned)
    )
    return to_read, planned


def _waiting(tx: Connection, due_at: ColumnElement[Any], where: ColumnElement[bool]) -> Waiting:
    first = type_coerce(func.min(due_at), Instant)
    row = tx.execute(select(func.count(), first).where(where)).one()
    return Waiting(count=row[0], first_due_at=row[1])


def find_next_decision(tx: Connection) -> datetime | None:
    """Return when the next notification, step or end of a hold is due (or was)."""
    return _first(
        tx,
        select(func.min(notifications.c.due_at)).where(NOTIFICATION_PENDING),
        select(func.min(timers.c.due_at)).where(TIMER_RUNNING),
        select(func.min(incidents.c.revisit_at)).where(INCIDENT_REVISITED),
        select(func.min(messages.c.held_until)).where(MESSAGE_HELD),
    )


def _first(tx: Connection, *statements: Select[Any]) -> datetime | None:
    found = [tx.execute(statement).scalar() for statement in statements]
    return min((due for due in found if due is not None), default=None)


def find_last_instant(tx: Connection) -> datetime | None:
    """Return when the newest rows were written, so that a clock set back is noticed.

    The newest by number: the greatest instant may come from a wrong clock, long ago.
    """
    statements = (
        select(at).where(number == select(func.max(number)).scalar_subquery())
        for number, at in (
            (notifications.c.id, notifications.c.received_at),
            (events.c.id, events.c.at),
        )
    )
    found = [tx.execute(statement).scalar() for statement in statements]
    return max((at for at in found if at is not None), default=None)


def record_set_back(tx: Connection, *, lead: timedelta, now: datetime) -> int:
    """Bring forward what is due after `now`, by as much as the clock was set back.

    What was planned by the wrong clock would else wait for that much longer.
    What was planned before it went wrong comes early: better than never.
    Returns how many rows were changed.
    """
    return sum(
        _bring_forward(tx, column, lead=lead, now=now)
        for column in (
            notifications.c.due_at,
            timers.c.due_at,
            incidents.c.acknowledged_until,
            incidents.c.closes_at,
            incidents.c.revisit_at,
            messages.c.due_at,
            messages.c.held_until,
            awake.c.until,
            awake.c.ring_at,
            *(() if is_shared(tx) else (messages.c.leased_until,)),  # the database's own clock
        )
    )


def _bring_forward(tx: Connection, column: Column[Any], *, lead: timedelta, now: datetime) -> int:
    late = tx.execute(select(column).where(column > now).distinct()).scalars().all()
    changed = 0
    for due_at in late:
        values = {column.name: max(now, due_at - lead)}
        statement = update(column.table).where(column == due_at).values(**values)
        changed += int(tx.execute(statement).rowcount)
    return changed
