"""Overrides made at run time: who takes over a schedule for a while, who made and cancelled it."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, or_, select, text, update

from router.oncall.model import PersonId, Roster, ScheduleId
from router.oncall.overrides import MadeOverride, WantedOverride, with_overrides
from router.store.lease_clock import is_shared
from router.store.tables import overrides

LOOK_BACK: Final = timedelta(days=100)  # longer than most shifts
_LOCK: Final = 7_205_591_364  # of this router's alone

_NOT_CANCELLED: Final = overrides.c.cancelled_at.is_(None)
# One that was cancelled before it began has never counted.
_HAS_COUNTED: Final = or_(_NOT_CANCELLED, overrides.c.cancelled_at > overrides.c.starts_at)


def lock_overrides(tx: Connection) -> None:
    """Let one router at a time see what is made already and make another, until it commits."""
    if is_shared(tx):  # else one transaction writes at a time anyway
        tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def record_override(tx: Connection, wanted: WantedOverride, *, now: datetime) -> MadeOverride:
    """Keep an override and return it with its number.

    It counts from the commit on, for whatever is decided after it; a crash
    before leaves nothing.
    """
    row = insert(overrides).values(
        schedule=wanted.schedule,
        person=wanted.person,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        reason=wanted.reason,
        created_at=now,
        created_by=wanted.by,
    )
    return _read(tx.execute(row.returning(*overrides.c)).one())


def find_override(tx: Connection, number: int, *, to_change: bool = False) -> MadeOverride | None:
    """Return one override, whatever has become of it, or None for an unknown number.

    It is locked until the transaction ends when `to_change`.
    """
    statement = select(overrides).where(overrides.c.id == number)
    if to_change:
        statement = statement.with_for_update()
    row = tx.execute(statement).one_or_none()
    return None if row is None else _read(row)


def record_cancelled(tx: Connection, number: int, *, by: str, now: datetime) -> MadeOverride | None:
    """Cancel an override that has not ended, and return it; None for an unknown number.

    The first to cancel stays the one, and what has ended stays as it was.
    """
    this = update(overrides).where(
        overrides.c.id == number, _NOT_CANCELLED, overrides.c.ends_at > now
    )
    tx.execute(this.values(cancelled_at=now, cancelled_by=by))
    return find_override(tx, number)


def list_overrides(tx: Connection, *, ended_after: datetime) -> list[MadeOverride]:
    """Return those to lay over a roster to see who is on call after that instant.

    Cancelled ones that counted for a while are among them: what was is not changed.
    """
    statement = select(overrides).where(overrides.c.ends_at > ended_after, _HAS_COUNTED)
    # Not by the database, which would read the whole history in the order of its numbers.
    return sorted((_read(row) for row in tx.execute(statement)), key=lambda one: one.number)


def list_current_overrides(tx: Connection, *, now: datetime) -> list[MadeOverride]:
    """Return those that count now or will, the first to begin first."""
    statement = (
        select(overrides)
        .where(overrides.c.ends_at > now, _NOT_CANCELLED)
        .order_by(overrides.c.starts_at, overrides.c.id)
    )
    return [_read(row) for row in tx.execute(statement)]


def count_current_overrides(tx: Connection, *, now: datetime) -> int:
    """Return how many count now or will."""
    current = select(func.count()).select_from(overrides)
    return int(tx.execute(current.where(overrides.c.ends_at > now, _NOT_CANCELLED)).scalar_one())


def list_past_overrides(
    tx: Connection, *, limit: int, before: int | None = None
) -> list[MadeOverride]:
    """Return those with the highest numbers below `before`, whatever has become of them."""
    statement = select(overrides).order_by(overrides.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(overrides.c.id < before)
    return [_read(row) for row in tx.execute(statement)]


def read_roster(tx: Connection, roster: Roster, *, at: datetime) -> Roster:
    """Return the catalog's roster with what was changed at run time, as it counts at `at`.

    One query. What ended a while before is in it too, so that a shift that
    follows an override begins where people were told it does.
    """
    return with_overrides(roster, list_overrides(tx, ended_after=at - LOOK_BACK))


def _read(row: Row[Any]) -> MadeOverride:
    return MadeOverride(
        number=row.id,
        schedule=ScheduleId(row.schedule),
        person=PersonId(row.person),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        created_at=row.created_at,
        created_by=row.created_by,
        cancelled_at=row.cancelled_at,
        cancelled_by=row.cancelled_by,
    )
