"""What the web needs from outside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from router.catalog import OnCallCatalog
from router.incident.answers import Answer
from router.incident.model import Incident
from router.intake.pagerduty import PagerDutyEvent
from router.metrics import Metrics
from router.oncall.model import Person
from router.reload import Reloads
from router.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPorts:
    """The store and the worker, as far as requests reach them."""

    store: Store
    metrics: Metrics
    clock: Callable[[], datetime]
    clock_ahead: Callable[[], timedelta] = timedelta  # of the wall clock
    catalog: Callable[[], OnCallCatalog]  # the edition that counts now
    wake: Callable[[], None]  # tells the worker that something is stored
    answer: Callable[[int, Answer], Awaitable[Incident | None]]  # raises AnswerRefused
    test_page: Callable[[Person, str], Awaitable[Incident]]  # by whom; raises PageTestRefused
    pagerduty_event: Callable[[PagerDutyEvent], Awaitable[str]]  # returns what became of it
    reloads: Reloads
    is_working: Callable[[], bool]  # the worker's loops are alive
    webhook_token_file: Path
    api_token_file: Path
    secrets_dir: Path
    max_body_bytes: int
    queue_limit: int  # of notifications that wait to be stored
