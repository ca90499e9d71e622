"""What a notification does to an incident."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from guardia.severity import Severity, worst
from router.incident.acknowledgement import without_acknowledgement
from router.incident.apply_told import (
    alert_rows,
    anew_rows,
    opened_row,
    reopened_row,
    severity_rows,
    started_and_ended,
)
from router.incident.destination import NO_SEVERITIES
from router.incident.episodes import (
    NEVER,
    end,
    is_another,
    is_same_trouble,
    is_taken,
    lay_still,
)
from router.incident.model import (
    Change,
    Incident,
    IncidentAlert,
    IncidentState,
)
from router.intake.notification import Notification, NotifiedAlert

SEEN_STEP: Final = timedelta(minutes=10)  # written no more often than this


def incident_key(notification: Notification) -> str:
    """Return the text by which later notifications of the same group find their incident.

    That is the group's labels; without any, the labels of the first alert.
    The groupKey is not used: it changes when Alertmanager's routes are edited.
    """
    if notification.group_labels or not notification.alerts:
        return f"group {_canonical(notification.group_labels)}"
    return f"alert {_canonical(notification.alerts[0].labels)}"


def alert_severity(
    labels: Mapping[str, str], severities: Mapping[str, Severity] = NO_SEVERITIES
) -> Severity:
    """Return the alert's severity; one of others is what `severities` says, else medium."""
    written = labels.get("severity", "")
    try:
        return Severity(written)
    except ValueError:
        return severities.get(written, Severity.MEDIUM)


def apply_notification(
    incident: Incident | None,
    notification: Notification,
    *,
    now: datetime,
    severities: Mapping[str, Severity] = NO_SEVERITIES,
    reopen_within: timedelta = NEVER,
) -> Change | None:
    """Return what the notification changes, or None when it changes nothing.

    `incident` is the one this notification belongs to, open or resolved, or
    None; `severities` says what those of others count as. When only details
    changed (an annotation), the Change has no events. An opened incident has
    no number yet: the store gives it. What fires within `reopen_within` after
    the incident's end is that incident reopened; from the second time on
    (episodes.FLAPPING_FROM) its next end is held back for as long.

    What counts is the status of each alert (G4): `endsAt` does not, and an
    alert that is absent from the body stays as it was, because two routes can
    share their groupLabels. Firing is always live; a resolve counts unless it
    ended before the firing began that we know. A truncated notification never
    resolves an incident, and opens one where none is: what was cut off may fire.
    """
    before = incident.alerts if incident is not None else {}
    after = dict(before)
    # Should one body list an alert twice, its firing entry counts: when in doubt, fire.
    for alert in sorted(_last_of_each(notification), key=lambda alert: alert.fingerprint):
        after[alert.fingerprint] = _as_told(
            before.get(alert.fingerprint), alert, now=now, severities=severities
        )
    if incident is not None and incident.is_open:
        return _update(incident, after, notification, now=now, reopen_within=reopen_within)
    told = {alert.fingerprint: after[alert.fingerprint] for alert in notification.alerts}
    if notification.found and not any(alert.firing for alert in told.values()):
        return None  # another replica found that end too, or Alertmanager has told it meanwhile
    if not any(_is_news(alert, before.get(alert.fingerprint)) for alert in told.values()):
        return None
    if incident is not None and is_same_trouble(incident, told, now=now, within=reopen_within):
        return _reopen(incident, after, notification, now=now)
    return _open(told, notification, now=now)


def record_ends(closed: Incident, notification: Notification, *, now: datetime) -> Change | None:
    """Return an incident that was resolved by hand, with those of its alerts that ended since.

    What goes on as it was when somebody said that it is over is not news. None
    when nothing ended.
    """
    after = dict(closed.alerts)
    for told in _last_of_each(notification):
        known = after.get(told.fingerprint)
        if known is not None and known.firing and not told.firing:
            after[told.fingerprint] = replace(known, firing=False, ended_at=told.ends_at or now)
    if after == closed.alerts:
        return None
    events = alert_rows(closed.alerts, after, notification, now=now)
    return Change(incident=replace(closed, alerts=after), events=tuple(events))


def _canonical(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _last_of_each(notification: Notification) -> list[NotifiedAlert]:
    by_status = sorted(notification.alerts, key=lambda alert: alert.firing)
    return list({alert.fingerprint: alert for alert in by_status}.values())


def _as_told(
    known: IncidentAlert | None,
    told: NotifiedAlert,
    *,
    now: datetime,
    severities: Mapping[str, Severity],
) -> IncidentAlert:
    """Return the alert as the notification tells it, on top of what we know of it."""
    if known is not None and _speaks_of_the_past(told, known):
        return known
    same_episode = known is not None and (known.firing or not told.firing)
    starts_at = told.starts_at or (known.starts_at if known is not None and same_episode else now)
    ended_before = known.ended_at if known is not None else None
    return IncidentAlert(
        fingerprint=told.fingerprint,
        labels=told.labels,
        annotations=told.annotations,
        firing=told.firing,
        starts_at=starts_at,
        ended_at=None if told.firing else told.ends_at or ended_before or now,
        generator_url=told.generator_url,
        severity=alert_severity(told.labels, severities),
        seen_at=_seen_at(told, known, now),
        listed=known is not None and known.listed,
        # What Alertmanager hides, it does not tell: so nothing hides it any more.
        suppressed_by=None,
    )


def _seen_at(told: NotifiedAlert, known: IncidentAlert | None, now: datetime) -> datetime | None:
    """Return when it was last seen, coarsely: thousands are not written at each repeat.

    None for what nobody was ever told of as firing. An episode that is told only
    by its end (it passed between two flushes) is not seen, and leaves that as it was.
    """
    before = None if known is None else known.seen_at
    if not _was_known_to_fire(told, known):
        return before
    seen_at = None if known is None or known.stale else before
    return now if seen_at is None or now - seen_at >= SEEN_STEP else seen_at


def _was_known_to_fire(told: NotifiedAlert, known: IncidentAlert | None) -> bool:
    """Say whether we know its episode as firing, and not only by an end (between two flushes)."""
    if told.firing or (known is not None and known.firing):
        return True
    if known is None or known.seen_at is None or known.ended_at is None:
        return False
    began_or_ended = told.starts_at or told.ends_at
    return began_or_ended is None or began_or_ended <= known.ended_at


def _speaks_of_the_past(told: NotifiedAlert, known: IncidentAlert) -> bool:
    """Say whether this is the end of an earlier episode than the one that fires now.

    Peers of Alertmanager, and their retries, can overtake each other. From a
    sender that gives no starts we know only when we heard of the firing, by
    our own clock: nothing to compare an end with.
    """
    if told.firing or told.ends_at is None or told.starts_at is None:
        return False
    return known.firing and told.ends_at < known.starts_at


def _is_news(alert: IncidentAlert, known: IncidentAlert | None) -> bool:
    """Say whether a resolved incident, which knows the alert so, does not cover it."""
    if alert.ended_at is None or known is None or known.ended_at is None:
        return True
    return alert.ended_at > known.ended_at


def _open(
    alerts: Mapping[str, IncidentAlert], notification: Notification, *, now: datetime
) -> Change:
    """Return a new incident, or a record that is already over when no alert can fire."""
    firing = [alert for alert in alerts.values() if alert.firing]
    missing = notification.truncated_alerts
    incident = Incident(
        number=None,
        key=incident_key(notification),
        state=IncidentState.TRIGGERED if firing or missing else IncidentState.RESOLVED,
        severity=worst([alert.severity for alert in firing or alerts.values()]),
        alerts=alerts,
        opened_at=now,
        resolved_at=None if firing or missing else now,
    )
    opened = opened_row(incident, missing=missing, now=now)
    if not incident.is_open:
        return Change(incident=incident, events=(opened,), resolved=True)
    events = (opened, *alert_rows({}, alerts, notification, now=now))
    return Change(incident=incident, events=events, opened=True, newly_firing=True)


def _reopen(
    incident: Incident,
    alerts: Mapping[str, IncidentAlert],
    notification: Notification,
    *,
    now: datetime,
) -> Change:
    """Return the incident open again, and to be paged for anew: whoever had it has gone to bed."""
    firing = [alert.severity for alert in alerts.values() if alert.firing]
    times = incident.reopened + 1
    after = now - (incident.resolved_at or now)
    changed = replace(
        without_acknowledgement(incident),
        alerts=alerts,
        severity=worst(firing),
        resolved_at=None,
        reopened=times,
    )
    reopened = reopened_row(after, times=times, now=now)
    return Change(
        incident=changed,
        events=(reopened, *alert_rows(incident.alerts, alerts, notification, now=now)),
        reopened=True,
        pages_anew=True,
        newly_firing=True,
    )


def _update(
    incident: Incident,
    alerts: Mapping[str, IncidentAlert],
    notification: Notification,
    *,
    now: datetime,
    reopen_within: timedelta,
) -> Change | None:
    firing = [alert.severity for alert in alerts.values() if alert.firing]
    severity = worst(firing) if firing else incident.severity
    rose = severity.urgency > incident.severity.urgency
    changed = replace(incident, alerts=alerts, severity=severity)
    if firing or notification.truncated_alerts:
        changed = replace(changed, closes_at=None)
    started, ended = started_and_ended(incident.alerts, alerts)
    lay = bool(firing) and lay_still(incident, now=now, within=reopen_within)
    anew = lay or is_another(incident, started)
    taken = not anew and is_taken(incident, started, now=now, within=reopen_within)
    rose = rose and not taken
    if rose or anew:
        changed = without_acknowledgement(changed)
    events = [
        *anew_rows(incident, now=now, anew=anew),
        *alert_rows(incident.alerts, alerts, notification, now=now),
        *severity_rows(incident, severity, taken=taken, now=now),
    ]
    if not firing and notification.truncated_alerts == 0 and notification.alerts:
        changed, ended_with = end(changed, now=now, hold=reopen_within)
        events += ended_with
    if changed == incident:
        return None
    return Change(
        incident=changed,
        events=tuple(events),
        pages_anew=anew,
        is_taken=taken,
        severity_rose=rose,
        newly_firing=bool(started),
        newly_ended=bool(ended),
        resolved=not changed.is_open,
        is_visible=bool(events) or not _differs_in_sight_only(incident, changed),
    )


def _differs_in_sight_only(before: Incident, after: Incident) -> bool:
    """Say whether all that is new is when we last heard of the alerts: nothing for people."""
    unseen = {key: replace(one, seen_at=None) for key, one in before.alerts.items()}
    return after == replace(before, alerts=after.alerts) and unseen == {
        key: replace(one, seen_at=None) for key, one in after.alerts.items()
    }
