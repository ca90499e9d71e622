"""When old rows are deleted: at the start and once an hour, by a cutoff no wrong clock moves."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from router.metrics import Metrics
from router.settings import read_settings
from router.store import retention as batches
from router.store.notifications import record_applied, record_notification
from router.store.store import Store
from router.worker.repeat import REPEATED_WITHIN
from router.worker.retention import EVERY, Retention, decide_cutoff
from tests.databases import sqlite_database
from tests.router.making import NOON
from tests.router.road import HandClock
from tests.router.test_settings import ENOUGH

KEPT = timedelta(days=400)
OLD = NOON - timedelta(days=401)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  # zone next
    lambda at: at.replace(tzinfo=NOON.tzinfo)
)


@given(now=instants, last_at=instants)
def test_the_cutoff_is_a_retention_before_now_and_before_the_newest_row(
    now: datetime, last_at: datetime
) -> None:
    cutoff = decide_cutoff(now=now, last_at=last_at, retention=KEPT)
    assert cutoff is not None
    assert cutoff + KEPT <= now
    assert cutoff + KEPT <= last_at  # a clock that woke up in 2036 deletes nothing young
    assert cutoff + KEPT in (now, last_at)


def test_an_empty_store_has_no_cutoff() -> None:
    assert decide_cutoff(now=NOON, last_at=None, retention=KEPT) is None


def test_what_may_be_repeated_outlives_the_shortest_retention() -> None:
    """A copy of a notification is known by the one that was applied (G2)."""
    kept = read_settings({**ENOUGH, "GUARDIA_RETENTION": "1d"}).retention
    assert kept > REPEATED_WITHIN


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(sqlite_database(tmp_path), new_installation="test", queue_limit=100)
    yield opened
    opened.close()


def opened_retention(store: Store, clock: HandClock) -> tuple[Retention, Metrics]:
    metrics = Metrics()
    return Retention(store=store, clock=clock, metrics=metrics, retention=KEPT), metrics


def receive(store: Store, *, at: datetime, count: int = 1) -> None:
    def work(tx: Connection) -> None:
        for _ in range(count):
            number = record_notification(tx, body=b"x", content_key="key", now=at)
            record_applied(tx, number, repeated=False)

    store.write_now(work)


def deleted(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("guardia_deleted_total", {"kind": "notifications"})


async def test_it_runs_at_the_start_and_then_once_an_hour(store: Store) -> None:
    clock = HandClock()
    retention, metrics = opened_retention(store, clock)
    receive(store, at=OLD)
    receive(store, at=NOON)

    assert await retention.delete_due() == NOON + EVERY
    assert deleted(metrics) == 1

    receive(store, at=OLD)
    receive(store, at=NOON)
    clock.advance(EVERY - timedelta.resolution)
    assert await retention.delete_due() == NOON + EVERY
    assert deleted(metrics) == 1

    clock.advance(timedelta.resolution)
    await retention.delete_due()
    assert deleted(metrics) == 2


async def test_what_is_too_much_for_one_batch_is_due_again_at_once(store: Store) -> None:
    clock = HandClock()
    retention, metrics = opened_retention(store, clock)
    receive(store, at=OLD, count=batches.BATCH_ROWS + 1)
    receive(store, at=NOON)

    assert await retention.delete_due() == NOON
    assert deleted(metrics) == batches.BATCH_ROWS
    assert await retention.delete_due() == NOON + EVERY
    assert deleted(metrics) == batches.BATCH_ROWS + 1


async def test_a_clock_set_back_does_not_end_it(store: Store) -> None:
    clock = HandClock(NOON + timedelta(days=3650))
    retention, metrics = opened_retention(store, clock)
    receive(store, at=NOON - timedelta(days=399))
    receive(store, at=NOON)
    await retention.delete_due()
    assert deleted(metrics) == 0  # nothing was written by the wrong clock yet

    clock.now = NOON + timedelta(days=2)
    receive(store, at=clock.now)
    await retention.delete_due()
    assert deleted(metrics) == 1
