"""The migrated schema is the declared one, and what is polled is indexed."""

import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, text

from router.address import Address
from router.message.model import Message, MessageKind
from router.store import migrations
from router.store.alerts import list_firing, list_holders
from router.store.backlog import (
    find_last_instant,
    find_next_decision,
    read_backlog,
)
from router.store.digests import (
    find_digest_key,
    list_carried_pages,
    list_digest,
    lock_incidents_of,
    lock_waiting_digest,
    read_asked,
)
from router.store.engine import open_engine, reading
from router.store.held import (
    list_carried,
    list_held_addresses,
    lock_held,
    postpone_held,
    record_held,
    release_held,
)
from router.store.incidents import find_last_by_key, list_incidents, record_incident
from router.store.leases import Full, claim_due_messages, find_next_message
from router.store.messages import (
    find_next_stuck_page,
    list_messages,
    list_stuck_pages,
    record_notice,
)
from router.store.migrations import upgrade
from router.store.notifications import (
    claim_notification,
    find_applied_copy,
    list_pending_notifications,
    record_notification,
)
from router.store.rejections import (
    count_told,
    find_last_rejected,
    find_untold,
    record_look,
    record_rejected,
    record_told,
)
from router.store.tables import metadata
from router.store.timers import list_due_timers
from tests.databases import DATABASES, empty_database
from tests.router.making import NOON, incident, rejection

FULL = Full(
    channels=frozenset({"email"}), addresses=frozenset({Address(channel="slack", address="#a")})
)
VERSIONS = Path(migrations.__file__).parent / "versions"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables: they are made here."""
    with empty_database(request, tmp_path) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with reading(engine) as connection:
        options = {"compare_type": True, "version_table": "schema_version"}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, metadata) == []


def test_sqlite_keeps_the_same_text_of_every_table_and_index(tmp_path: Path) -> None:
    """Also constraints and conditions of indexes, which the comparison above does not read."""
    migrated, declared = (open_engine(f"sqlite:///{tmp_path}/{name}") for name in ("a", "b"))
    upgrade(migrated)
    metadata.create_all(declared)

    try:
        assert _statements(migrated) == _statements(declared)
    finally:
        migrated.dispose()
        declared.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_keeps_the_same_columns_constraints_and_indexes(engine: Engine) -> None:
    """Also checks, defaults and conditions of indexes, which the comparison does not read."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA declared"))
        connection.execute(text("SET LOCAL search_path TO declared"))
        metadata.create_all(connection)
        declared, migrated = (_definitions(connection, name) for name in ("declared", "public"))

    assert migrated == declared
    assert any("CHECK" in one for one in migrated)
    assert any("WHERE" in one for one in migrated)


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    with reading(engine) as connection:
        found = connection.execute(text("SELECT version_num FROM schema_version")).scalars()
        assert list(found) == [max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))]


def test_a_start_on_the_newest_schema_does_not_load_what_migrates(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take longer than all else of the start."""
    monkeypatch.setitem(sys.modules, "alembic", None)  # whoever imports it gets an ImportError
    upgrade(engine)


def test_a_schema_of_a_newer_release_is_left_as_it_is(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """While replicas are replaced one by one, one of the last release may start again."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version_num = '9999'"))
    upgrade(engine)

    assert "schema 9999 is newer than this release" in caplog.text
    with reading(engine) as connection:
        kept = connection.execute(text("SELECT version_num FROM schema_version")).scalars()
        assert list(kept) == ["9999"]


def test_migrating_leaves_the_logs_as_they_were(tmp_path: Path) -> None:
    before = logging.getLogger().handlers[:]
    engine = open_engine(f"sqlite:///{tmp_path}/a")
    upgrade(engine)
    engine.dispose()
    assert logging.getLogger().handlers == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_polling_and_joining_never_read_a_whole_table(engine: Engine) -> None:
    """Nothing that a turn or a notification runs scans rows that only history fills."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def remember(_c: object, _u: object, sql: str, values: tuple[object, ...], *_: object) -> None:
        asked.append((sql, values))

    event.listen(engine, "before_cursor_execute", remember)
    with engine.begin() as connection:
        _poll(connection)
    event.remove(engine, "before_cursor_execute", remember)

    with reading(engine) as connection:
        for sql, values in [one for one in asked if one[0].startswith(("SELECT", "UPDATE"))]:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            for step in [str(row[3]) for row in plan]:
                if "SCAN" in step and "CONSTANT" not in step:
                    # Scanning a partial index reads only what waits.
                    partial = r"USING (COVERING )?INDEX ix_\w+_(pending|open|due|held|rejections)"
                    assert re.search(partial, step), (step, sql)
    assert len(asked) > 10


def _poll(connection: Connection) -> None:
    record_incident(connection, None, replace(incident(), number=None))
    page = Message(
        incident_number=1,
        kind=MessageKind.PAGE,
        address=Address(channel="pagerduty", address="ana"),
        dedup_key="test/1/1.1/ana",
    )
    record_notice(connection, page, now=NOON)
    record_notice(connection, page, now=NOON)
    notification = record_notification(connection, body=b"", content_key="key", now=NOON)
    stored = claim_notification(connection, notification)
    assert stored is not None
    find_applied_copy(connection, stored)
    record_rejected(connection, rejection())
    record_rejected(connection, rejection())
    untold = find_untold(connection)
    assert untold is not None
    record_told(connection, untold, incident=1)
    count_told(connection, 1)
    find_last_rejected(connection)
    record_look(connection, due_at=NOON, now=NOON)
    list_firing(connection, ["a", "b"])
    list_stuck_pages(connection, asked_by=NOON, limit=10)
    find_next_stuck_page(connection, asked_after=NOON)
    find_last_instant(connection)
    list_pending_notifications(connection, now=NOON, limit=10)
    list_due_timers(connection, now=NOON, limit=10)
    claim_due_messages(connection, now=NOON, lease_token="t", limit=10)
    claim_due_messages(connection, now=NOON, lease_token="u", limit=10, full=FULL)
    list_holders(connection, ["a", "b"])
    find_last_by_key(connection, "group {}")
    list_incidents(connection, open_only=True, limit=10)
    list_messages(connection, 1)
    list_held_addresses(connection, now=NOON, limit=10)
    record_held(connection, page, until=NOON)
    lock_held(connection, page.address, now=NOON)
    release_held(connection, 1, page.address, now=NOON)
    postpone_held(connection, page.address, until=NOON, now=NOON)
    list_carried(connection, 1)
    lock_waiting_digest(connection, page)
    read_asked(connection, page.address, waiting=None, but=1, now=NOON)
    find_digest_key(connection, 1)
    list_digest(connection, "test/1/digest.1/ana", to_change=True)
    list_carried_pages(connection, ["test/1/digest.1/ana"])
    lock_incidents_of(connection, "test/1/digest.1/ana")
    find_next_decision(connection)
    find_next_message(connection, [MessageKind.PAGE], now=NOON, full=FULL)
    read_backlog(connection)


def _definitions(connection: Connection, schema: str) -> list[str]:
    """Return what PostgreSQL says of a schema's tables, one sentence a column or object."""
    found = connection.execute(
        text(
            """
            SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
              FROM information_schema.columns
             WHERE table_schema = :schema AND table_name <> 'schema_version'
            UNION ALL
            SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
              FROM pg_constraint
             WHERE connamespace = CAST(:schema AS regnamespace)
               AND conrelid::regclass::text NOT LIKE '%schema_version'
            UNION ALL
            SELECT indexdef FROM pg_indexes
             WHERE schemaname = :schema AND tablename <> 'schema_version'
            """
        ),
        {"schema": schema},
    ).scalars()
    return sorted(re.sub(r"\b(declared|public)\.", "", one) for one in found)


def _statements(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        found = connection.execute(
            text(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
                " AND tbl_name <> 'schema_version' ORDER BY type, name"
            )
        ).scalars()
        return [_sorted_parts(sql) for sql in found]


def _sorted_parts(sql: str) -> str:
    """Return the columns and constraints in one order: a column added later stands behind."""
    parts = re.split(r"\s*[,\n]\s*", sql.strip().removesuffix(")"))
    return " ".join(sorted(part for part in parts if part))
