"""A commit means that it is on disk (G1): what each database is told, as it says itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from router.store.engine import open_engine
from tests.databases import DATABASES, empty_database


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that nobody has set up: SQLite keeps its journal mode in the file."""
    with empty_database(request, tmp_path) as url:
        yield url


def test_a_commit_waits_for_the_disk(database_url: str) -> None:
    engine = open_engine(database_url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                # 2 is FULL; SQLite documentation, "PRAGMA synchronous".
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            else:
                assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    finally:
        engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_stands_still_within_a_transaction_loses_it(database_url: str) -> None:
    """Else a replica that is frozen or cut off would keep its locks for hours."""
    engine = open_engine(database_url)
    try:
        with engine.begin() as connection:
            shown = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    finally:
        engine.dispose()
    assert shown == "10s"
