"""One message for all that waited for a channel's hours, as plain text that is not escaped yet.

Slack edits one message an incident in place. A summary is none of these: it
tells once how things stood, and stays as it is. An incident that is told by it
and changes later gets a message of its own then, which is edited from there on.
"""

from dataclasses import dataclass
from typing import Any

from router.incident.describe import cut_at_word, incident_labels, incident_title, one_line
from router.incident.model import Incident, IncidentState
from router.incident.words import severity_word
from router.language import Reader
from router.message.model import Carried, MessageContext, Told
from router.message.summary import holder, is_web_address, more
from router.phrase import Phrase, listed

SHOWN = 20  # lines of open incidents, and of those that are over
LINE_LENGTH = 220  # 40 of them and the links stay below what Slack refuses
_WHERE = ("service", "environment", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine:
    """One incident in one line; `href` is a checked address, or empty."""

    number: int
    text: str
    href: str


def carried_by(context: MessageContext) -> Carried:
    """Return what a summary or a digest tells. Raises ValueError for any other message."""
    if context.carried is None:
        raise ValueError("only a summary and a digest tell several incidents")
    return context.carried


def held_headline(carried: Carried, reader: Reader) -> str:
    """Return how many incidents waited, and how many go on."""
    count, still_open = carried.open_count + carried.over_count, carried.open_count
    what = reader.counted(
        "{count} incident outside of hours", "{count} incidents outside of hours", count
    )
    if not still_open:
        return f"{what}, {reader.text('all over')}"
    return f"{what}, {reader.counted('{count} still open', '{count} still open', still_open)}"


def open_lines(context: MessageContext) -> list[HeldLine]:
    """Return a line an incident that goes on; `open_left_out` counts the rest."""
    told = [one for one in carried_by(context).told if one.incident.is_open]
    return [open_line(one, context) for one in told[:SHOWN]]


def over_lines(context: MessageContext) -> list[HeldLine]:
    """Return a line an incident that is over; `over_left_out` counts the rest."""
    told = [one for one in carried_by(context).told if not one.incident.is_open]
    return [over_line(one, context) for one in told[:SHOWN]]


def open_left_out(context: MessageContext) -> str:
    """Return `+ N more`, or nothing when each incident that goes on has its line."""
    return more(context.reader, carried_by(context).open_count - len(open_lines(context)))


def over_left_out(context: MessageContext) -> str:
    """Return `+ N more`, or nothing when each incident that is over has its line."""
    return more(context.reader, carried_by(context).over_count - len(over_lines(context)))


def told_summary(context: MessageContext) -> dict[str, Any]:
    """Return what our own templates of a summary see."""
    return {
        "headline": held_headline(carried_by(context), context.reader),
        "open": open_lines(context),
        "open_left_out": open_left_out(context),
        "over": over_lines(context),
        "over_left_out": over_left_out(context),
    }


def open_line(told: Told, context: MessageContext) -> HeldLine:
    """Return the line of an incident that goes on."""
    return _line(told, _open_text(told.incident, context))


def over_line(told: Told, context: MessageContext) -> HeldLine:
    """Return the line of an incident that is over."""
    return _line(told, _over_text(told.incident, context.reader))


def _line(told: Told, text: str) -> HeldLine:
    href = told.url if is_web_address(told.url) else ""
    shown = cut_at_word(f"#{told.number} {text}", LINE_LENGTH)
    return HeldLine(number=told.number, text=shown, href=href)


def _open_text(incident: Incident, context: MessageContext) -> str:
    """Return severity, since when, who has it, and what it is: what may be long comes last."""
    since = min([incident.opened_at, *(alert.starts_at for alert in incident.firing)])
    severity, title = severity_word(incident.severity), _title(incident)
    if incident.state is not IncidentState.ACKNOWLEDGED:
        return context.reader.text(
            "{severity} since {at}: {title}", severity=severity, at=since, title=title
        )
    return context.reader.text(
        "{severity} since {at}, acknowledged by {person}: {title}",
        severity=severity,
        at=since,
        person=cut_at_word(holder(context, incident), 60),
        title=title,
    )


def _over_text(incident: Incident, reader: Reader) -> str:
    severity, title = severity_word(incident.severity), _title(incident)
    ended_at = incident.resolved_at
    if ended_at is None:
        return reader.text("{severity}, resolved: {title}", severity=severity, title=title)
    return reader.text(
        "{severity}, resolved at {at}, after {lasted}: {title}",
        severity=severity,
        at=ended_at,
        lasted=ended_at - incident.opened_at,
        title=title,
    )


def _title(incident: Incident) -> Phrase:
    return listed(incident_title(incident), _where(incident), by="")


def _where(incident: Incident) -> str:
    labels = incident_labels(incident)
    pairs = [
        f"{name}={cut_at_word(one_line(labels[name]), 60)}" for name in _WHERE if labels.get(name)
    ]
    return f" ({', '.join(pairs)})" if pairs else ""
