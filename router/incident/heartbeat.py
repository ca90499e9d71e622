"""Alerts that must keep coming: whether one came, whether it is missing, and what then is told."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from guardia.duration import format_duration
from guardia.label import fingerprint
from guardia.matcher import Matcher, matches_all
from guardia.severity import Severity
from router.intake.notification import Notification, NotifiedAlert

MISSED_ALERT: Final = "HeartbeatMissed"
HEARTBEAT_LABEL: Final = "heartbeat"
# As Alertmanager repeats what goes on. Whoever resolved it by hand is told again.
TOLD_EVERY: Final = timedelta(minutes=30)
# No replica tells of it any more: none of their catalogs has it.
ABANDONED_AFTER: Final = 2 * TOLD_EVERY
# So long without a look, and the router was away: it could not have heard anything.
LONGEST_PAUSE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """An alert that always fires, such as a Watchdog; that it stays away is the news.

    `labels` are put on the alert that says so, for the routes.
    """

    name: str
    matchers: tuple[Matcher, ...]
    every: timedelta  # it is missing when none came for so long
    severity: Severity = Severity.CRITICAL
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is known of one heartbeat, declared or not any more."""

    name: str
    watched_at: datetime  # since when it is waited for
    seen_at: datetime | None = None  # None: it never came
    missed_at: datetime | None = None  # when it was found missing; None: it is not
    told_at: datetime | None = None  # when people were last told that it is missing


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


def hear_since(since: datetime | None, *, last_look_at: datetime | None, now: datetime) -> datetime:
    """Return since when the router listens without a break, up to `now`.

    It begins anew at the start, and when no look succeeded for a while: the
    store was away, the process slept, or the wall clock jumped.
    """
    if since is None or last_look_at is None:
        return now
    return since if timedelta() <= now - last_look_at <= LONGEST_PAUSE else now


def missing_at(heartbeat: Heartbeat, watched: Watched, *, heard_since: datetime) -> datetime:
    """Return when it counts as missing unless it comes before.

    Its whole time passes again from the instant since which the router listens.
    """
    return max(watched.seen_at or watched.watched_at, heard_since) + heartbeat.every


def look(
    heartbeat: Heartbeat, watched: Watched, *, heard_since: datetime, now: datetime
) -> Watched:
    """Return what is known after a look: people are to be told when `told_at` is `now`.

    Once missing, only the heartbeat itself ends that, not a restart of ours.
    """
    watched = _not_ahead(watched, now=now)
    if watched.missed_at is None:
        if now < missing_at(heartbeat, watched, heard_since=heard_since):
            return watched
        return replace(watched, missed_at=now, told_at=now)
    told_at = watched.told_at or watched.missed_at
    return watched if now - told_at < TOLD_EVERY else replace(watched, told_at=now)


def _not_ahead(watched: Watched, *, now: datetime) -> Watched:
    """Return it without what a wrong clock put into the future, where nothing is ever missing."""
    seen_at = watched.seen_at
    return replace(
        watched,
        watched_at=min(watched.watched_at, now),
        seen_at=None if seen_at is None else min(seen_at, now),
    )


def is_abandoned(watched: Watched, *, now: datetime) -> bool:
    """Say whether people were told that it is missing, and no catalog declares it any more.

    By the time since they were last told: while replicas take up another
    catalog, one that does not know it yet must not end what the next one tells.
    """
    return watched.told_at is not None and now - watched.told_at >= ABANDONED_AFTER


def missed_fingerprint(name: str) -> str:
    """Return the fingerprint of the alert that says that this heartbeat is missing.

    It stays when the catalog gives it other labels, so that its end is found.
    """
    return fingerprint({"alertname": MISSED_ALERT, HEARTBEAT_LABEL: name})


def render_missing(heartbeat: Heartbeat, watched: Watched) -> bytes:
    """Return the notification that says that a heartbeat is missing."""
    every = format_duration(heartbeat.every)
    seen_at = watched.seen_at
    last = "never came" if seen_at is None else f"last came at {seen_at:%Y-%m-%d %H:%M:%S} UTC"
    matchers = ", ".join(str(matcher) for matcher in heartbeat.matchers)
    return _body(
        watched,
        labels={**heartbeat.labels, "severity": heartbeat.severity.value},
        annotations={
            "summary": f"The heartbeat {heartbeat.name} did not come for {every}",
            "description": f"{matchers} {last}. Where it comes from, or on the way here,"
            " something is broken: other alerts may not arrive either.",
        },
        ends_at=None,
    )


def render_returned(watched: Watched, *, at: datetime, heartbeat: Heartbeat | None = None) -> bytes:
    """Return the notification that ends the one before; without a heartbeat it is not declared."""
    if heartbeat is None:
        summary, labels = f"The heartbeat {watched.name} is not declared any more", {}
    else:
        summary = f"The heartbeat {heartbeat.name} comes again"
        labels = {**heartbeat.labels, "severity": heartbeat.severity.value}
    return _body(watched, labels=labels, annotations={"summary": summary}, ends_at=at)


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
