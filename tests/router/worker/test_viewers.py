"""People who look at pages, in whatever number, never let the one wait who is to be woken."""

import asyncio
import threading

from sqlalchemy import Connection

from router.store.store import VIEWERS
from tests.router.making import minutes
from tests.router.road import Road, firing


async def test_paging_waits_for_nobody_who_looks_at_pages(road: Road) -> None:
    release, looking = threading.Event(), threading.Semaphore(0)

    def look(_tx: Connection) -> None:
        looking.release()
        assert release.wait(60)

    viewers = [asyncio.create_task(road.store.read(look, seconds=60)) for _ in range(30)]
    try:
        for _ in range(VIEWERS):
            assert await asyncio.to_thread(looking.acquire, timeout=20)

        # A read that waited behind them would be given up, and the step with it.
        await road.receive(firing())
        await road.pass_time(minutes(15))

        assert road.woken() == ["ana", "ben"]
    finally:
        release.set()
    await asyncio.gather(*viewers)
