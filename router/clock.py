"""The present instant, from a clock that small steps of the wall clock do not set back."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

LONGEST_LEAD: Final = timedelta(minutes=2)


class SteadyClock:
    """Gives UTC instants that neither run backwards nor stand still, within reason.

    The later of the wall clock and of what was given last plus the time that
    truly passed. So a wall clock that is set back a little delays no timer,
    and the store's instants stay in order.

    One that is `LONGEST_LEAD` behind shows that the wall clock was wrong for
    a while: to keep that lead would page whoever has a shift then. So this
    clock follows it back, and tells `on_set_back` how far.
    """

    def __init__(
        self,
        *,
        wall_seconds: Callable[[], float],
        monotonic_seconds: Callable[[], float],
        not_before: datetime | None = None,
        on_set_back: Callable[[timedelta], None] = lambda _lead: None,
    ) -> None:
        """`not_before` is the last instant the store knows, from before a restart."""
        self._wall_seconds = wall_seconds
        self._monotonic_seconds = monotonic_seconds
        self._on_set_back = on_set_back
        self._lock = threading.Lock()
        self._last_monotonic = monotonic_seconds()
        self._last = self._wall()
        if not_before is not None:
            self._last = max(self._last, not_before)
            self()

    def __call__(self) -> datetime:
        """Return the present instant."""
        with self._lock:
            now, lead = self._advance()
        if lead > LONGEST_LEAD:
            self._on_set_back(lead)
        return now

    @property
    def ahead(self) -> timedelta:
        """Return how far this clock is ahead of the wall clock."""
        return max(self() - self._wall(), timedelta())

    def _advance(self) -> tuple[datetime, timedelta]:
        """Move on, and return the present instant and the lead over the wall clock till now."""
        monotonic, wall = self._monotonic_seconds(), self._wall()
        steady = self._last + timedelta(seconds=monotonic - self._last_monotonic)
        lead = steady - wall
        self._last = wall if lead > LONGEST_LEAD else max(wall, steady)
        self._last_monotonic = monotonic
        return self._last, lead

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self._wall_seconds(), UTC)
