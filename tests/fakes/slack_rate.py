"""How many messages Slack takes for one channel."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

RATE_WINDOW: Final = timedelta(seconds=60)


class PostRate:
    """Takes so many posts over the last minute for each channel; None: any number."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._recent: dict[str, deque[datetime]] = {}

    def takes(self, channel: str, *, now: datetime) -> bool:
        """Say whether one more is taken, which then counts."""
        if self._most is None:
            return True
        recent = self._recent.setdefault(channel, deque())
        while recent and recent[0] <= now - RATE_WINDOW:
            recent.popleft()
        if len(recent) >= self._most:
            return False
        recent.append(now)
        return True
