"""What waits: when the next thing is due, and how overdue the oldest is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select, update

from router.message.model import MessageKind
from router.store.tables import (
    INCIDENT_OPEN,
    MESSAGE_OPEN,
    NOTIFICATION_PENDING,
    TIMER_RUNNING,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """All three queues and the open incidents; each figure reads only the rows that wait."""

    notifications: Waiting
    timers: Waiting
    messages: Waiting
    open_incidents: int


def read_backlog(tx: Connection) -> Backlog:
    """Return what waits now."""
    still_open = select(func.count()).select_from(incidents).where(INCIDENT_OPEN)
    return Backlog(
        notifications=_waiting(tx, notifications.c.due_at, NOTIFICATION_PENDING),
        timers=_waiting(tx, timers.c.due_at, TIMER_RUNNING),
        messages=_waiting(tx, messages.c.due_at, MESSAGE_OPEN),
        open_incidents=int(tx.execute(still_open).scalar_one()),
    )


def _waiting(tx: Connection, due_at: ColumnElement[Any], where: ColumnElement[bool]) -> Waiting:
    row = tx.execute(select(func.count(), func.min(due_at)).where(where)).one()
    return Waiting(count=row[0], first_due_at=row[1])


def find_next_decision(tx: Connection) -> datetime | None:
    """Return when the next notification or step of an escalation is due (or was)."""
    return _first(
        tx,
        select(func.min(notifications.c.due_at)).where(NOTIFICATION_PENDING),
        select(func.min(timers.c.due_at)).where(TIMER_RUNNING),
    )


def find_next_message(tx: Connection, kinds: Sequence[MessageKind]) -> datetime | None:
    """Return when the next message of these kinds is due, or when the next lease ends."""
    these = (MESSAGE_OPEN, messages.c.kind.in_([kind.value for kind in kinds]))
    return _first(
        tx,
        select(func.min(messages.c.due_at)).where(*these, messages.c.state == "pending"),
        select(func.min(messages.c.leased_until)).where(*these, messages.c.state == "sending"),
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
            messages.c.due_at,
            messages.c.leased_until,
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
