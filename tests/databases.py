"""The router's databases for tests, of each kind: empty, or with today's tables and no rows.

Migrating takes longer than most tests. So it is done once in each kind, and then copied.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from router.store.engine import open_engine
from router.store.migrations import upgrade

DATABASES = ("sqlite", "postgresql")
MIGRATED = "migrated"


def migrate(url: str) -> None:
    """Make today's tables, and leave no connection open: PostgreSQL copies no database in use."""
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
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), folder / "guardia.db")
        yield f"sqlite:///{folder}/guardia.db"
        return
    with database_of(request.getfixturevalue("migrated_postgresql"), copy_of=MIGRATED) as url:
        yield url


@contextmanager
def database_of(server: Engine, *, copy_of: str = "template1") -> Iterator[str]:
    """Give the URL of a PostgreSQL database for the length of the block."""
    name = f"test_{uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {copy_of}"))
    yield url_of(server, name)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def url_of(server: Engine, name: str) -> str:
    """Return the URL by which a router is told of a database of the server."""
    url = server.url.set(drivername="postgresql", database=name)
    return url.render_as_string(hide_password=False)
