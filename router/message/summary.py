"""What every channel tells of an incident, as plain text that is not escaped yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never
from urllib.parse import urlsplit

from router.incident.describe import (
    alert_name,
    cut_at_word,
    incident_description,
    incident_labels,
    incident_title,
    one_line,
    ranked_alerts,
    worst_alert,
)
from router.incident.model import EventKind, Incident, IncidentAlert, IncidentState
from router.incident.words import severity_word
from router.language import Reader
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
        "language": context.reader.language,
        "title": context.reader.say(incident_title(incident)),
        "headline": headline(context),
        "state": state_sentence(context),
        "who": paging_sentence(context),
        "description": cut_at_word(description(context), _DESCRIPTION_LENGTH),
        "because": because(context),
        "links": links(context),
        "alerts": alert_lines(context),
        "labels": label_lines(context),
        "label": {
            name: cut_at_word(one_line(value), _DESCRIPTION_LENGTH)
            for name, value in incident_labels(incident).items()
        },
        "timeline": timeline_lines(context, _TIMELINE_ROWS),
    }


def because(context: MessageContext) -> str:
    """Return why it is sent to whom it is sent, on one line; empty where nothing says so."""
    return one_line(context.reader.say(context.message.because))


def headline(context: MessageContext) -> str:
    """Return one line: number, how it stands, what is wrong."""
    reader, incident = context.reader, context.incident
    number, title = context.message.incident_number, reader.say(incident_title(incident))
    severity = severity_word(incident.severity)
    match incident.state:
        case IncidentState.TRIGGERED:
            return f"#{number} {reader.say(severity)}: {title}"
        case IncidentState.ACKNOWLEDGED:
            return reader.text(
                "#{number} {severity}, acknowledged: {title}",
                number=number,
                severity=severity,
                title=title,
            )
        case IncidentState.RESOLVED:
            return reader.text("#{number} resolved: {title}", number=number, title=title)
        case _:
            assert_never(incident.state)


def state_sentence(context: MessageContext) -> str:
    """Return who has it, or since when it fires, or when it ended."""
    reader, incident = context.reader, context.incident
    if incident.state is IncidentState.RESOLVED and incident.resolved_at is not None:
        lasted = incident.resolved_at - incident.opened_at
        return reader.text(
            "Resolved at {at}, after {lasted}.", at=incident.resolved_at, lasted=lasted
        )
    if incident.state is IncidentState.ACKNOWLEDGED and incident.acknowledged_at is not None:
        at = incident.acknowledged_at
        return reader.text(
            "Acknowledged by {person} at {at}.", person=holder(context, incident), at=at
        )
    firing = [alert for alert in incident.alerts.values() if alert.firing]
    # Alertmanager waits before it tells, so the trouble is older than the incident.
    since = min([incident.opened_at, *(alert.starts_at for alert in firing)])
    return reader.counted(
        "Firing since {since}; nobody has acknowledged it yet.",
        "{count} alerts fire since {since}; nobody has acknowledged it yet.",
        max(len(firing), 1),
        since=since,
    )


def holder(context: MessageContext, incident: Incident) -> str:
    """Return who has acknowledged an incident, by name, on one line."""
    by = PersonId(incident.acknowledged_by or "")
    return one_line(context.names.get(by, by)) or context.reader.text("somebody")


def paging_sentence(context: MessageContext) -> str:
    """Return who is paged and who is next; empty once nobody has to be woken."""
    if context.incident.state is not IncidentState.TRIGGERED:
        return ""
    following = _following(context)
    if not context.paged:
        return following
    paged = context.reader.text("Paged: {people}.", people=_names(context, context.paged))
    return f"{paged} {following}"


def _following(context: MessageContext) -> str:
    reader, following = context.reader, context.following
    if following is not None:
        return reader.text(
            "Next: {people} at {at}, unless somebody acknowledges.",
            people=_names(context, following.people),
            at=following.at,
        )
    if any(is_service(person) for person in context.paged):
        return reader.text("PagerDuty escalates it from here.")
    if context.paged:
        return reader.text("Nobody is left to page.")
    return reader.text("This wakes nobody.")


def description(context: MessageContext) -> str:
    """Return the worst alert's description as one line; empty when it has none."""
    return context.reader.say(incident_description(context.incident))


def alert_lines(context: MessageContext) -> list[str]:
    """Return one line an alert with the labels that tell it from the others; many are counted."""
    alerts = ranked_alerts(context.incident)
    differing = _differing_labels(alerts)
    lines = [_alert_line(context.reader, alert, differing) for alert in alerts[:_ALERTS_SHOWN]]
    left_out = more(context.reader, len(alerts) - len(lines))
    return [*lines, left_out] if left_out else lines


def _alert_line(reader: Reader, alert: IncidentAlert, differing: Iterable[str]) -> str:
    name = f"{reader.say(severity_word(alert.severity))}: {reader.say(alert_name(alert))}"
    pairs = [_pair(label, alert.labels[label]) for label in differing if label in alert.labels]
    told = ", ".join([name, *pairs])
    if not alert.firing:
        return reader.text("{alert}, resolved", alert=told)
    return reader.text("{alert}, since {at}", alert=told, at=alert.starts_at)


def more(reader: Reader, count: int) -> str:
    """Return `+ 5 more`, or nothing when nothing is left out."""
    return reader.text("+ {count} more", count=count) if count > 0 else ""


def label_lines(context: MessageContext) -> list[tuple[str, str]]:
    """Return the labels that all alerts share, each value on one line of bearable length."""
    labels = sorted(incident_labels(context.incident).items())
    lines = [
        (cut_at_word(one_line(name), 100), cut_at_word(one_line(value), 500))
        for name, value in labels[:_LABELS_SHOWN]
    ]
    left_out = more(context.reader, len(labels) - len(lines))
    return [*lines, ("…", left_out)] if left_out else lines


def place_line(context: MessageContext) -> str:
    """Return the shared labels that no other line tells, as one short line."""
    told_elsewhere = ("alertname", "severity")
    pairs = [
        _pair(name, value)
        for name, value in sorted(incident_labels(context.incident).items())
        if name not in told_elsewhere
    ]
    left_out = more(context.reader, len(pairs) - _PAIRS_SHOWN)
    return ", ".join([*pairs[:_PAIRS_SHOWN], *([left_out] if left_out else [])])


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
    reader = context.reader
    rows = [event for event in context.timeline if event.kind is not EventKind.MESSAGE_SENT]
    return [
        f"{reader.instant(event.at, seconds=True)}"
        f" {cut_at_word(one_line(reader.say(event.text)), 400)}"
        for event in rows[-last:]
    ]


def links(context: MessageContext) -> list[Link]:
    """Return where to read on: incident, runbook, dashboard; only what is a web address."""
    worst = worst_alert(context.incident)
    annotations = worst.annotations if worst is not None else {}
    reader = context.reader
    wanted = [
        (reader.text("Incident"), context.incident_url),
        (reader.text("Runbook"), annotations.get("runbook_url", "")),
        (reader.text("Dashboard"), annotations.get("dashboard_url", "")),
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
