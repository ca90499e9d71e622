"""Heartbeats in notifications: those that came, and the alert that one does not come."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from guardia.duration import format_duration
from guardia.label import fingerprint
from guardia.matcher import matches_all
from router.incident.heartbeat import (
    HEARTBEAT_LABEL,
    MISSED_ALERT,
    Heartbeat,
    Watched,
    missed_labels,
)
from router.incident.reread import (
    heartbeat_missing,
    heartbeat_missing_since,
    heartbeat_returned,
    heartbeat_undeclared,
)
from router.intake.notification import Notification, NotifiedAlert


def split_heartbeats(
    notification: Notification,
    heartbeats: Iterable[Heartbeat],
    *,
    held: Collection[str],
    now: datetime,
) -> tuple[frozenset[str], Notification]:
    """Return the names of the heartbeats that came, and the notification without them.

    Only what fires is a sign of life: the end of a Watchdog comes when
    Prometheus is gone. `held` are the fingerprints that fire in an open
    incident, from before the heartbeat was declared: they end. Where nothing
    else is left and alerts were cut off, which may fire, all of it stays.
    """
    heartbeats = tuple(heartbeats)
    seen: set[str] = set()
    rest: list[NotifiedAlert] = []
    for alert in notification.alerts:
        names = [one.name for one in heartbeats if matches_all(one.matchers, alert.labels)]
        if alert.firing:
            seen.update(names)
        if not names:
            rest.append(alert)
        elif alert.fingerprint in held:
            rest.append(msgspec.structs.replace(alert, status="resolved", ends_at=now))
    if notification.truncated_alerts and not rest:
        return frozenset(seen), notification
    return frozenset(seen), msgspec.structs.replace(notification, alerts=tuple(rest))


def missed_fingerprint(name: str) -> str:
    """Return the fingerprint of the alert that says that this heartbeat is missing.

    It stays when the catalog gives it other labels, so that its end is found.
    """
    return fingerprint({"alertname": MISSED_ALERT, HEARTBEAT_LABEL: name})


def render_missing(heartbeat: Heartbeat, watched: Watched) -> bytes:
    """Return the notification that says that a heartbeat is missing."""
    every = format_duration(heartbeat.every)
    seen_at = watched.seen_at
    last = "" if seen_at is None else f"{seen_at:%Y-%m-%d %H:%M:%S} UTC"
    matchers = ", ".join(str(matcher) for matcher in heartbeat.matchers)
    return _body(
        watched,
        labels=missed_labels(heartbeat),
        annotations={
            "summary": str(heartbeat_missing(heartbeat.name, every)),
            "description": str(heartbeat_missing_since(matchers, last)),
        },
        ends_at=None,
    )


def render_returned(watched: Watched, *, at: datetime, heartbeat: Heartbeat | None = None) -> bytes:
    """Return the notification that ends the one before; without a heartbeat it is not declared."""
    if heartbeat is None:
        summary, labels = heartbeat_undeclared(watched.name), {}
    else:
        summary, labels = heartbeat_returned(heartbeat.name), missed_labels(heartbeat)
    return _body(watched, labels=labels, annotations={"summary": str(summary)}, ends_at=at)


def _body(
    watched: Watched,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    ends_at: datetime | None,
) -> bytes:
    own = {"alertname": MISSED_ALERT, HEARTBEAT_LABEL: watched.name}
    status = "firing" if ends_at is None else "resolved"
    alert: dict[str, Any] = {
        "status": status,
        "labels": {**labels, **own},
        "annotations": annotations,
        "startsAt": watched.missed_at,
        "endsAt": ends_at,
        "fingerprint": missed_fingerprint(watched.name),
    }
    return msgspec.json.encode(
        {
            "version": "4",
            "status": status,
            "receiver": "guardia",
            "groupKey": f"{{}}:{HEARTBEAT_LABEL}={watched.name}",
            "groupLabels": own,
            "alerts": [alert],
        }
    )
