"""Group commit: what a resolved future promises, and that nobody pays for another's fault."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError

from router.store.engine import open_engine, reading
from router.store.writer import REPEATS, StoreBusyError, WorkFailedError, Writer
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.store.batches import blocked_writer


@pytest.fixture(autouse=True)
def _one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a batch be one however long a busy machine takes for it."""
    monkeypatch.setattr("router.store.writer.BATCH_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    with opened.begin() as connection:
        connection.execute(text("CREATE TABLE kept (word TEXT UNIQUE)"))
    yield opened
    opened.dispose()


def keep(word: str) -> "Work":
    return Work(word)


class Work:
    """Keeps a word; counts how often it ran."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.runs = 0

    def __call__(self, tx: Connection) -> str:
        self.runs += 1
        tx.execute(text("INSERT INTO kept VALUES (:word)"), {"word": self.word})
        return self.word


def words(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return sorted(connection.execute(text("SELECT word FROM kept")).scalars())


def test_what_is_resolved_is_committed(engine: Engine) -> None:
    writer = Writer(engine, limit=10)

    assert writer.submit(keep("one")).result(PATIENCE_SECONDS) == "one"

    assert words(engine) == ["one"]
    writer.close()


def test_nothing_is_resolved_before_its_commit(engine: Engine) -> None:
    writer, release = blocked_writer(engine)
    waiting: list[Future[str]] = [writer.submit(keep(word)) for word in ("one", "two")]
    resolved: list[bool] = []

    @event.listens_for(engine, "commit")  # right before the database is told
    def look(_connection: Connection) -> None:
        resolved.extend(future.done() for future in waiting)

    assert not any(future.done() for future in waiting)
    assert words(engine) == []

    release.set()
    assert [future.result(PATIENCE_SECONDS) for future in waiting] == ["one", "two"]
    writer.close()
    assert resolved
    assert not any(resolved)


def test_a_batch_that_takes_long_is_committed_in_parts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.store.writer.BATCH_SECONDS", 0)
    writer, release = blocked_writer(engine)
    seen: list[list[str]] = []
    futures: list[Future[object]] = [writer.submit(keep("one"))]

    def look(_tx: Connection) -> None:
        futures[0].result(PATIENCE_SECONDS)
        seen.append(words(engine))

    futures += [writer.submit(look), writer.submit(keep("two"))]
    release.set()

    assert futures[2].result(PATIENCE_SECONDS) == "two"
    assert seen == [["one"]]
    writer.close()


def test_a_bad_work_fails_alone(engine: Engine) -> None:
    writer, release = blocked_writer(engine)
    works = [keep("one"), keep("same"), keep("same"), keep("two")]
    futures = [writer.submit(work) for work in works]
    release.set()

    assert futures[0].result(PATIENCE_SECONDS) == "one"
    assert futures[3].result(PATIENCE_SECONDS) == "two"
    with pytest.raises(Exception, match="UNIQUE|unique"):
        futures[2].result(PATIENCE_SECONDS)
    assert words(engine) == ["one", "same", "two"]
    assert [work.runs for work in works] == [2, 2, 2, 1]
    writer.close()


def test_a_full_queue_refuses_notifications_but_not_the_worker(engine: Engine) -> None:
    writer, release = blocked_writer(engine, limit=2)
    for word in ("one", "two"):
        writer.submit(keep(word), refusable=True)

    with pytest.raises(StoreBusyError):
        writer.submit(keep("three"), refusable=True)
    step = writer.submit(keep("step"))

    release.set()
    assert step.result(PATIENCE_SECONDS) == "step"
    writer.close()
    assert words(engine) == ["one", "step", "two"]


def test_closing_commits_what_was_taken_and_takes_nothing_more(engine: Engine) -> None:
    writer, release = blocked_writer(engine)
    taken = writer.submit(keep("one"))
    release.set()

    writer.close()

    assert taken.result(0) == "one"
    with pytest.raises(StoreBusyError):
        writer.submit(keep("two"))


def test_what_is_cancelled_before_it_runs_is_not_kept(engine: Engine) -> None:
    writer, release = blocked_writer(engine)
    gone, other = writer.submit(keep("gone")), writer.submit(keep("other"))

    assert gone.cancel()
    release.set()

    other.result(PATIENCE_SECONDS)
    assert words(engine) == ["other"]
    writer.close()


def test_a_locked_database_fails_all_that_wait_at_once(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/locked.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (word TEXT UNIQUE)"))
    other = sqlite3.connect(tmp_path / "locked.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer = Writer(engine, limit=10)
    futures = [writer.submit(keep(str(number))) for number in range(4)]

    # The first may be a batch of its own: two waits of 5 s at most, not four.
    assert all("locked" in str(future.exception(12)) for future in futures)

    other.close()
    writer.close()
    engine.dispose()


def test_a_work_that_raises_what_ends_threads_ends_no_writer(engine: Engine) -> None:
    writer = Writer(engine, limit=10)

    def leave(_tx: Connection) -> None:
        raise SystemExit

    with pytest.raises(WorkFailedError, match="SystemExit"):
        writer.submit(leave).result(PATIENCE_SECONDS)
    assert writer.submit(keep("one")).result(PATIENCE_SECONDS) == "one"
    writer.close()


def test_a_writer_that_ends_says_so_and_leaves_nobody_waiting(engine: Engine) -> None:
    ended = threading.Event()
    writer = Writer(engine, limit=10, on_end=ended.set)
    futures: list[Future[None]] = []
    ready = threading.Event()

    def spoil(_tx: Connection) -> None:
        assert ready.wait(PATIENCE_SECONDS)
        futures[0].set_result(None)  # the writer cannot resolve what is resolved

    futures.append(writer.submit(spoil))
    waiting = writer.submit(keep("one"))
    ready.set()

    assert ended.wait(PATIENCE_SECONDS)
    with pytest.raises(StoreBusyError):
        waiting.result(PATIENCE_SECONDS)
    with pytest.raises(StoreBusyError):
        writer.submit(keep("two"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("state", ["40P01", "40001"])  # a deadlock; two that cannot both be first
@pytest.mark.parametrize("of_batch", [1, 3])
def test_a_work_that_gave_way_to_another_transaction_is_repeated(
    engine: Engine, state: str, of_batch: int
) -> None:
    writer, release = blocked_writer(engine)
    works = [GivesWay(str(number), state=state, times=2) for number in range(of_batch)]
    futures = [writer.submit(work) for work in works]
    release.set()

    assert [future.result(PATIENCE_SECONDS) for future in futures] == words(engine)
    writer.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_work_that_always_gives_way_fails_in_the_end_and_holds_nobody_up(engine: Engine) -> None:
    writer = Writer(engine, limit=10)
    hopeless = GivesWay("never", state="40P01", times=1000)
    lost, kept = writer.submit(hopeless), writer.submit(keep("one"))

    with pytest.raises(OperationalError):
        lost.result(PATIENCE_SECONDS)
    assert kept.result(PATIENCE_SECONDS) == "one"
    assert REPEATS < hopeless.runs <= 2 * REPEATS
    assert words(engine) == ["one"]
    writer.close()


class GivesWay(Work):
    """Fails in the database the first times, as if another transaction had been in its way."""

    def __init__(self, word: str, *, state: str, times: int) -> None:
        super().__init__(word)
        self.state = state
        self.times = times

    def __call__(self, tx: Connection) -> str:
        kept = super().__call__(tx)
        if self.runs <= self.times:
            tx.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{self.state}'; END $$"))
        return kept
