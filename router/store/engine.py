"""The database's settings: what a commit promises, and how transactions begin."""

import sqlite3
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url

LOCK_WAIT_SECONDS: Final = 5
SILENCE_SECONDS: Final = 10  # after which a PostgreSQL that does not answer is given up
_READS: Final = "guardia_reads"


def open_engine(url: str) -> Engine:
    """Return the engine for `sqlite:///file` or `postgresql://…`.

    A commit is on disk when it returns, in both. Parameters never reach an
    error's text, since bodies and addresses are among them. Raises
    sqlalchemy.exc.ArgumentError for an unreadable URL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, hide_parameters=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        hide_parameters=True,
        pool_pre_ping=True,  # a failover leaves dead connections in the pool
        connect_args={
            "connect_timeout": LOCK_WAIT_SECONDS,
            # A host that is gone says nothing: without these, a query waits for hours.
            "tcp_user_timeout": SILENCE_SECONDS * 1000,
            "keepalives": 1,
            "keepalives_idle": SILENCE_SECONDS,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "options": f"-c lock_timeout={LOCK_WAIT_SECONDS}s"
            f" -c statement_timeout={SILENCE_SECONDS}s -c synchronous_commit=on"
            # A replica that stands still, or is cut off, within a transaction: the server
            # would wait for it for hours, and the others for its locks.
            f" -c idle_in_transaction_session_timeout={SILENCE_SECONDS}s",
        },
    )


def reading(engine: Engine) -> Connection:
    """Return a connection for reading only; it never waits for the writer, nor holds it up."""
    return engine.connect().execution_options(**{_READS: True})


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # sqlite3 would begin transactions by itself, late and without a write lock.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {LOCK_WAIT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",  # in WAL mode NORMAL may lose the last commits at a power cut
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: taken later, SQLite may refuse it without waiting.
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
