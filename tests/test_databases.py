"""What a test leaves in PostgreSQL's database does not reach the one that gets it next."""

import pytest
from sqlalchemy import insert, select, text

from router.store.engine import open_engine
from router.store.tables import metadata, overrides
from tests.databases import LentDatabases
from tests.router.making import NOON

ANOTHER = (
    "ALTER TABLE audit RENAME COLUMN actor TO rank",
    "DROP TABLE events",
    "ALTER TABLE incidents ADD CONSTRAINT few CHECK (number < 10)",
    "UPDATE schema_version SET version_num = '9999'",
)

OVERRIDE = insert(overrides).values(
    schedule="primary", person="ana", starts_at=NOON, ends_at=NOON, reason="",
    created_at=NOON, created_by="ana",
)  # fmt: skip


def test_rows_are_gone_and_numbers_begin_anew(lent_postgresql: LentDatabases) -> None:
    numbers = []
    for _ in range(2):
        with lent_postgresql.lend() as url:
            engine = open_engine(url)
            with engine.begin() as tx:
                for table in metadata.sorted_tables:
                    assert tx.execute(select(table)).first() is None, table.name
                numbers.append(tx.execute(OVERRIDE.returning(overrides.c.id)).scalar())
            engine.dispose()
    assert numbers == [1, 1]


def test_who_has_not_let_go_is_cut_off(lent_postgresql: LentDatabases) -> None:
    with lent_postgresql.lend() as url:
        engine = open_engine(url)
        holding = engine.connect()
        holding.execute(text("SELECT pg_advisory_lock(1)"))
        holding.commit()
    with lent_postgresql.lend() as again:
        assert again == url
        other = open_engine(again)
        with other.connect() as connection:
            assert connection.execute(text("SELECT pg_try_advisory_lock(1)")).scalar()
        other.dispose()
    holding.invalidate()
    engine.dispose()


@pytest.mark.parametrize("change", ANOTHER)
def test_a_database_of_another_schema_is_lent_to_nobody(
    lent_postgresql: LentDatabases, change: str
) -> None:
    with lent_postgresql.lend() as url:
        engine = open_engine(url)
        with engine.begin() as tx:
            tx.execute(text(change))
        engine.dispose()
    with lent_postgresql.lend() as other:
        assert other != url
