"""Notifications that come at once share a write; none pays for another's fault."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.exc import IntegrityError

from router.store.notifications import ReceivedNotification
from router.store.store import Store
from router.store.tables import notifications
from router.store.writer import StoreBusyError
from router.web.webhooks.arrivals import MOST_BYTES, Arrivals
from tests.router.making import NOON


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, new_installation="test", queue_limit=100)
    yield opened
    opened.close()


def received(key: str, body: bytes = b"{}") -> ReceivedNotification:
    return ReceivedNotification(received_at=NOON, content_key=key, body=body)


def kept(store: Store) -> dict[int, tuple[str, bytes]]:
    statement = select(notifications.c.id, notifications.c.content_key, notifications.c.body)
    rows = store.read_now(lambda tx: tx.execute(statement).all())
    return {row.id: (row.content_key, row.body) for row in rows}


@contextmanager
def insertions(store: Store) -> Iterator[list[str]]:
    """Count the statements that put rows into the table."""
    seen: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO notifications"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def held_up(store: Store) -> Iterator[None]:
    """Let no write begin within."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        begun.set()
        assert go_on.wait(30)

    store.write_soon(hold)
    assert begun.wait(30)
    try:
        yield
    finally:
        go_on.set()


@contextmanager
def soon_given_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what comes within not wait for long; what comes later may need longer to be written."""
    with monkeypatch.context() as patched:
        patched.setattr("router.web.webhooks.arrivals.WAIT_SECONDS", 0.05)
        yield


async def soon(arrivals: Arrivals, *these: ReceivedNotification) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(arrivals.store(one)) for one in these]
    for _ in range(3):
        await asyncio.sleep(0)  # so that each has begun
    return tasks


async def test_each_is_answered_with_its_own_row(store: Store) -> None:
    arrivals = Arrivals(store, limit=1000)
    these = [received(f"key-{n}", b"body %d" % n) for n in range(600)]

    with insertions(store) as statements:
        numbers = await asyncio.gather(*(arrivals.store(one) for one in these))

    found = kept(store)
    assert [found[number] for number in numbers] == [(one.content_key, one.body) for one in these]
    assert numbers == sorted(numbers)
    assert len(statements) <= 4  # 600 at no more than 256 a write, and the first perhaps alone


async def test_copies_that_come_at_once_are_all_kept(store: Store) -> None:
    arrivals = Arrivals(store, limit=1000)

    numbers = await asyncio.gather(*(arrivals.store(received("key")) for _ in range(5)))

    assert set(numbers) == set(kept(store))
    assert len(set(numbers)) == 5


async def test_one_that_the_database_refuses_fails_alone(store: Store) -> None:
    arrivals = Arrivals(store, limit=100)
    bad = ReceivedNotification(received_at=NOON, content_key=None, body=b"{}")  # type: ignore[arg-type]
    with held_up(store):
        tasks = await soon(arrivals, received("one"), received("two"), bad, received("three"))

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(results[2], IntegrityError)
    assert [key for key, _ in kept(store).values()] == ["one", "two", "three"]
    found = kept(store)
    assert [found[number][0] for number in results if isinstance(number, int)] == [
        "one",
        "two",
        "three",
    ]


async def test_more_than_may_wait_are_refused_at_once_and_the_others_are_kept(store: Store) -> None:
    arrivals = Arrivals(store, limit=2)
    with held_up(store):
        first = await soon(arrivals, received("first"))
        waiting = await soon(arrivals, received("second"), received("third"))
        with pytest.raises(StoreBusyError, match="2 notifications are waiting"):
            await arrivals.store(received("fourth"))

    await asyncio.gather(*first, *waiting)
    assert [key for key, _ in kept(store).values()] == ["first", "second", "third"]
    assert await arrivals.store(received("fourth")) in kept(store)


async def test_all_are_refused_in_time_by_a_database_that_does_not_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.store.store.WAIT_SECONDS", 60.0)  # only their own time counts
    arrivals = Arrivals(store, limit=100)
    with held_up(store), soon_given_up(monkeypatch):
        tasks = await soon(arrivals, received("first"), received("second"))
        tasks += await soon(arrivals, received("third"))
        results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(one) for one in results] == [StoreBusyError] * 3
    assert await arrivals.store(received("later")) in kept(store)


async def test_what_was_given_up_before_its_write_began_is_not_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = Arrivals(store, limit=100)
    with held_up(store), soon_given_up(monkeypatch):
        tasks = await soon(arrivals, received("first"))
        tasks += await soon(arrivals, received("second"))
        await asyncio.gather(*tasks, return_exceptions=True)

    await arrivals.store(received("later"))
    assert [key for key, _ in kept(store).values()] == ["first", "later"]


async def test_all_are_refused_in_time_when_each_is_written_alone_and_slowly(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PostgreSQL does while another session holds the table: each waits for its own lock."""
    monkeypatch.setattr("router.web.webhooks.arrivals.WAIT_SECONDS", 1.0)
    writes: list[int] = []

    async def slowly(work: partial[list[int]], *, refusable: bool) -> list[int]:
        writes.append(len(work.keywords["received"]))
        await asyncio.sleep(0.25 if len(writes) > 1 else 0)
        raise ValueError("this one cannot be written")

    monkeypatch.setattr(store, "write", slowly)
    arrivals = Arrivals(store, limit=100)
    tasks = await soon(arrivals, *(received(f"key-{n}") for n in range(50)))
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)

    assert writes[0] == 50
    assert len(writes) < 6
    assert {type(one) for one in results} == {ValueError, StoreBusyError}


async def test_a_closed_store_refuses_all(store: Store) -> None:
    arrivals = Arrivals(store, limit=100)
    store.close()

    tasks = await soon(arrivals, received("first"), received("second"))
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(one) for one in results] == [StoreBusyError] * 2


async def test_a_request_that_is_given_up_holds_up_no_other(store: Store) -> None:
    arrivals = Arrivals(store, limit=100)
    with held_up(store):
        given_up, other = await soon(arrivals, received("one"), received("two"))
        given_up.cancel()

    assert await other in kept(store)


async def test_large_bodies_are_written_few_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_BYTES >= 32 * 1024 * 1024  # the largest body of the settings' default
    monkeypatch.setattr("router.web.webhooks.arrivals.MOST_BYTES", 100)
    arrivals = Arrivals(store, limit=100)

    with insertions(store) as statements:
        with held_up(store):
            tasks = await soon(arrivals, *(received(f"key-{n}", b"x" * 60) for n in range(4)))
        await asyncio.gather(*tasks)

    assert len(statements) == 4
    assert len(kept(store)) == 4
