"""What arrives at an HTTP fake, what it answers, and what can go wrong between the two."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived, before anything judged it."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    query: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back to the sender."""

    status: int = 200
    body: Any  # JSON; of another kind, text
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


class Gate:
    """Holds requests back until a test opens it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        """Let the held requests go on; may be called from any thread."""
        with self._lock:
            self._is_open = True
            for loop, opened in self._waiting:
                loop.call_soon_threadsafe(opened.set)

    async def wait(self) -> None:
        """Return once the gate is open."""
        waiting = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self._is_open:
                return
            self._waiting.append(waiting)
        try:
            await waiting[1].wait()
        finally:
            with self._lock:
                self._waiting.remove(waiting)


@dataclass(slots=True, kw_only=True)
class Failure:
    """What goes wrong with the next requests."""

    left: int | None  # None: until healed
    when: Callable[[Call], bool]
    answer: Answer | None = None
    delay_seconds: float = 0.0
    gate: Gate | None = None
    drops_connection: bool = False
    processes: bool = False  # the work is done, and only the answer is late, wrong or lost

    def takes(self, call: Call) -> bool:
        return self.left != 0 and self.when(call)

    def use(self) -> None:
        if self.left is not None:
            self.left -= 1

    @property
    def pauses(self) -> bool:
        return self.delay_seconds > 0 or self.gate is not None


def any_call(call: Call) -> bool:
    """Match every request."""
    return True
