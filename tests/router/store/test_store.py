"""Who looks at pages and who pages people read by threads of their own."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from router.store.store import VIEWERS, Store
from router.store.writer import StoreBusyError
from tests.fakes.serving import PATIENCE_SECONDS


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, new_installation="test", queue_limit=100)
    yield opened
    opened.close()


def count(tx: Connection) -> int:
    return int(tx.execute(text("SELECT count(*) FROM incidents")).scalar_one())


async def test_readers_of_pages_hold_up_each_other_and_not_the_worker(store: Store) -> None:
    release, looking = threading.Event(), threading.Semaphore(0)

    def look(tx: Connection) -> int:
        looking.release()
        assert release.wait(PATIENCE_SECONDS)
        return count(tx)

    viewers = [asyncio.create_task(store.read(look)) for _ in range(10 * VIEWERS)]
    try:
        for _ in range(VIEWERS):
            assert await asyncio.to_thread(looking.acquire, timeout=PATIENCE_SECONDS)

        assert await store.read_to_page(count, seconds=PATIENCE_SECONDS / 2) == 0
        assert await store.read_to_watch(count, seconds=PATIENCE_SECONDS / 2) == 0
        assert await store.write(count) == 0
        with pytest.raises(StoreBusyError):
            await store.read(count, seconds=0.1)
        assert not looking.acquire(blocking=False), "no more than VIEWERS look at once"
    finally:
        release.set()
    assert await asyncio.gather(*viewers) == [0] * len(viewers)
    assert await store.read(count) == 0


async def test_what_watches_holds_up_itself_and_not_the_worker(store: Store) -> None:
    release, watching = threading.Event(), threading.Event()

    def watch(tx: Connection) -> int:
        watching.set()
        assert release.wait(PATIENCE_SECONDS)
        return count(tx)

    watchers = [asyncio.create_task(store.read_to_watch(watch)) for _ in range(100)]
    try:
        assert await asyncio.to_thread(watching.wait, PATIENCE_SECONDS)

        assert await store.read_to_page(count, seconds=PATIENCE_SECONDS / 2) == 0
        assert await store.read(count, seconds=PATIENCE_SECONDS / 2) == 0
        with pytest.raises(StoreBusyError):
            await store.read_to_watch(count, seconds=0.1)
    finally:
        release.set()
    assert await asyncio.gather(*watchers) == [0] * len(watchers)


async def test_a_closed_store_says_so_to_all(store: Store) -> None:
    store.close()

    for read in (store.read, store.read_to_page, store.read_to_watch):
        with pytest.raises(StoreBusyError):
            await read(count)
