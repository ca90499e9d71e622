"""What the web needs from outside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from router.incident.model import Incident
from router.metrics import Metrics
from router.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPorts:
    """The store and the worker, as far as requests reach them."""

    store: Store
    metrics: Metrics
    clock: Callable[[], datetime]
    clock_ahead: Callable[[], timedelta] = timedelta  # of the wall clock
    wake: Callable[[], None]  # tells the worker that something is stored
    acknowledge: Callable[[int, str], Awaitable[Incident | None]]  # (number, by whom)
    is_working: Callable[[], bool]  # the worker's loops are alive
    webhook_token_file: Path
    api_token_file: Path
    max_body_bytes: int
