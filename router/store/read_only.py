"""Looking at a stored notification from beside a running router: never writes, never migrates."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from router.store.backup import database_file
from router.store.engine import open_engine, reading
from router.store.tables import notifications


class UnreadableStoreError(Exception):
    """The database cannot be looked at; the text is one sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedBody:
    """A notification as it came."""

    received_at: datetime
    body: bytes


def read_notification(url: str, number: int) -> ReceivedBody | None:
    """Return the notification of that number in the database of a router, or None.

    The router may be running, and of another version: only columns that every
    schema has are read. SQLite's file is opened for reading, and PostgreSQL
    is asked in a transaction that may not write. Raises UnreadableStoreError.
    """
    file = database_file(url)
    if file is not None and not file.is_file():
        raise UnreadableStoreError(f"there is no database {file}")
    try:
        engine = open_engine(url) if file is None else _open_file(file)
        try:
            return _find(engine, number, is_postgresql=file is None)
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        # The first line only: what follows may repeat the statement or the URL.
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise UnreadableStoreError(f"cannot read the database: {reason}") from None


def _open_file(file: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _find(engine: Engine, number: int, *, is_postgresql: bool) -> ReceivedBody | None:
    with reading(engine) as connection:
        if is_postgresql:
            connection.execution_options(postgresql_readonly=True)
        return _select(connection, number)


def _select(tx: Connection, number: int) -> ReceivedBody | None:
    row = tx.execute(
        select(notifications.c.received_at, notifications.c.body).where(
            notifications.c.id == number
        )
    ).one_or_none()
    return None if row is None else ReceivedBody(received_at=row.received_at, body=row.body)
