"""What a notification did to an incident, as rows of its timeline."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from guardia.severity import Severity
from router.incident.describe import incident_title, listed_alerts
from router.incident.model import Event, EventKind, Incident, IncidentAlert
from router.incident.words import severity_word
from router.intake.notification import Notification
from router.phrase import Phrase, counted_phrase, joined, phrase


def opened_row(incident: Incident, *, missing: int, now: datetime) -> Event:
    """Return the first row; `missing` is how many alerts Alertmanager cut off."""
    title = incident_title(incident)
    if not incident.is_open:
        text = phrase(
            "Resolved before it was ever reported as firing, so nobody is paged: {title}",
            title=title,
        )
        return Event(at=now, kind=EventKind.RESOLVED, text=text)
    text = phrase(
        "Opened with severity {severity}: {title}",
        severity=severity_word(incident.severity),
        title=title,
    )
    if not incident.firing:
        cut_off = counted_phrase(
            "(what is listed is over; {count} alert was cut off and may fire)",
            "(what is listed is over; {count} alerts were cut off and may fire)",
            missing,
        )
        text = joined(text, cut_off)
    return Event(at=now, kind=EventKind.OPENED, text=text)


def reopened_row(after: timedelta, *, times: int, now: datetime) -> Event:
    """Return the row of one that fires again so long after its end; `times`: this time included."""
    text = phrase("Reopened: it fires again, {after} after its end.", after=after)
    if times > 1:
        text = phrase(
            "Reopened: it fires again, {after} after its end (time {times}).",
            after=after,
            times=times,
        )
    return Event(at=now, kind=EventKind.REOPENED, text=text)


def anew_rows(incident: Incident, *, now: datetime, anew: bool) -> list[Event]:
    """Return the row that says why whoever had it is paged again; none when they are not."""
    if not anew or incident.acknowledged_by is None:
        return []
    by = incident.acknowledged_by
    text = phrase(
        "Nothing that is known fired for a while, and now something does:"
        " {by} had acknowledged what was before, people are paged.",
        by=by,
    )
    if incident.closes_at is not None:
        text = phrase(
            "Nothing fired any more, and what fires now is another alert:"
            " {by} had acknowledged only the one before.",
            by=by,
        )
    return [Event(at=now, kind=EventKind.ACKNOWLEDGEMENT_ENDED, text=text)]


def severity_rows(
    incident: Incident, severity: Severity, *, taken: bool, now: datetime
) -> list[Event]:
    """Return the row of a severity that rose or fell; `taken`: somebody has it all the same."""
    if severity is incident.severity:
        return []
    before, after = severity_word(incident.severity), severity_word(severity)
    if severity.urgency < incident.severity.urgency:
        text = phrase("Severity fell from {before} to {after}.", before=before, after=after)
        return [Event(at=now, kind=EventKind.SEVERITY_FELL, text=text)]
    text = phrase("Severity rose from {before} to {after}.", before=before, after=after)
    by, what_follows = incident.acknowledged_by or "", ""
    if taken:
        what_follows = phrase("{by} had it a moment ago too, so nobody is paged.", by=by)
    elif incident.acknowledged_by is not None:
        what_follows = phrase("{by} had acknowledged the milder one: people are paged.", by=by)
    return [Event(at=now, kind=EventKind.SEVERITY_ROSE, text=joined(text, what_follows))]


def started_and_ended(
    before: Mapping[str, IncidentAlert], after: Mapping[str, IncidentAlert]
) -> tuple[list[IncidentAlert], list[IncidentAlert]]:
    """Return the alerts that fire and did not, and those that do not any more."""
    changed = [
        alert
        for alert in after.values()
        if alert.fingerprint not in before or before[alert.fingerprint].firing != alert.firing
    ]
    return [one for one in changed if one.firing], [one for one in changed if not one.firing]


def alert_rows(
    before: Mapping[str, IncidentAlert],
    after: Mapping[str, IncidentAlert],
    notification: Notification,
    *,
    now: datetime,
) -> list[Event]:
    """Return at most one row for all alerts that fire anew, and one for all that ended."""
    started, ended = started_and_ended(before, after)
    missing, cut_off = notification.truncated_alerts, ""
    if missing:
        cut_off = phrase("(Alertmanager cut off {count} more)", count=missing)
    events = []
    if started:
        text = joined(_firing(started, found=notification.found), cut_off)
        events.append(Event(at=now, kind=EventKind.ALERT_FIRING, text=text))
    if ended:
        text = joined(_resolved(ended, found=notification.found), cut_off)
        events.append(Event(at=now, kind=EventKind.ALERT_RESOLVED, text=text))
    return events


def _firing(alerts: Collection[IncidentAlert], *, found: bool) -> Phrase:
    names = listed_alerts(alerts)
    if not found:
        return phrase("Firing: {alerts}", alerts=names)
    return phrase(
        "Firing (found in Alertmanager, no notification told of it): {alerts}", alerts=names
    )


def _resolved(alerts: Collection[IncidentAlert], *, found: bool) -> Phrase:
    names = listed_alerts(alerts)
    if not found:
        return phrase("Resolved: {alerts}", alerts=names)
    return phrase(
        "Resolved (Alertmanager does not list it any more, no notification told of its end):"
        " {alerts}",
        alerts=names,
    )
