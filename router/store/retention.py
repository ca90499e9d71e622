"""Old rows go, a few at a time: nothing open, nothing that waits, nothing young."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from router.store.tables import (
    INCIDENT_OPEN,
    MESSAGE_OPEN,
    TIMER_RUNNING,
    alerts,
    audit,
    events,
    incident_services,
    incidents,
    messages,
    notifications,
    overrides,
    provider_events,
    rejected,
    sessions,
    timers,
    tokens,
)

BATCH_ROWS: Final = 200  # some 20 ms of the writer's time, which a notification may have to wait
BATCH_BYTES: Final = 4 * 1024 * 1024  # of bodies: many builds of SQLite overwrite what they delete

# Tables of which nothing else hangs, and since when a row of each is of the past.
_ENDED_AT: Final[tuple[tuple[Table, ColumnElement[datetime]], ...]] = (
    (overrides, overrides.c.ends_at),
    (provider_events, provider_events.c.received_at),
    (sessions, sessions.c.ends_at),
    (tokens, func.coalesce(tokens.c.ended_at, tokens.c.used_at, tokens.c.ends_at)),
    (audit, audit.c.at),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """How many rows of each kind are gone; an incident counts once its last row is."""

    incidents: int
    notifications: int
    rejected: int
    overrides: int
    provider_events: int
    sessions: int
    tokens: int
    audit: int
    complete: bool  # nothing is left that may go


def delete_older(tx: Connection, *, before: datetime, rows: int = BATCH_ROWS) -> Deleted:
    """Delete at most `rows` rows that ended before that instant, the oldest first.

    An incident goes with its alerts, timer, messages and timeline when it was
    resolved before then, no message of it waits, and no digest of it tells an
    incident that is still open. A large one goes in
    several calls, and one that a crash leaves half is the next call's first.
    Notifications go when they were received before then and are applied,
    rejected bodies when an incident tells of them that is not open, and
    overrides, sessions and tokens when they ended before then, rows of the audit
    when they are older, and providers' events when they came before then: none
    of them is sent again after two days.
    """
    ended, left = _delete_incidents(tx, before=before, rows=rows)
    applied = notifications.c.state.in_(["applied", "repeated"])
    received, left = _delete_bodies(tx, notifications, applied, before=before, rows=left)
    told = rejected.c.incident_number.is_not(None) & ~exists().where(
        incidents.c.number == rejected.c.incident_number, INCIDENT_OPEN
    )
    refused, left = _delete_bodies(tx, rejected, told, before=before, rows=left)
    gone: dict[str, int] = {}
    for table, ended_at in _ENDED_AT:
        gone[table.name], left = _delete_ended(tx, table, ended_at, before=before, rows=left)
    return Deleted(
        incidents=ended,
        notifications=received,
        rejected=refused,
        **gone,
        complete=left > 0,
    )


def _delete_incidents(tx: Connection, *, before: datetime, rows: int) -> tuple[int, int]:
    """Return how many incidents are gone, and how many rows may still be deleted."""
    waits = or_(
        exists().where(messages.c.incident_number == incidents.c.number, MESSAGE_OPEN),
        exists().where(timers.c.incident_number == incidents.c.number, TIMER_RUNNING),
        _tells_open_ones(),
    )
    old = (
        select(incidents.c.number)
        .where(incidents.c.resolved_at < before, ~INCIDENT_OPEN, ~waits)
        .order_by(incidents.c.resolved_at)
        .limit(rows)
        .with_for_update(skip_locked=True, of=incidents)
    )
    gone, left = 0, rows
    for number in tx.execute(old).scalars().all():
        for table in (events, messages, alerts, incident_services, timers):
            left -= _delete_parts(tx, table, number, rows=left)
        if left == 0:
            break  # there may be more of it
        tx.execute(delete(incidents).where(incidents.c.number == number))
        gone, left = gone + 1, left - 1
    return gone, left


def _tells_open_ones() -> ColumnElement[bool]:
    """Say of an incident that a digest which began with it also tells one that is still open.

    Without its row, the end of that one would not end the page.
    """
    digest, page, other = messages.alias(), messages.alias(), incidents.alias()
    return exists().where(
        digest.c.incident_number == incidents.c.number,
        digest.c.kind == literal_column("'digest'"),
        page.c.carried_by == digest.c.id,
        page.c.carried_by.is_not(None),
        other.c.number == page.c.incident_number,
        other.c.state != literal_column("'resolved'"),
    )


def _delete_parts(tx: Connection, table: Table, incident: int, *, rows: int) -> int:
    key = tuple_(*table.primary_key.columns)
    some = select(*table.primary_key.columns).where(table.c.incident_number == incident)
    return int(tx.execute(delete(table).where(key.in_(some.limit(rows)))).rowcount)


def _delete_bodies(
    tx: Connection, table: Table, may_go: ColumnElement[bool], *, before: datetime, rows: int
) -> tuple[int, int]:
    """Return how many rows are gone, and how many may still be; 0 when their bodies were large."""
    old = (
        select(table.c.id, func.length(table.c.body).label("bytes"))
        .where(table.c.received_at < before, may_go)
        .order_by(table.c.received_at)
        .limit(rows)
        .with_for_update(skip_locked=True, of=table)
    )
    found: list[int] = []
    size = 0
    for row in tx.execute(old).all():
        size += row.bytes
        if found and size > BATCH_BYTES:
            rows = len(found)
            break
        found.append(row.id)
    if found:
        tx.execute(delete(table).where(table.c.id.in_(found)))
    return len(found), rows - len(found)


def _delete_ended(
    tx: Connection, table: Table, ended_at: ColumnElement[datetime], *, before: datetime, rows: int
) -> tuple[int, int]:
    """Return how many rows of a table are gone, and how many may still be deleted.

    `ended_at` is since when a row is of the past; NULL: it is not.
    """
    columns = table.primary_key.columns
    old = (
        select(*columns)
        .where(ended_at < before)
        .order_by(ended_at)
        .limit(rows)
        .with_for_update(skip_locked=True)
    )
    found = [tuple(row) for row in tx.execute(old)]
    if found and len(columns) == 1:
        tx.execute(delete(table).where(columns[0].in_([value for (value,) in found])))
    elif found:
        tx.execute(delete(table).where(tuple_(*columns).in_(found)))
    return len(found), rows - len(found)
