"""What a notification or a person does to an incident."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from guardia.severity import Severity, worst
from router.incident.describe import incident_title, listed_alerts, one_line
from router.incident.destination import NO_SEVERITIES
from router.incident.model import (
    Change,
    Event,
    EventKind,
    Incident,
    IncidentAlert,
    IncidentState,
)
from router.intake.notification import Notification, NotifiedAlert


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
) -> Change | None:
    """Return what the notification changes, or None when it changes nothing.

    `incident` is the one this notification belongs to, open or resolved, or
    None; `severities` says what those of others count as. When only details
    changed (an annotation), the Change has no events. An opened incident has
    no number yet: the store gives it.

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
        return _update(incident, after, notification, now=now)
    told = {alert.fingerprint: after[alert.fingerprint] for alert in notification.alerts}
    if not any(_is_news(alert, before.get(alert.fingerprint)) for alert in told.values()):
        return None
    return _open(told, notification, now=now)


def acknowledge(incident: Incident, *, by: str, now: datetime) -> Change:
    """Return the incident with somebody on it. `acknowledged` is set only for the first who is.

    The same person again changes nothing; somebody else, or anybody after the
    end, is only a row of the timeline.
    """
    name = one_line(by) or "somebody"
    if incident.state is IncidentState.TRIGGERED:
        changed = replace(
            incident,
            state=IncidentState.ACKNOWLEDGED,
            acknowledged_at=now,
            acknowledged_by=name,
        )
        text = f"{name} acknowledged it: nobody else is paged."
        return Change(incident=changed, events=(_acknowledged(text, now),), acknowledged=True)
    if incident.acknowledged_by == name:
        return Change(incident=incident, events=())
    if incident.state is IncidentState.RESOLVED:
        text = f"{name} acknowledged it after it was resolved."
    else:
        text = f"{name} acknowledged it too; {incident.acknowledged_by} was first."
    return Change(incident=incident, events=(_acknowledged(text, now),))


def _acknowledged(text: str, now: datetime) -> Event:
    return Event(at=now, kind=EventKind.ACKNOWLEDGED, text=text)


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
    )


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
    title = incident_title(incident)
    if not incident.is_open:
        text = f"Resolved before it was ever reported as firing, so nobody is paged: {title}"
        event = Event(at=now, kind=EventKind.RESOLVED, text=text)
        return Change(incident=incident, events=(event,), resolved=True)
    text = f"Opened with severity {incident.severity}: {title}"
    if not firing:
        text += f" (what is listed is over; {missing} alerts were cut off and may fire)"
    opened = Event(at=now, kind=EventKind.OPENED, text=text)
    events = (opened, *_alert_events({}, alerts, notification, now=now))
    return Change(incident=incident, events=events, opened=True, newly_firing=True)


def _update(
    incident: Incident,
    alerts: Mapping[str, IncidentAlert],
    notification: Notification,
    *,
    now: datetime,
) -> Change | None:
    firing = [alert.severity for alert in alerts.values() if alert.firing]
    severity = worst(firing) if firing else incident.severity
    rose = severity.urgency > incident.severity.urgency
    is_over = not firing and notification.truncated_alerts == 0 and bool(notification.alerts)
    changed = replace(incident, alerts=alerts, severity=severity)
    if rose:
        changed = without_acknowledgement(changed)
    if is_over:
        changed = replace(changed, state=IncidentState.RESOLVED, resolved_at=now)
    if changed == incident:
        return None
    events = [
        *_alert_events(incident.alerts, alerts, notification, now=now),
        *_severity_events(incident, severity, now=now),
    ]
    if is_over:
        events.append(
            Event(at=now, kind=EventKind.RESOLVED, text="No alert fires any more: resolved.")
        )
    started, ended = _started_and_ended(incident.alerts, alerts)
    return Change(
        incident=changed,
        events=tuple(events),
        severity_rose=rose,
        newly_firing=bool(started),
        newly_ended=bool(ended),
        resolved=is_over,
    )


def without_acknowledgement(incident: Incident) -> Incident:
    """Return the incident open to paging again: whoever took it took something milder."""
    return replace(
        incident, state=IncidentState.TRIGGERED, acknowledged_at=None, acknowledged_by=None
    )


def _started_and_ended(
    before: Mapping[str, IncidentAlert], after: Mapping[str, IncidentAlert]
) -> tuple[list[IncidentAlert], list[IncidentAlert]]:
    changed = [
        alert
        for alert in after.values()
        if alert.fingerprint not in before or before[alert.fingerprint].firing != alert.firing
    ]
    return [one for one in changed if one.firing], [one for one in changed if not one.firing]


def _alert_events(
    before: Mapping[str, IncidentAlert],
    after: Mapping[str, IncidentAlert],
    notification: Notification,
    *,
    now: datetime,
) -> list[Event]:
    """Return at most one row for all alerts that fire anew, and one for all that ended."""
    started, ended = _started_and_ended(before, after)
    missing = notification.truncated_alerts
    cut_off = f" (Alertmanager cut off {missing} more)" if missing else ""
    events = []
    if started:
        text = f"Firing: {listed_alerts(started)}{cut_off}"
        events.append(Event(at=now, kind=EventKind.ALERT_FIRING, text=text))
    if ended:
        text = f"Resolved: {listed_alerts(ended)}{cut_off}"
        events.append(Event(at=now, kind=EventKind.ALERT_RESOLVED, text=text))
    return events


def _severity_events(incident: Incident, severity: Severity, *, now: datetime) -> list[Event]:
    if severity is incident.severity:
        return []
    if severity.urgency < incident.severity.urgency:
        text = f"Severity fell from {incident.severity} to {severity}."
        return [Event(at=now, kind=EventKind.SEVERITY_FELL, text=text)]
    text = f"Severity rose from {incident.severity} to {severity}."
    if incident.acknowledged_by is not None:
        text += f" {incident.acknowledged_by} had acknowledged the milder one: people are paged."
    return [Event(at=now, kind=EventKind.SEVERITY_ROSE, text=text)]
