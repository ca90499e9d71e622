"""What Alertmanager lists beside what the open incidents hold: where they differ, and what follows.

A notification can get lost: a resolve of a silenced alert is never sent, and
a router that was away for long misses what Alertmanager gave up. So what is
listed is compared once a minute with what we believe.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from router.incident.apply import SEEN_STEP
from router.incident.describe import listed_alerts
from router.incident.model import Change, Event, EventKind, Incident, IncidentAlert
from router.incident.reread import hiding_words
from router.intake.alertmanager import ListedAlert
from router.phrase import phrase

# An Alertmanager that was restarted knows nothing until Prometheus sends again,
# which it does every minute or so.
GONE_AFTER: Final = timedelta(minutes=5)
# Before that, its notification may still be on its way: group_wait, and retries.
ADOPTED_AFTER: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """An alert that fires in an open incident, as far as it is compared."""

    incident: int
    fingerprint: str
    suppressed_by: str | None
    listed: bool
    seen_at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Since when alerts have been missing, or unknown to us, by fingerprint.

    Kept by the process alone: after a restart it waits a little longer.
    """

    missing: Mapping[str, datetime] = field(default_factory=dict)
    unknown: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Where the two differ. `marks` are incidents whose alerts are to be marked anew."""

    marks: frozenset[int]
    gone: frozenset[str]
    adopted: tuple[ListedAlert, ...]
    memory: Memory


def compare(
    held: Iterable[OpenAlert],
    listed: Mapping[str, ListedAlert],
    memory: Memory,
    *,
    closed: Collection[str] = (),
    is_conclusive: bool,
    group_interval: timedelta,
    now: datetime,
) -> Findings:
    """Return what differs.

    `is_conclusive`: every peer that answers has run for long enough to know
    all that fires, and at least one answers; else nothing is gone. An alert
    that was never listed may be of another sender, and is not gone either.
    What fires in an incident that somebody has `closed` by hand is known.
    """
    held = list(held)
    known = {alert.fingerprint for alert in held} | set(closed)
    missing = {one.fingerprint for one in held if one.listed and one.fingerprint not in listed}
    unknown = {key for key, one in listed.items() if key not in known and not one.suppressed_by}
    since_missing = _since(memory.missing, missing if is_conclusive else (), now)
    since_unknown = _since(memory.unknown, unknown, now)
    patience = max(ADOPTED_AFTER, 2 * group_interval)
    gone = frozenset(key for key, at in since_missing.items() if now - at >= GONE_AFTER)
    adopted = [key for key, at in since_unknown.items() if now - at >= patience]
    # What is found is told once: applying it may take a while, and is tried again by itself.
    for key in gone:
        del since_missing[key]
    for key in adopted:
        del since_unknown[key]
    return Findings(
        marks=frozenset(
            one.incident
            for one in held
            if (found := listed.get(one.fingerprint)) is not None and _differs(one, found, now)
        ),
        gone=gone,
        adopted=tuple(listed[key] for key in adopted),
        memory=Memory(missing=since_missing, unknown=since_unknown),
    )


def mark(incident: Incident, listed: Mapping[str, ListedAlert], *, now: datetime) -> Change | None:
    """Return the incident with what is known of its alerts now; None when that is nothing new."""
    after = {
        key: _marked(alert, listed[key], now=now) if alert.firing and key in listed else alert
        for key, alert in incident.alerts.items()
    }
    if after == incident.alerts:
        return None
    events = _events(incident.alerts, after, now=now)
    return Change(incident=replace(incident, alerts=after), events=events, is_visible=bool(events))


def find_stale(incident: Incident, *, after: timedelta, now: datetime) -> Change | None:
    """Return the incident with those alerts marked that nothing has spoken of for `after`.

    Whether a silence still hides them, nobody knows by then: so none does.
    """
    silent = {
        key: replace(alert, stale=True, suppressed_by=None)
        for key, alert in incident.alerts.items()
        if alert.firing and not alert.stale and now - _last_seen(alert, incident) >= after
    }
    if not silent:
        return None
    text = phrase(
        "Not heard of any more, and not known to be over: {alerts}",
        alerts=listed_alerts(silent.values()),
    )
    return Change(
        incident=replace(incident, alerts={**incident.alerts, **silent}),
        events=(Event(at=now, kind=EventKind.STALE, text=text),),
    )


def stale_after(*, repeat_interval: timedelta, group_interval: timedelta) -> timedelta:
    """Return for how long an alert that fires may be silent.

    Alertmanager repeats it every `repeat_interval`, at one of its flushes, which
    are `group_interval` apart; one repetition may be lost.
    """
    return 2 * (repeat_interval + group_interval)


def render_found(alerts: Iterable[ListedAlert], *, receiver: str) -> list[bytes]:
    """Return a notification for each group of alerts that fire without our having been told."""
    groups: dict[str, list[ListedAlert]] = {}
    for alert in alerts:
        key = msgspec.json.encode(sorted(alert.group_labels.items())).decode()
        groups.setdefault(key, []).append(alert)
    return [
        _body(
            "firing",
            [_told(alert) for alert in members],
            group_labels=members[0].group_labels,
            receiver=receiver,
        )
        for members in groups.values()
    ]


def render_gone(
    incident: Incident, gone: Collection[str], *, receiver: str, now: datetime
) -> bytes | None:
    """Return the notification that ends those alerts of the incident; None when none fires."""
    ended = [alert for alert in incident.firing if alert.fingerprint in gone]
    if not ended:
        return None
    alerts = [_told(alert) | {"endsAt": now.isoformat()} for alert in ended]
    return _body("resolved", alerts, group_labels={}, receiver=receiver)


def _told(alert: ListedAlert | IncidentAlert) -> dict[str, Any]:
    """Return an alert as Alertmanager writes it, without what says whether it fires."""
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": alert.starts_at.isoformat(),
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def _body(
    status: str,
    alerts: list[dict[str, Any]],
    *,
    group_labels: Mapping[str, str],
    receiver: str,
) -> bytes:
    return msgspec.json.encode(
        {
            "version": "4",
            "groupKey": "guardia/reconcile",
            "status": status,
            "receiver": receiver,
            "groupLabels": group_labels,
            "truncatedAlerts": 0,
            "foundByReconciling": True,
            "alerts": [{"status": status, **alert} for alert in alerts],
        }
    )


def _since(
    before: Mapping[str, datetime], now_so: Collection[str], now: datetime
) -> dict[str, datetime]:
    # Not later than now: the clock may have been wrong, and set back.
    return {key: min(before.get(key, now), now) for key in sorted(now_so)}


def _differs(held: OpenAlert, found: ListedAlert, now: datetime) -> bool:
    if held.suppressed_by != found.suppressed_by or not held.listed or held.stale:
        return True
    return held.seen_at is None or now - held.seen_at >= SEEN_STEP


def _marked(alert: IncidentAlert, found: ListedAlert, *, now: datetime) -> IncidentAlert:
    seen_at = alert.seen_at
    if seen_at is None or alert.stale or now - seen_at >= SEEN_STEP:
        seen_at = now
    return replace(
        alert, suppressed_by=found.suppressed_by, listed=True, seen_at=seen_at, stale=False
    )


def _events(
    before: Mapping[str, IncidentAlert], after: Mapping[str, IncidentAlert], *, now: datetime
) -> tuple[Event, ...]:
    """Return a row for each reason that hides alerts anew, and one for those hidden no more."""
    hidden: dict[str, list[IncidentAlert]] = {}
    shown: list[IncidentAlert] = []
    for key, alert in after.items():
        if alert.suppressed_by == before[key].suppressed_by:
            continue
        if alert.suppressed_by is None:
            shown.append(alert)
        else:
            hidden.setdefault(alert.suppressed_by, []).append(alert)
    events = [
        Event(
            at=now,
            kind=EventKind.SUPPRESSED,
            text=phrase(
                "{alerts}: {reason}.", alerts=listed_alerts(alerts), reason=hiding_words(reason)
            ),
        )
        for reason, alerts in hidden.items()
    ]
    if shown:
        text = phrase("Not silenced or inhibited any more: {alerts}", alerts=listed_alerts(shown))
        events.append(Event(at=now, kind=EventKind.RELEASED, text=text))
    return tuple(events)


def _last_seen(alert: IncidentAlert, incident: Incident) -> datetime:
    return alert.seen_at or incident.opened_at
