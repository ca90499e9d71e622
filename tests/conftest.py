"""What holds for all tests, and the databases that many of them need."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from tests.servers import postgresql
from tests.tooling import require_postgresql

# Speed is measured in benchmarks/; on a busy machine a time limit only says that it is busy.
settings.register_profile("guardia", deadline=None)
settings.load_profile("guardia")

DATABASES = ("sqlite", "postgresql")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: many tests wait for the servers that they start."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql(require_postgresql()) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/guardia.db"
        return
    from sqlalchemy import create_engine, make_url, text

    server = request.getfixturevalue("postgresql_url")
    name = f"test_{uuid4().hex}"
    admin = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,  # a test may have made it crash
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
