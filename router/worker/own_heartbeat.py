"""When the router tells the world outside that it works, and when it does not (G10)."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from router.channels.monitor import Beat, Monitor
from router.logs import context
from router.metrics import Metrics
from router.store.backlog import Backlog, read_backlog
from router.store.store import Store

LATELY: Final = timedelta(minutes=1)  # a worker that has nothing to do turns every 5 s
MOST_OVERDUE: Final = timedelta(minutes=1)
AGAIN_AFTER: Final = timedelta(seconds=10)  # when none was sent
JUST_BEGUN: Final = timedelta(seconds=1)  # the worker's first turn is under way
STORE_SECONDS: Final = 5.0

logger = logging.getLogger(__name__)


class OwnHeartbeatPorts(Protocol):
    """What the own heartbeat needs of the worker's ports."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def monitor(self) -> Monitor | None: ...  # None: nobody outside waits for it
    @property
    def beat_every(self) -> timedelta: ...


def find_obstacle(backlog: Backlog, *, turned_at: datetime | None, now: datetime) -> str | None:
    """Return why the router does not truly work, or None when it does."""
    if turned_at is None or now - turned_at > LATELY:
        return "the worker has not done its turn for a minute"
    for name, waiting in backlog.queues():
        due_at = waiting.first_due_at
        if due_at is not None and now - due_at > MOST_OVERDUE:
            return f"{name} are overdue by {(now - due_at).total_seconds():.0f} s"
    return None


class OwnHeartbeat:
    """Beats while all is well. It only reads, and writes what changes nothing."""

    def __init__(
        self, ports: OwnHeartbeatPorts, *, turned_at: Callable[[], datetime | None]
    ) -> None:
        """`turned_at` tells when the worker last did all that was due."""
        self._ports = ports
        self._turned_at = turned_at
        self._began_at: datetime | None = None
        self._due_at: datetime | None = None
        self._outcome = Beat.SENT
        self.wake = asyncio.Event()

    async def beat_due(self) -> datetime | None:
        """Beat when it is time; return when to call again."""
        if self._ports.monitor is None:
            return None
        now, every = self._ports.clock(), self._ports.beat_every
        self._began_at = self._began_at or now
        if self._turned_at() is None and timedelta() <= now - self._began_at < LATELY:
            return now + JUST_BEGUN
        # Not later than one interval ahead: the clock may have been set back.
        if self._due_at is not None and now < self._due_at <= now + every:
            return self._due_at
        outcome, detail = await self._beat(self._ports.monitor)
        self._show(outcome, detail)
        if outcome is Beat.SENT:
            self._ports.metrics.beat_at.set(now.timestamp())
        self._due_at = now + (every if outcome is Beat.SENT else min(AGAIN_AFTER, every))
        return self._due_at

    async def _beat(self, monitor: Monitor) -> tuple[Beat, str]:
        try:
            obstacle = await self._find_obstacle()
        except Exception as error:
            # Whatever it is: a store that does not do this does not do its work.
            obstacle = f"the store is not writable: {type(error).__name__}"
        return await monitor.beat() if obstacle is None else (Beat.WITHHELD, obstacle)

    async def _find_obstacle(self) -> str | None:
        store = self._ports.store
        await store.check_writing(seconds=STORE_SECONDS)
        backlog = await store.read_to_page(read_backlog, seconds=STORE_SECONDS)
        return find_obstacle(backlog, turned_at=self._turned_at(), now=self._ports.clock())

    def _show(self, outcome: Beat, detail: str) -> None:
        """Count each, and log where it changes: an outage of an hour is two lines."""
        self._ports.metrics.beats.labels(outcome.value).inc()
        if outcome is not self._outcome:
            level = logging.INFO if outcome is Beat.SENT else logging.ERROR
            extra = context(outcome=outcome.value, detail=detail)
            logger.log(level, "the router's own heartbeat: %s", outcome.value, extra=extra)
        self._outcome = outcome
