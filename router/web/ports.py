"""What the web needs from outside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from router.catalog import OnCallCatalog
from router.incident.answers import Answer, Recorded
from router.incident.callbacks import Answered, Callback
from router.incident.model import Incident
from router.intake.pagerduty import PagerDutyEvent
from router.metrics import Metrics
from router.oncall.model import Person
from router.reload import Reloads
from router.sign_in import SignIn
from router.store.audit import Entry
from router.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPorts:
    """The store and the worker, as far as requests reach them."""

    store: Store
    metrics: Metrics
    clock: Callable[[], datetime]
    clock_ahead: Callable[[], timedelta] = timedelta  # of the wall clock
    catalog: Callable[[], OnCallCatalog]  # the edition that counts now
    catalog_folder: Path  # with the runbooks
    wake: Callable[[], None]  # tells the worker that something is stored
    # With the row of the audit that is kept with it; raises AnswerRefused.
    answer: Callable[[int, Answer, Entry | None], Awaitable[Recorded | None]]
    # By whom, and the row of the audit; raises PageTestRefused.
    test_page: Callable[[Person, str, Entry | None], Awaitable[Incident]]
    pagerduty_event: Callable[[PagerDutyEvent], Awaitable[str]]  # returns what became of it
    callback: Callable[[Callback], Awaitable[Answered]]  # raises CallbackRefused
    # Who is awake, the row of the audit, until when; returns what is acknowledged by it.
    begin_awake: Callable[[Person, Entry, datetime], Awaitable[list[int]]]
    end_awake: Callable[[Person, Entry], Awaitable[bool]]
    refused: Callable[[Entry], Awaitable[None]]  # keeps what strangers were refused, or counts it
    refused_known: Callable[[Entry], Awaitable[None]]  # the same of whom we know
    slack_hooks_url: str  # what Slack's addresses for answers begin with
    reloads: Reloads
    is_working: Callable[[], bool]  # the worker's loops are alive
    webhook_token_file: Path
    api_token_file: Path
    secrets_dir: Path
    max_body_bytes: int
    queue_limit: int  # of notifications that wait to be stored
    external_url: str | None = None  # what people's browsers reach the router by
    sign_in: SignIn = field(default_factory=SignIn)
