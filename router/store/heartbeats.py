"""Heartbeats: when each was last seen, and whether people know that it is missing."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from router.incident.heartbeat import Watched
from router.store.tables import heartbeats


def record_watched(tx: Connection, name: str, *, now: datetime) -> None:
    """Wait for a heartbeat from now on, unless it is waited for already."""
    known = select(heartbeats.c.name).where(heartbeats.c.name == name)
    if tx.execute(known).first() is not None:
        return
    # Two replicas may do so at once: the second waits for the first, and finds its row.
    with suppress(IntegrityError), tx.begin_nested():
        tx.execute(insert(heartbeats).values(name=name, watched_at=now))


def claim_heartbeats(tx: Connection, names: Collection[str] | None = None) -> list[Watched]:
    """Return those that are known, or the named ones of them, for this transaction alone.

    In one order, so that two replicas wait for each other and not in a circle.
    """
    statement = select(heartbeats).order_by(heartbeats.c.name).with_for_update()
    if names is not None:
        statement = statement.where(heartbeats.c.name.in_(sorted(names)))
    return [Watched(**row) for row in tx.execute(statement).mappings()]


def record_heartbeat(tx: Connection, watched: Watched) -> None:
    """Keep what is known now of a heartbeat."""
    statement = update(heartbeats).where(heartbeats.c.name == watched.name)
    tx.execute(
        statement.values(
            watched_at=watched.watched_at,
            seen_at=watched.seen_at,
            missed_at=watched.missed_at,
            told_at=watched.told_at,
        )
    )


def has_missing(tx: Connection) -> bool:
    """Say whether people know of a heartbeat that is missing."""
    missing = select(heartbeats.c.name).where(heartbeats.c.missed_at.is_not(None))
    return tx.execute(missing.limit(1)).first() is not None
