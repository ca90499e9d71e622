"""The router's databases for tests, of each kind: empty, or with today's tables and no rows.

Migrating takes longer than most tests, and PostgreSQL copies hundreds of files for a database. So
SQLite's is migrated once and copied, and PostgreSQL's is emptied for the next test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text

from router.store.engine import open_engine
from router.store.migrations import upgrade
from router.store.tables import metadata
from tests.fakes.serving import PATIENCE_SECONDS

DATABASES = ("sqlite", "postgresql")


def migrate(url: str) -> None:
    """Make today's tables, and leave no connection open."""
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


@contextmanager
def empty_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Give the URL of a database without tables, of the kind that is the fixture's parameter."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder}/guardia.db"
        return
    with database_of(request.getfixturevalue("postgresql_server")) as url:
        yield url


@contextmanager
def migrated_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Give the URL of a database that a router has started on before, as `empty_database` does."""
    if request.param == "sqlite":
        yield sqlite_database(folder)
        return
    with request.getfixturevalue("lent_postgresql").lend() as url:
        yield url


def sqlite_database(folder: Path) -> str:
    """Return the URL of SQLite's in this folder, made with today's tables unless it is there.

    For tests whose claims are about neither database.
    """
    file = folder / "guardia.db"
    if not file.exists():
        file.write_bytes(_migrated_sqlite())
    return f"sqlite:///{file}"


@cache
def _migrated_sqlite() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "guardia.db"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


@contextmanager
def database_of(server: Engine) -> Iterator[str]:
    """Give the URL of a PostgreSQL database for the length of the block."""
    name = _create(server)
    yield url_of(server, name)
    _drop(server, name)


class LentDatabases:
    """PostgreSQL's databases with today's tables, lent to one test after another.

    Emptying one costs a twentieth of making and dropping it. One where a test has changed more
    than rows is dropped.
    """

    def __init__(self, server: Engine) -> None:
        self._server = server
        self._free: list[tuple[str, tuple[object, ...]]] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Give the URL of one without rows for the length of the block."""
        name, schema = self._free.pop() if self._free else self._make()
        yield url_of(self._server, name)
        with self._connected(name) as connection:
            connection.execute(text(_CUT_OFF))
            is_same = _schema(connection) == schema
            if is_same:
                connection.execute(text(_EMPTY))
        if is_same:
            self._free.append((name, schema))
        else:
            _drop(self._server, name)

    def _make(self) -> tuple[str, tuple[object, ...]]:
        name = _create(self._server)
        migrate(url_of(self._server, name))
        with self._connected(name) as connection:
            return name, _schema(connection)

    @contextmanager
    def _connected(self, name: str) -> Iterator[Connection]:
        url = make_url(url_of(self._server, name)).set(drivername="postgresql+psycopg")
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            yield connection


# As `DROP DATABASE … WITH (FORCE)` does: a replica that has not ended may hold locks, or write.
_CUT_OFF = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Whatever changes a table, a column, a constraint or a trigger writes or removes rows of these,
# and what writes one leaves its transaction's number.
_SCHEMA = """
    SELECT (SELECT version_num FROM schema_version), count(*), max(xmin::text::bigint) FROM (
        SELECT xmin FROM pg_class UNION ALL SELECT xmin FROM pg_attribute
        UNION ALL SELECT xmin FROM pg_constraint UNION ALL SELECT xmin FROM pg_trigger
    ) AS written
"""
_EMPTY = ";".join(
    (
        "SET LOCAL session_replication_role = replica",  # no foreign keys: in any order
        *(f"DELETE FROM {table.name}" for table in metadata.sorted_tables),
        "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence",
    )
)


def _schema(connection: Connection) -> tuple[object, ...]:
    """Return what is another once anything but rows has changed."""
    return tuple(connection.execute(text(_SCHEMA)).one())


def _create(server: Engine) -> str:
    name = f"test_{uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return name


def _drop(server: Engine, name: str) -> None:
    """Drop a database, once the sessions that somebody left are over.

    FORCE ends them too, but waits for them no longer than five seconds.
    """
    end = text("SELECT pg_terminate_backend(pid, :ms) FROM pg_stat_activity WHERE datname = :name")
    with server.connect() as connection:
        connection.execute(end, {"ms": int(PATIENCE_SECONDS * 1000), "name": name})
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def url_of(server: Engine, name: str) -> str:
    """Return the URL by which a router is told of a database of the server."""
    url = server.url.set(drivername="postgresql", database=name)
    return url.render_as_string(hide_password=False)
