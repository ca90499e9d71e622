"""Databases and a whole router for the tests of its parts that touch the world."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.router.road import Fakes, HandClock, Road, open_road, serving_fakes, write_secrets
from tests.servers import postgresql
from tests.tooling import require_postgresql

DATABASES = ("sqlite", "postgresql")


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
    server = request.getfixturevalue("postgresql_url")
    name = f"test_{uuid4().hex}"
    admin = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def fakes(clock: HandClock) -> Iterator[Fakes]:
    with ExitStack() as stack:
        yield serving_fakes(stack, clock)


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    write_secrets(folder)
    return folder


@pytest.fixture
async def road(
    secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> AsyncIterator[Road]:
    """A whole router on each database."""
    async with open_road(secrets_dir, database_url, fakes, clock) as opened:
        yield opened
