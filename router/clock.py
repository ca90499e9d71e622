"""The present instant, from a clock that nobody can set back."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SteadyClock:
    """Gives UTC instants that never run backwards nor stand still.

    The later of the wall clock and of what was given last plus the time that
    truly passed. So a wall clock that is set back delays no timer, and the
    store's instants stay in order.
    """

    def __init__(
        self,
        *,
        wall_seconds: Callable[[], float],
        monotonic_seconds: Callable[[], float],
        not_before: datetime | None = None,
    ) -> None:
        """`not_before` is the last instant the store knows, from before a restart."""
        self._wall_seconds = wall_seconds
        self._monotonic_seconds = monotonic_seconds
        self._lock = threading.Lock()
        self._last = self._wall()
        if not_before is not None:
            self._last = max(self._last, not_before)
        self._last_monotonic = monotonic_seconds()

    def __call__(self) -> datetime:
        """Return the present instant."""
        with self._lock:
            monotonic = self._monotonic_seconds()
            passed = timedelta(seconds=monotonic - self._last_monotonic)
            self._last = max(self._wall(), self._last + passed)
            self._last_monotonic = monotonic
            return self._last

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self._wall_seconds(), UTC)
