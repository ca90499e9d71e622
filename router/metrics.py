"""What the router counts about itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Waiting(Protocol):
    """One queue of the store."""

    @property
    def count(self) -> int: ...
    @property
    def first_due_at(self) -> datetime | None: ...


class Metrics:
    """Counters and gauges in a registry of their own, so that two routers can share a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(f"guardia_{name}", text, tuple(labels), registry=self.registry)

        def gauge(name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
            return Gauge(f"guardia_{name}", text, tuple(labels), registry=self.registry)

        self.posts = counter(
            "webhook_posts_total",
            "Requests to /webhook: accepted, unauthorized, too_large, unreadable, unavailable.",
            ["outcome"],
        )
        self.commit_seconds = Histogram(
            "guardia_webhook_commit_seconds",
            "Time from a notification's last byte to its commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.applied = counter(
            "notifications_applied_total",
            "Notifications taken off the list: changed, unchanged, repeated.",
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
        self.attempt_seconds = Histogram(
            "guardia_message_attempt_seconds",
            "How long an attempt to send took.",
            ["channel"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.turn_at = gauge(
            "worker_turn_timestamp_seconds", "When the worker last finished a turn."
        )
        self.waiting = gauge(
            "waiting", "Rows that wait: notifications, timers, messages.", ["queue"]
        )
        self.overdue_seconds = gauge(
            "overdue_seconds", "How long the longest waiting row is overdue.", ["queue"]
        )
        self.open_incidents = gauge("open_incidents", "Incidents that are not resolved.")

    def observe_waiting(self, queue: str, waiting: Waiting, *, now: datetime) -> None:
        """Show how much waits in a queue, and since when."""
        self.waiting.labels(queue).set(waiting.count)
        first = waiting.first_due_at
        overdue = 0.0 if first is None else max(0.0, (now - first).total_seconds())
        self.overdue_seconds.labels(queue).set(overdue)
