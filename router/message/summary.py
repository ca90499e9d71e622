"""What every channel tells of an incident, as plain text that is not escaped yet."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from guardia.duration import spoken_duration
from router.incident.describe import (
    alert_name,
    cut_at_word,
    incident_labels,
    incident_title,
    one_line,
    shown_alerts,
    worst_alert,
)
from router.incident.model import EventKind, IncidentState
from router.message.model import MessageContext
from router.oncall.model import PersonId

_ALERTS_SHOWN = 20
_LABELS_SHOWN = 30
_LINK_LENGTH = 2000  # what browsers, PagerDuty and Slack all take


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A checked http(s) address and our own word for it."""

    text: str
    href: str


def headline(context: MessageContext) -> str:
    """Return one line: number, how it stands, what is wrong."""
    incident = context.incident
    standing = {
        IncidentState.TRIGGERED: str(incident.severity),
        IncidentState.ACKNOWLEDGED: f"{incident.severity}, acknowledged",
        IncidentState.RESOLVED: "resolved",
    }[incident.state]
    return f"#{context.message.incident_number} {standing}: {incident_title(incident)}"


def state_sentence(context: MessageContext) -> str:
    """Return who has it, or since when it fires, or when it ended."""
    incident = context.incident
    if incident.state is IncidentState.RESOLVED and incident.resolved_at is not None:
        lasted = spoken_duration(incident.resolved_at - incident.opened_at)
        return f"Resolved at {shown_instant(incident.resolved_at)}, after {lasted}."
    if incident.state is IncidentState.ACKNOWLEDGED and incident.acknowledged_at is not None:
        by = PersonId(incident.acknowledged_by or "somebody")
        name = one_line(context.names.get(by, by))
        return f"Acknowledged by {name} at {shown_instant(incident.acknowledged_at)}."
    return f"Firing since {shown_instant(incident.opened_at)}; nobody has acknowledged it yet."


def description(context: MessageContext) -> str:
    """Return the worst alert's description as one line; empty when it has none."""
    worst = worst_alert(context.incident)
    return one_line(worst.annotations.get("description", "")) if worst is not None else ""


def alert_lines(context: MessageContext) -> list[str]:
    """Return one line an alert, the worst first; many are counted."""
    alerts = sorted(
        shown_alerts(context.incident),
        key=lambda alert: (-alert.severity.urgency, alert.starts_at, alert.fingerprint),
    )
    lines = [
        f"{alert.severity}: {alert_name(alert)}, "
        + (f"since {shown_instant(alert.starts_at)}" if alert.firing else "resolved")
        for alert in alerts[:_ALERTS_SHOWN]
    ]
    more = len(alerts) - len(lines)
    return [*lines, f"and {more} more"] if more else lines


def label_lines(context: MessageContext) -> list[tuple[str, str]]:
    """Return the labels that all alerts share, each value on one line of bearable length."""
    labels = sorted(incident_labels(context.incident).items())[:_LABELS_SHOWN]
    return [
        (cut_at_word(one_line(name), 100), cut_at_word(one_line(value), 500))
        for name, value in labels
    ]


def timeline_lines(context: MessageContext, last: int) -> list[str]:
    """Return the last rows of the timeline, oldest first; not each message that arrived."""
    rows = [event for event in context.timeline if event.kind is not EventKind.MESSAGE_SENT]
    return [
        f"{shown_instant(event.at)} {cut_at_word(one_line(event.text), 400)}"
        for event in rows[-last:]
    ]


def links(context: MessageContext) -> list[Link]:
    """Return where to read on: incident, runbook, dashboard; only what is a web address."""
    worst = worst_alert(context.incident)
    annotations = worst.annotations if worst is not None else {}
    wanted = [
        ("Incident", context.incident_url),
        ("Runbook", annotations.get("runbook_url", "")),
        ("Dashboard", annotations.get("dashboard_url", "")),
    ]
    return [Link(text=text, href=href) for text, href in wanted if is_web_address(href)]


def is_web_address(href: str) -> bool:
    """Say whether it is safe as a link: http(s) with a host, and no character that could end it."""
    if len(href) > _LINK_LENGTH or any(not c.isprintable() or c in " \"'<>|\\" for c in href):
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def shown_instant(at: datetime) -> str:
    """Return an instant for people: to the second, in UTC, and it says so."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
