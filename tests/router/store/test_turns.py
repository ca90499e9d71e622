"""Routers that share a database write by turns: two of them wait for each other in no circle."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from sqlalchemy import Connection, Engine, text

from router.store import writer
from router.store.engine import open_engine
from router.store.turns import take_turn
from router.store.writer import Writer
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.store.batches import blocked_writer

POLL_SECONDS = 0.02

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a batch be one however long a busy machine takes for it."""
    monkeypatch.setattr("router.store.writer.BATCH_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    with opened.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT * FROM (VALUES ('a'), ('b')) v(word)"))
    yield opened
    opened.dispose()


class Lock:
    """Locks a row, once it may, and says so; counts how often it ran."""

    def __init__(self, word: str, *, may: Callable[[], object] = lambda: None) -> None:
        self.word = word
        self.may = may
        self.runs = 0
        self.has_it = threading.Event()

    def __call__(self, tx: Connection) -> None:
        self.runs += 1
        self.may()
        tx.execute(text("SELECT * FROM kept WHERE word = :word FOR UPDATE"), {"word": self.word})
        self.has_it.set()


def has_turn(tx: Connection) -> bool:
    own = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    return bool(tx.execute(text(own)).scalar())


def lock_timeout(tx: Connection) -> object:
    return tx.execute(text("SHOW lock_timeout")).scalar()


def waits_for_turn(engine: Engine) -> bool:
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with engine.connect() as connection:
        return bool(connection.execute(text(waiting)).scalar())


def as_batch(engine: Engine, *works: Callable[[Connection], object]) -> list[object]:
    """Return what works result in that a writer commits together."""
    one, release = blocked_writer(engine)
    futures = [one.submit(work) for work in works]
    release.set()
    results = [future.result(PATIENCE_SECONDS) for future in futures]
    one.close()
    return results


def test_batches_that_lock_the_same_in_opposite_order_run_once_each(engine: Engine) -> None:
    """Each has its first row before the other asks for it, unless it has to wait for its turn."""
    first_a, first_b = Lock("a"), Lock("b")

    def wait_for_the_other() -> None:
        deadline = monotonic() + PATIENCE_SECONDS
        while not first_b.has_it.wait(POLL_SECONDS) and not waits_for_turn(engine):
            assert monotonic() < deadline, "the other neither has its row nor waits"

    then_b = Lock("b", may=wait_for_the_other)
    then_a = Lock("a", may=lambda: first_a.has_it.wait(PATIENCE_SECONDS))
    (one, release_one), (other, release_other) = blocked_writer(engine), blocked_writer(engine)
    futures = [one.submit(first_a), one.submit(then_b), other.submit(first_b), other.submit(then_a)]
    release_one.set()
    assert first_a.has_it.wait(PATIENCE_SECONDS)
    release_other.set()

    for future in futures:
        future.result(PATIENCE_SECONDS)
    assert [work.runs for work in (first_a, then_b, first_b, then_a)] == [1, 1, 1, 1]
    one.close()
    other.close()


def test_a_router_that_stands_still_with_its_turn_stops_no_other(engine: Engine) -> None:
    with engine.begin() as standing_still:
        take_turn(standing_still)

        assert as_batch(engine, has_turn, lock_timeout) == [False, "5s"]


def test_a_turn_ends_with_its_batch_and_leaves_the_works_their_patience(engine: Engine) -> None:
    for _ in range(2):
        assert as_batch(engine, has_turn, lock_timeout) == [True, "5s"]


def test_a_work_alone_waits_for_nobodys_turn_until_it_had_to_give_way(engine: Engine) -> None:
    had: list[bool] = []

    def give_way(tx: Connection) -> None:
        had.append(has_turn(tx))
        if len(had) == 1:
            tx.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))

    one = Writer(engine, limit=10)
    one.submit(give_way).result(PATIENCE_SECONDS)
    one.close()

    assert had == [False, True]


def test_a_turn_that_the_servers_patience_ends_is_gone_without(engine: Engine) -> None:
    def impatient(connection: Connection) -> None:
        connection.execute(text("SET LOCAL statement_timeout = '100ms'"))
        take_turn(connection)

    with engine.begin() as standing_still, engine.begin() as other:
        take_turn(standing_still)
        impatient(other)

        assert not has_turn(other)


def test_where_no_turn_can_be_taken_each_work_of_a_batch_runs_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(connection: Connection) -> None:
        connection.execute(text("DO $$ BEGIN RAISE insufficient_privilege; END $$"))

    monkeypatch.setattr(writer, "take_turn", refuse)

    assert as_batch(engine, has_turn, lock_timeout) == [False, "5s"]
