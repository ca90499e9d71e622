"""What every channel tells of an incident, as plain text that is not escaped yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from guardia.duration import spoken_duration
from router.incident.describe import (
    alert_name,
    cut_at_word,
    incident_labels,
    incident_title,
    one_line,
    ranked_alerts,
    worst_alert,
)
from router.incident.model import EventKind, IncidentAlert, IncidentState
from router.message.model import MessageContext
from router.oncall.model import PersonId, is_service

_ALERTS_SHOWN = 20
_LABELS_SHOWN = 30
_PAIRS_SHOWN = 8  # labels within a line
_DESCRIPTION_LENGTH = 5000
_TIMELINE_ROWS = 10
_LINK_LENGTH = 2000  # what browsers, PagerDuty and Slack all take


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A checked http(s) address and our own word for it."""

    text: str
    href: str


def told(context: MessageContext) -> dict[str, Any]:
    """Return what templates see, as plain text; docs/operations/channels.md lists it."""
    incident = context.incident
    return {
        "number": context.message.incident_number,
        "kind": str(context.message.kind),
        "severity": str(incident.severity),
        "standing": str(incident.state),
        "title": incident_title(incident),
        "headline": headline(context),
        "state": state_sentence(context),
        "who": paging_sentence(context),
        "description": cut_at_word(description(context), _DESCRIPTION_LENGTH),
        "because": one_line(context.message.because),
        "links": links(context),
        "alerts": alert_lines(context),
        "labels": label_lines(context),
        "label": {
            name: cut_at_word(one_line(value), _DESCRIPTION_LENGTH)
            for name, value in incident_labels(incident).items()
        },
        "timeline": timeline_lines(context, _TIMELINE_ROWS),
    }


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
    firing = [alert for alert in incident.alerts.values() if alert.firing]
    told = f"{len(firing)} alerts fire" if len(firing) > 1 else "Firing"
    # Alertmanager waits before it tells, so the trouble is older than the incident.
    since = min([incident.opened_at, *(alert.starts_at for alert in firing)])
    return f"{told} since {shown_instant(since)}; nobody has acknowledged it yet."


def paging_sentence(context: MessageContext) -> str:
    """Return who is paged and who is next; empty once nobody has to be woken."""
    if context.incident.state is not IncidentState.TRIGGERED:
        return ""
    paged = f"Paged: {_names(context, context.paged)}." if context.paged else ""
    following = context.following
    if following is not None:
        at = shown_instant(following.at)
        told = f"Next: {_names(context, following.people)} at {at}, unless somebody acknowledges."
    else:
        told = "Nobody is left to page." if paged else "This wakes nobody."
        if any(is_service(person) for person in context.paged):
            told = "PagerDuty escalates it from here."
    return f"{paged} {told}".strip()


def description(context: MessageContext) -> str:
    """Return the worst alert's description as one line; empty when it has none."""
    worst = worst_alert(context.incident)
    return one_line(worst.annotations.get("description", "")) if worst is not None else ""


def alert_lines(context: MessageContext) -> list[str]:
    """Return one line an alert with the labels that tell it from the others; many are counted."""
    alerts = ranked_alerts(context.incident)
    differing = _differing_labels(alerts)
    lines = [
        f"{alert.severity}: {alert_name(alert)}"
        + "".join(
            f", {_pair(name, alert.labels[name])}" for name in differing if name in alert.labels
        )
        + (f", since {shown_instant(alert.starts_at)}" if alert.firing else ", resolved")
        for alert in alerts[:_ALERTS_SHOWN]
    ]
    more = len(alerts) - len(lines)
    return [*lines, f"+ {more} more"] if more else lines


def label_lines(context: MessageContext) -> list[tuple[str, str]]:
    """Return the labels that all alerts share, each value on one line of bearable length."""
    labels = sorted(incident_labels(context.incident).items())
    lines = [
        (cut_at_word(one_line(name), 100), cut_at_word(one_line(value), 500))
        for name, value in labels[:_LABELS_SHOWN]
    ]
    more = len(labels) - len(lines)
    return [*lines, ("…", f"+ {more} more")] if more else lines


def place_line(context: MessageContext) -> str:
    """Return the shared labels that no other line tells, as one short line."""
    told_elsewhere = ("alertname", "severity")
    pairs = [
        _pair(name, value)
        for name, value in sorted(incident_labels(context.incident).items())
        if name not in told_elsewhere
    ]
    more = len(pairs) - _PAIRS_SHOWN
    return ", ".join(pairs[:_PAIRS_SHOWN]) + (f", + {more} more" if more > 0 else "")


def _differing_labels(alerts: Sequence[IncidentAlert]) -> list[str]:
    """Return labels whose values differ among the alerts; not those that a line has anyway."""
    told_anyway = {"alertname", "service", "instance", "severity"}
    names = {name for alert in alerts for name in alert.labels} - told_anyway
    differing = [name for name in names if len({alert.labels.get(name) for alert in alerts}) > 1]
    return sorted(differing)[:_PAIRS_SHOWN]


def _pair(name: str, value: str) -> str:
    return f"{cut_at_word(one_line(name), 50)}={cut_at_word(one_line(value), 80)}"


def _names(context: MessageContext, people: Iterable[PersonId]) -> str:
    return ", ".join(one_line(context.names.get(person, person)) for person in people)


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
