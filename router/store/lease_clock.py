"""The clock that leases go by: the database's own where several routers share it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, literal, literal_column

from router.store.column_types import Instant

_MICROSECOND: Final = timedelta(microseconds=1)


def is_shared(tx: Connection) -> bool:
    """Say whether other routers may use this database, each with a clock of its own."""
    return tx.dialect.name == "postgresql"


def lease_instant(
    tx: Connection, now: datetime, *, after: timedelta = timedelta()
) -> ColumnElement[datetime]:
    """Return the present instant of leases, or one `after` it, to be used in a statement.

    On PostgreSQL by its own clock: a replica whose clock is wrong neither
    takes leases that live nor leaves any that outlive it. Not by now(), which
    stands still while a transaction waits. On SQLite, `now` of its one router.
    """
    return database_instant(after=after) if is_shared(tx) else literal(now + after, Instant)


def database_instant(*, after: timedelta = timedelta()) -> ColumnElement[datetime]:
    """Return the present instant of PostgreSQL's clock, or one `after` it."""
    micros = after // _MICROSECOND
    text = f"(extract(epoch FROM clock_timestamp()) * 1000000)::bigint + ({micros})"
    return literal_column(text, Instant)
