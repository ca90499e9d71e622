"""PagerDuty's Events API v2, through pdpyras with its own retries switched off."""

import asyncio
import threading
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from router.channels.outcome import FailureReason, Outcome, Refused, Retry, Sent
from router.channels.rate import Rate
from router.channels.secret import SecretError, SecretUnavailableError, read_secret
from router.message.model import MessageContext
from router.message.pagerduty import render_event
from router.settings import Settings

TIMEOUT_SECONDS: Final = 5
LONGEST_DETAIL: Final = 300
THREADS: Final = 64  # as many attempts as the worker makes at once

# Source: PagerDuty developer documentation, "Events API v2 overview", rate limits: 120 events
# a minute for each integration key. Half at once and half refilled is never more than that.
RATE: Final = Rate(burst=60, every=timedelta(seconds=1), spared=15)
# Events are accepted first and worked on later: an acknowledge or resolve is dropped without a
# word while its alert is not there yet ("Send an Alert Event", "Event Action Behavior").
SETTLES_WITHIN: Final = timedelta(minutes=1)


class PagerDuty:
    """Pages people; an address is the name of the secret `pagerduty-<name>` with a routing key."""

    closes_pages = True
    edits_notices = True  # the same dedup key joins the same alert
    has_threads = False
    rate = RATE
    settles_within = SETTLES_WITHIN

    def __init__(self, *, url: str, secrets_dir: Path) -> None:
        self._url = url
        self._secrets_dir = secrets_dir
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pagerduty")
        self._local = threading.local()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Return the channel of this installation."""
        return cls(url=settings.pagerduty_url, secrets_dir=settings.secrets_dir)

    def prepare(self) -> None:
        """Load pdpyras."""
        _pdpyras()

    def secrets(self, address: str) -> tuple[str, ...]:
        """Return the name of the routing key."""
        return (f"pagerduty-{address}",)

    async def attempt(self, context: MessageContext) -> Outcome:
        """Send one event; the retry of a page carries the same dedup key and wakes nobody twice."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._send, context)

    def _send(self, context: MessageContext) -> Outcome:
        (name,) = self.secrets(context.message.address.address)
        try:
            routing_key = read_secret(self._secrets_dir, name)
        except SecretError as error:
            return Refused(reason=FailureReason.CREDENTIALS, detail=str(error))
        except SecretUnavailableError as error:
            return Retry(reason=FailureReason.UNREACHABLE, detail=str(error))
        return self._post(routing_key, render_event(context, routing_key))

    def _post(self, routing_key: str, event: dict[str, Any]) -> Outcome:
        pdpyras = _pdpyras()
        session = self._session(routing_key)
        try:
            response = session.post("/v2/enqueue", json=event, allow_redirects=False)
        except pdpyras.PDClientError as error:
            if error.response is None:
                text = _masked(f"no answer from PagerDuty: {error.__cause__ or error}", routing_key)
                return Retry(reason=FailureReason.UNREACHABLE, detail=text[:LONGEST_DETAIL])
            response = error.response
        text = _masked(response.text, routing_key)
        return classify(response.status_code, response.headers, text)

    def _session(self, routing_key: str) -> Any:
        """Return this thread's own session, which keeps its connection."""
        session = getattr(self._local, "session", None)
        if session is None:
            session = _pdpyras().EventsAPISession(routing_key)
            session.url = self._url
            session.timeout = TIMEOUT_SECONDS
            # Exactly one request: the outbox retries, and a thread never sleeps in the library.
            session.max_http_attempts = -1
            session.max_network_attempts = 0
            session.retry[429] = 1
            self._local.session = session
        session.api_key = routing_key
        return session


def classify(status: int, headers: Mapping[str, str], text: str) -> Outcome:
    """Return what an answer means.

    Source: PagerDuty developer documentation, "Events API v2 overview",
    response codes and retry logic.
    """
    detail = f"PagerDuty answered {status}: {text[:LONGEST_DETAIL]}"
    if status == 202:
        return Sent()
    if status == 429:
        seconds = headers.get("Retry-After", "")
        after = timedelta(seconds=int(seconds)) if seconds.isdigit() else None
        return Retry(reason=FailureReason.RATE_LIMITED, detail=detail, after=after)
    if status in (401, 403) or (status == 400 and "routing" in text.lower()):
        return Refused(reason=FailureReason.CREDENTIALS, detail=detail)
    if status in (400, 413):
        return Refused(reason=FailureReason.CONTENT, detail=detail)
    return Retry(reason=FailureReason.PROVIDER_ERROR, detail=detail)


def _masked(text: str, routing_key: str) -> str:
    """Return an answer, which may repeat what was sent, without the key; mask before you cut."""
    return text.replace(routing_key, "***")


def _pdpyras() -> Any:
    """Import late (0.2 s), and keep the notice of its successor out of the logs: we know."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", 'The package "pdpyras" is deprecated', UserWarning)
        import pdpyras
    return pdpyras
