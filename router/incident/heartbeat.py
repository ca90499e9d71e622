"""Alerts that must keep coming: when one is missing, and when people hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from guardia.matcher import Matcher
from guardia.severity import Severity

MISSED_ALERT: Final = "HeartbeatMissed"
HEARTBEAT_LABEL: Final = "heartbeat"
# As Alertmanager repeats what goes on: so the incident never looks stale.
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


def see(watched: Watched, *, received_at: datetime) -> Watched:
    """Return what is known once it came: it is missing no longer, unless it came before that.

    A notification that is applied late says nothing of the time since.
    """
    seen = replace(watched, seen_at=max(watched.seen_at or received_at, received_at))
    if watched.missed_at is not None and received_at < watched.missed_at:
        return seen
    return replace(seen, missed_at=None, told_at=None)


def _not_ahead(watched: Watched, *, now: datetime) -> Watched:
    """Return it without what a wrong clock put into the future: nothing would be missing then."""
    seen_at, missed_at, told_at = (
        None if at is None else min(at, now)
        for at in (watched.seen_at, watched.missed_at, watched.told_at)
    )
    return replace(
        watched,
        watched_at=min(watched.watched_at, now),
        seen_at=seen_at,
        missed_at=missed_at,
        told_at=told_at,
    )


def is_abandoned(watched: Watched, *, now: datetime) -> bool:
    """Say whether people were told that it is missing, and no catalog declares it any more.

    By the time since they were last told: while replicas take up another
    catalog, one that does not know it yet must not end what the next one tells.
    """
    return watched.told_at is not None and now - watched.told_at >= ABANDONED_AFTER


def missed_labels(heartbeat: Heartbeat) -> dict[str, str]:
    """Return the labels of the alert that says that a heartbeat is missing."""
    own = {"alertname": MISSED_ALERT, HEARTBEAT_LABEL: heartbeat.name}
    return {**heartbeat.labels, "severity": heartbeat.severity.value, **own}
