"""Rejections and the look that tells people of them, on each database (G3)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import monotonic

import pytest
from sqlalchemy import Connection, Engine, insert, text

from router.store.column_types import Instant
from router.store.engine import open_engine, reading
from router.store.migrations import upgrade
from router.store.notifications import (
    claim_notification,
    list_pending_notifications,
    record_applied,
)
from router.store.rejections import (
    count_told,
    find_last_rejected,
    find_rejected_body,
    find_untold,
    list_rejected,
    record_look,
    record_rejected,
    record_told,
)
from router.store.tables import rejected
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import NOON, minutes, rejection

DAY = timedelta(hours=24)
HOSTILE = "\0'; DROP TABLE rejected; --\ud800"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


def pending(tx: Connection, *, now: datetime) -> list[int]:
    return list_pending_notifications(tx, now=now, limit=10)


def due(engine: Engine) -> list[datetime]:
    with reading(engine) as connection:
        rows = connection.execute(
            text("SELECT due_at FROM notifications WHERE state = 'pending' ORDER BY due_at")
        )
        instants = [Instant().process_result_value(row.due_at, engine.dialect) for row in rows]
    return [instant for instant in instants if instant is not None]


def look(engine: Engine, *, now: datetime) -> None:
    """Do what the worker does, for the incident 1."""
    with engine.begin() as tx:
        for number in pending(tx, now=now):
            assert claim_notification(tx, number) is not None
            record_applied(tx, number, repeated=False)
        untold = find_untold(tx)
        if untold is not None:
            record_told(tx, untold, incident=1)
        record_look(tx, due_at=now + DAY, now=now)


def test_it_comes_back_as_it_was_kept(engine: Engine) -> None:
    with engine.begin() as tx:
        number = record_rejected(
            tx, rejection(HOSTILE, body=b"\0\xff", user_agent=HOSTILE, size_bytes=70)
        )
        (listed,) = list_rejected(tx, limit=10)
        assert find_rejected_body(tx, number) == b"\0\xff"
        assert find_rejected_body(tx, number + 1) is None
    assert (listed.number, listed.received_at) == (number, NOON)
    assert (listed.size_bytes, listed.kept_bytes) == (70, 2)
    assert (listed.address, listed.incident_number) == ("198.51.100.7", None)
    assert "DROP TABLE" in listed.reason


def test_the_list_goes_on_below_a_number(engine: Engine) -> None:
    with engine.begin() as tx:
        first, second, third = (record_rejected(tx, rejection()) for _ in range(3))
        pages = [list_rejected(tx, limit=1, before=one) for one in (None, third, second, first)]
    assert [[one.number for one in page] for page in pages] == [[third], [second], [first], []]


def test_what_an_older_release_writes_is_listed_and_told_too(engine: Engine) -> None:
    with engine.begin() as tx:
        tx.execute(insert(rejected).values(received_at=NOON, body=b"abc", reason="old"))
        (listed,) = list_rejected(tx, limit=10)
        untold = find_untold(tx)
    assert (listed.size_bytes, listed.kept_bytes, listed.address) == (3, 3, None)
    assert untold is not None
    assert (untold.count, untold.last_address) == (1, "")


def test_the_first_is_told_at_once_and_the_next_a_minute_after_the_look(engine: Engine) -> None:
    def reject(at: datetime) -> None:
        with engine.begin() as tx:
            record_rejected(tx, rejection(received_at=at))

    reject(NOON)
    reject(NOON)
    assert due(engine) == [NOON]
    look(engine, now=NOON)
    assert due(engine) == [NOON + DAY]

    reject(NOON + minutes(0.25))
    reject(NOON + minutes(0.5))
    assert due(engine) == [NOON + minutes(1)]
    look(engine, now=NOON + minutes(1))

    reject(NOON + minutes(9))
    assert due(engine) == [NOON + minutes(9)]


def test_a_clock_that_was_wrong_holds_nothing_up_for_longer_than_the_minute(
    engine: Engine,
) -> None:
    with engine.begin() as tx:
        record_look(tx, due_at=NOON + 9 * DAY, now=NOON + 8 * DAY)
        record_rejected(tx, rejection(received_at=NOON))
    assert due(engine) == [NOON + minutes(1)]


def test_one_look_waits_at_a_time(engine: Engine) -> None:
    with engine.begin() as tx:
        record_look(tx, due_at=NOON + minutes(5), now=NOON)
        record_look(tx, due_at=NOON + DAY, now=NOON)
    assert due(engine) == [NOON + minutes(5)]


def test_told_is_told_and_counted_for_its_incident(engine: Engine) -> None:
    with engine.begin() as tx:
        assert find_untold(tx) is None
        assert find_last_rejected(tx) is None
        record_rejected(tx, rejection("first"))
        record_rejected(tx, rejection("second", received_at=NOON + minutes(1)))
        untold = find_untold(tx)
        assert untold is not None
        assert (untold.count, untold.first_at, untold.last_reason) == (2, NOON, "second")

        record_rejected(tx, rejection("third", received_at=NOON + minutes(2)))
        record_told(tx, untold, incident=7)

        later = find_untold(tx)
        assert later is not None
        assert (later.count, later.last_reason) == (1, "third")
        assert (count_told(tx, 7), count_told(tx, 8)) == (2, 0)
        assert find_last_rejected(tx) == NOON + minutes(2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_comes_while_a_worker_looks_is_told_by_the_next_look(engine: Engine) -> None:
    def reject() -> None:
        with engine.begin() as tx:
            record_rejected(tx, rejection("while it looks"))

    with engine.begin() as tx:
        record_rejected(tx, rejection("before"))
    with ThreadPoolExecutor(1) as pool, engine.connect() as looking:
        (number,) = pending(looking, now=NOON)
        assert claim_notification(looking, number) is not None
        rejecting = pool.submit(reject)
        _wait_for_lock(engine)
        untold = find_untold(looking)
        assert untold is not None
        record_told(looking, untold, incident=1)
        record_applied(looking, number, repeated=False)
        record_look(looking, due_at=NOON + DAY, now=NOON)
        looking.commit()
        rejecting.result(PATIENCE_SECONDS)

    with reading(engine) as connection:
        left = find_untold(connection)
        assert left is not None
        assert (left.count, left.last_reason) == (1, "while it looks")
        assert pending(connection, now=NOON + minutes(1)) != []


def _wait_for_lock(engine: Engine) -> None:
    """Return as soon as some session waits for another's lock."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    until = monotonic() + PATIENCE_SECONDS
    while monotonic() < until:
        with reading(engine) as connection:
            if connection.execute(waiting).scalar():
                return
    raise AssertionError("nobody waits")
