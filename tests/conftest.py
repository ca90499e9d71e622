"""What holds for all tests, and the databases that many of them need."""

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, make_url

from tests.databases import DATABASES, LentDatabases, migrated_database
from tests.servers import postgresql
from tests.tooling import require_postgresql

SLOW = frozenset({"browser", "contract", "corpus", "delivery"})

# Speed is measured in benchmarks/; on a busy machine a time limit only says that it is busy.
# What CI says of a commit is the same each time; elsewhere each run tries other examples.
settings.register_profile("guardia", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("guardia")

# promtool lives for seconds: a sixth of its work is collecting garbage, unless it may grow.
os.environ.setdefault("GOGC", "300")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: many tests wait for the servers that they start."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files of tests that start servers and commands evenly among the others.

    Each process of pytest begins with a piece of the list. So none is left at the end with all
    that takes long, and while some wait, others compute. The tests of a file stay together.
    """
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    slow = [tests for tests in files if not SLOW.isdisjoint(tests[0].path.parts)]
    quick = [tests for tests in files if SLOW.isdisjoint(tests[0].path.parts)]
    placed = sorted([*_places(slow), *_places(quick)], key=lambda placed: placed[0])
    items[:] = [item for _, tests in placed for item in tests]


def _places(files: list[list[pytest.Item]]) -> Iterator[tuple[float, list[pytest.Item]]]:
    """Yield each file with its place among these, from 0 to 1."""
    count, before = sum(len(tests) for tests in files), 0
    for tests in files:
        yield before / count, tests
        before += len(tests)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql(require_postgresql()) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server(postgresql_url: str) -> Iterator[Engine]:
    """The server, to make databases on."""
    engine = create_engine(
        make_url(postgresql_url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,  # a test may have made it crash
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def lent_postgresql(postgresql_server: Engine) -> LentDatabases:
    return LentDatabases(postgresql_server)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind with today's tables and no rows."""
    with migrated_database(request, tmp_path) as url:
        yield url
