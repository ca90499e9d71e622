"""A copy of the SQLite database, made while the router writes to it."""

import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import URL, NullPool, create_engine, func, make_url, select

from router.store.tables import INCIDENT_OPEN, incidents, notifications

STEP_PAGES: Final = 1000  # 4 MB between which Ctrl-C is heard
NUMBERS_LEFT_OUT: Final = 1000
_COMPANIONS: Final = ("", "-wal", "-shm", "-journal", ".lock")


class BackupError(Exception):
    """There is no copy; the text is one sentence for the operator."""


class DamagedError(BackupError):
    """What was copied is not whole: the database itself is damaged, or the copy's disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a finished copy holds."""

    size_bytes: int
    incidents: int
    open_incidents: int
    last_notification_at: datetime | None


def database_file(url: str) -> Path | None:
    """Return the file of a SQLite database, or None for another kind."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database).resolve()


def back_up(source: Path, target: Path, *, replace: bool) -> Backup:
    """Copy the database into `target`, and return what the copy holds.

    All of it in one read transaction: the copy is the database as it was at
    one instant at the beginning, with everything answered before. It neither
    waits for the router's writer nor holds it up. Without that transaction
    SQLite begins anew whenever somebody writes between two steps, and never
    ends beside a busy router.

    `target` gets its name only when the copy is checked and on disk; a crash
    leaves at most a hidden folder beside it. Only its owner may read it.

    Raises BackupError when there is no such database, `target` cannot be
    written, or exists and `replace` is False; DamagedError when the copy is
    not whole.

    Source: SQLite, "Online Backup API" and sqlite3_backup_step().
    """
    try:
        _check_target(source, target, replace=replace)
        if not source.is_file():
            raise BackupError(f"there is no database {source}")
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            copy = Path(folder) / "copy"
            _copy(source, copy)
            backup = _prepare(copy)
            _flush(copy)
            _check_target(source, target, replace=replace)  # it has taken a while
            copy.replace(target)
        _flush(target.parent)
    except sqlite3.Error as error:
        raise BackupError(f"cannot copy {source}: {error}") from None
    except OSError as error:
        raise BackupError(f"cannot copy {source} to {target}: {error.strerror}") from None
    return backup


def _check_target(source: Path, target: Path, *, replace: bool) -> None:
    """Raise BackupError for what must not be replaced: another file, above all the database."""
    live = [Path(f"{source}{suffix}") for suffix in _COMPANIONS]
    if target.resolve() in live:
        raise BackupError(f"{target} is the database that is to be copied, or belongs to it")
    if not target.exists():
        return
    if not target.is_file():
        raise BackupError(f"{target} is there and is no file")
    if any(one.exists() and one.samefile(target) for one in live):  # by another name
        raise BackupError(f"{target} is the database that is to be copied, or belongs to it")
    if not replace:
        raise BackupError(f"{target} is there already: name another file, or add --force")


def _copy(source: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(copy)) as writing,
    ):
        copy.chmod(0o600)
        reading.isolation_level = None
        reading.execute("BEGIN")
        # Its first read begins the transaction.
        if not reading.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'"
        ).fetchone():
            raise BackupError(f"{source} is no database of the router")
        reading.backup(writing, pages=STEP_PAGES)


def _prepare(copy: Path) -> Backup:
    """Check the copy and make it one to restore from."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared memory beside it
        connection.execute("PRAGMA journal_mode = DELETE")  # one file alone
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
        if found != ["ok"]:
            raise DamagedError(f"the copy is not whole, and is not kept: {found[0]}")
        _leave_numbers_out(connection)
    return _describe(copy)


def _leave_numbers_out(connection: sqlite3.Connection) -> None:
    """Have a router that starts from the copy skip the numbers given since it was made.

    People know those from messages, and PagerDuty from dedup keys: a page of
    another incident under such a key would join the old alert and ring nobody.
    """
    further = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'incidents'"
    if connection.execute(further, (NUMBERS_LEFT_OUT,)).rowcount == 0:
        first = "INSERT INTO sqlite_sequence (name, seq) VALUES ('incidents', ?)"
        connection.execute(first, (NUMBERS_LEFT_OUT,))


def _describe(copy: Path) -> Backup:
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    all_of_them = select(func.count()).select_from(incidents)
    with engine.connect() as connection:
        return Backup(
            size_bytes=copy.stat().st_size,
            incidents=connection.execute(all_of_them).scalar_one(),
            open_incidents=connection.execute(all_of_them.where(INCIDENT_OPEN)).scalar_one(),
            last_notification_at=connection.execute(
                select(func.max(notifications.c.received_at))
            ).scalar(),
        )


def _flush(path: Path) -> None:
    """Have a file or a folder on disk when this returns."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
