"""A stored notification is looked at beside a running router, which notices nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from router.store.engine import open_engine
from router.store.migrations import upgrade
from router.store.notifications import record_notification
from router.store.read_only import ReceivedBody, UnreadableStoreError, read_notification
from tests.databases import DATABASES, empty_database
from tests.router.making import NOON


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    with empty_database(request, tmp_path) as url:
        yield url


def test_it_is_found_as_it_came_while_another_writes(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as tx:
        number = record_notification(tx, body=b"\xff\0{", content_key="key", now=NOON)
    with engine.begin() as tx:
        unseen = record_notification(tx, body=b"", content_key="key", now=NOON)
        found = read_notification(database_url, number)
        missing = read_notification(database_url, unseen)
    engine.dispose()

    assert found == ReceivedBody(received_at=NOON, body=b"\xff\0{")
    assert missing is None


def test_a_database_without_tables_is_told_so_and_gets_none(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin():
        pass  # SQLite makes its file

    with pytest.raises(UnreadableStoreError, match="cannot read the database: .*notifications"):
        read_notification(database_url, 1)

    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_no_file_is_told_so_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnreadableStoreError, match="there is no database"):
        read_notification(f"sqlite:///{tmp_path}/guardia.db", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_is_a_sentence_without_the_password() -> None:
    with pytest.raises(UnreadableStoreError) as raised:
        read_notification("postgresql://guardia:secret@127.0.0.1:1/guardia", 1)
    assert "cannot read the database: " in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
