"""What the router counts about itself."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from router.message.model import MessageKind
from router.message.own_templates import NAMES as TEMPLATES
from router.oncall.model import PersonId, is_service

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# Every known value of the labels, so that a first error is an increase from zero.
POST_OUTCOMES: Final = (
    "accepted",
    "unauthorized",
    "too_large",
    "unreadable",
    "unavailable",
    "disconnected",
)
PROVIDERS: Final = ("pagerduty", "slack", "email")
PROVIDER_EVENT_OUTCOMES: Final = (
    "acknowledged",
    "resolved",
    "noted",
    "unchanged",
    "repeated",
    "refused",
    "unknown",
    "ignored",
    "unreadable",
    "unauthorized",
    "too_large",
    "unavailable",
    "disconnected",
)
APPLIED_OUTCOMES: Final = ("changed", "unchanged", "repeated", "elsewhere")
WORKER_STEPS: Final = (
    "apply",
    "escalate",
    "turn",
    "record_outcome",
    "nobody_reached",
    "tell_held",
    "revisit",
    "reconcile",
    "page_elsewhere",
    "end_awake",
)
BEAT_OUTCOMES: Final = ("sent", "withheld", "unreachable", "refused", "address")
RECONCILED: Final = ("suppression", "adopted", "gone", "stale")
PEERS: Final = ("answering", "silent")
DELETED_KINDS: Final = (
    "incidents",
    "notifications",
    "rejected",
    "overrides",
    "provider_events",
    "sessions",
    "tokens",
    "audit",
)
RELOAD_OUTCOMES: Final = ("changed", "unchanged", "refused")
ATTEMPT_OUTCOMES: Final = (
    "sent",
    "unreachable",
    "rate_limited",
    "provider_error",
    "credentials",
    "address",
    "content",
    "internal",
    "expired",
)


class Waiting(Protocol):
    """One queue of the store."""

    @property
    def count(self) -> int: ...
    @property
    def first_due_at(self) -> datetime | None: ...


class Metrics:
    """Counters and gauges in registries of their own, so that two routers can share a process.

    What is read from the store has a registry to itself, to be left out while the store is away.
    `channels` are the names of those that are registered.
    """

    def __init__(self, channels: Collection[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self.store_registry = CollectorRegistry()

        def counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(f"guardia_{name}", text, tuple(labels), registry=self.registry)

        def gauge(name: str, text: str, registry: CollectorRegistry = self.registry) -> Gauge:
            return Gauge(f"guardia_{name}", text, registry=registry)

        def gauge_of_queues(name: str, text: str) -> Gauge:
            return Gauge(f"guardia_{name}", text, ["queue"], registry=self.store_registry)

        self.posts = counter(
            "webhook_posts_total",
            f"Requests to /webhook: {', '.join(POST_OUTCOMES)}.",
            ["outcome"],
        )
        self.commit_seconds = Histogram(
            "guardia_webhook_commit_seconds",
            "Time from a notification's last byte to its commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.provider_events = counter(
            "provider_events_total",
            f"Events that providers sent: {', '.join(PROVIDER_EVENT_OUTCOMES)}.",
            ["provider", "outcome"],
        )
        self.applied = counter(
            "notifications_applied_total",
            f"Notifications taken off the list: {', '.join(APPLIED_OUTCOMES)}.",
            ["outcome"],
        )
        self.failures = counter(
            "worker_failures_total",
            "Steps of the worker that raised an error and will be tried again.",
            ["step"],
        )
        self.attempts = counter(
            "message_attempts_total",
            "Attempts to send: sent, or the reason of the failure.",
            ["channel", "kind", "outcome"],
        )
        self.pages = counter(
            "pages_accepted_total",
            "Pages and digests that a provider accepted, by the id of the person whom they wake.",
            ["person"],
        )
        self.attempt_seconds = Histogram(
            "guardia_message_attempt_seconds",
            "How long an attempt to send took.",
            ["channel"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.deleted = counter(
            "deleted_total",
            f"Rows older than GUARDIA_RETENTION that were deleted: {', '.join(DELETED_KINDS)}.",
            ["kind"],
        )
        self.template_failures = counter(
            "template_failures_total",
            "Templates of GUARDIA_TEMPLATES that failed, so that ours was used.",
            ["template"],
        )
        self.catalog_reloads = counter(
            "catalog_reloads_total",
            f"Readings of the catalog's files after the start: {', '.join(RELOAD_OUTCOMES)}.",
            ["outcome"],
        )
        self.catalog_successful = gauge(
            "catalog_last_reload_successful",
            "Whether the catalog's files, when last read, were without problems.",
        )
        self.catalog_loaded_at = gauge(
            "catalog_loaded_timestamp_seconds", "When the catalog in force was taken up."
        )
        self.catalog_info = Gauge(
            "guardia_catalog_info",
            "The catalog in force; always 1.",
            ["version"],
            registry=self.registry,
        )
        self.webhook_at = gauge(
            "webhook_last_timestamp_seconds",
            "When this process last accepted a notification; 0 before the first.",
        )
        self.heartbeat_seen_at = Gauge(
            "guardia_heartbeat_last_seen_timestamp_seconds",
            "When each heartbeat of the catalog was last seen; 0 when it never was.",
            ["heartbeat"],
            registry=self.registry,
        )
        self.heartbeat_missing = Gauge(
            "guardia_heartbeat_missing",
            "Whether the heartbeat is missing and people are told.",
            ["heartbeat"],
            registry=self.registry,
        )
        self.beats = counter(
            "own_heartbeats_total",
            f"The router's own heartbeats to the outside: {', '.join(BEAT_OUTCOMES)}.",
            ["outcome"],
        )
        self.beat_at = gauge(
            "own_heartbeat_last_timestamp_seconds",
            "When the router's own heartbeat was last sent; 0 when none was.",
        )
        self.reconciled = counter(
            "reconciled_total",
            f"What Alertmanager listed otherwise than it had told: {', '.join(RECONCILED)}.",
            ["finding"],
        )
        self.alertmanagers = Gauge(
            "guardia_alertmanagers",
            f"Peers of Alertmanager that are {' or '.join(PEERS)} when they are asked.",
            ["state"],
            registry=self.registry,
        )
        self.reconciled_at = gauge(
            "reconcile_timestamp_seconds", "When incidents were last compared with Alertmanager."
        )
        self.turn_at = gauge(
            "worker_turn_timestamp_seconds", "When the worker last finished a turn."
        )
        self.clock_ahead_seconds = gauge(
            "clock_ahead_seconds", "How far the router's clock is ahead of the wall clock."
        )
        self.store_up = gauge("store_up", "Whether the database answered this request.")
        self.store_writable = gauge(
            "store_writable", "Whether the database could be written to for this request."
        )
        self.waiting = gauge_of_queues(
            "waiting", "Rows that wait: notifications, timers, messages, and the pages among these."
        )
        self.overdue_seconds = gauge_of_queues(
            "overdue_seconds",
            "How long the longest waiting row is overdue; a page, until a provider accepts it.",
        )
        self.open_incidents = gauge(
            "open_incidents", "Incidents that are not resolved.", self.store_registry
        )
        self._heartbeats: set[str] = set()
        self._begin_at_zero(channels)

    def write(self, *, store_up: bool) -> bytes:
        """Return all metrics as text, those of the store only when it answered."""
        self.store_up.set(store_up)
        text = generate_latest(self.registry)
        return text + generate_latest(self.store_registry) if store_up else text

    def _begin_at_zero(self, channels: Collection[str]) -> None:
        for counter, values in (
            (self.posts, POST_OUTCOMES),
            (self.applied, APPLIED_OUTCOMES),
            (self.failures, WORKER_STEPS),
            (self.deleted, DELETED_KINDS),
            (self.reconciled, RECONCILED),
            (self.beats, BEAT_OUTCOMES),
            (self.catalog_reloads, RELOAD_OUTCOMES),
            (self.template_failures, TEMPLATES),
        ):
            for value in values:
                counter.labels(value)
        for provider, outcome in product(PROVIDERS, PROVIDER_EVENT_OUTCOMES):
            self.provider_events.labels(provider, outcome)
        for channel, kind in product(channels, MessageKind):
            for outcome in ATTEMPT_OUTCOMES:
                self.attempts.labels(channel, kind.value, outcome)
        for channel in channels:
            self.attempt_seconds.labels(channel)

    def begin_people(self, people: Iterable[PersonId]) -> None:
        """Begin the count of each person's pages at zero, so that the first one is an increase.

        Who has left the catalog keeps what was counted.
        """
        for person in people:
            if not is_service(person):
                self.pages.labels(person)

    def observe_heartbeats(self, known: Mapping[str, tuple[datetime | None, bool]]) -> None:
        """Show the heartbeats of the catalog in force: when each was seen, whether it is missing.

        Those that it declares no more are not shown any longer.
        """
        for name in self._heartbeats - known.keys():
            self.heartbeat_seen_at.remove(name)
            self.heartbeat_missing.remove(name)
        for name, (seen_at, missing) in known.items():
            self.heartbeat_seen_at.labels(name).set(seen_at.timestamp() if seen_at else 0)
            self.heartbeat_missing.labels(name).set(missing)
        self._heartbeats = set(known)

    def observe_waiting(self, queue: str, waiting: Waiting, *, now: datetime) -> None:
        """Show how much waits in a queue, and since when."""
        self.waiting.labels(queue).set(waiting.count)
        first = waiting.first_due_at
        overdue = 0.0 if first is None else max(0.0, (now - first).total_seconds())
        self.overdue_seconds.labels(queue).set(overdue)
