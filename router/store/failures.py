"""Errors of a database: whether one statement is at fault or the database itself."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# Source: SQLite, "Result and Error Codes", primary codes: the last byte of an extended one.
_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
# Source: PostgreSQL, appendix A, "Error Codes": connection, resources, intervention, system.
_POSTGRESQL: Final = ("08", "53", "57P", "58")
# Its advice for both is to repeat the transaction: serialization_failure, deadlock_detected.
_REPEATABLE: Final = ("40001", "40P01")


def concerns_whole_store(error: BaseException) -> bool:
    """Say whether any other work would fail now in the same way."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # libpq's own: the connection is lost
        return isinstance(error, (OperationalError, InterfaceError))
    return str(state).startswith(_POSTGRESQL)


def is_repeatable(error: BaseException) -> bool:
    """Say whether the same work may go well at once: only another transaction was in its way."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _REPEATABLE
