"""A page as an event of PagerDuty's Events API v2."""

import hashlib
from typing import Any

from guardia.severity import Severity
from router.incident.describe import cut_at_word, incident_labels, one_line
from router.message.model import MessageContext, MessageKind
from router.message.summary import (
    alert_lines,
    description,
    headline,
    is_web_address,
    label_lines,
    links,
    state_sentence,
)

# Source: PagerDuty developer documentation, "Send an Alert Event".
SUMMARY_LENGTH = 1024
DEDUP_KEY_LENGTH = 255
_FIELD_LENGTH = 255

_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
}
_ACTIONS = {
    MessageKind.PAGE: "trigger",
    MessageKind.ACKNOWLEDGE: "acknowledge",
    MessageKind.RESOLVE: "resolve",
}


def render_event(context: MessageContext, routing_key: str) -> dict[str, Any]:
    """Return the event to post: trigger, acknowledge or resolve, by the message's kind.

    The event is always within PagerDuty's limits: each part is cut so that the
    whole stays below 512,000 bytes even where JSON writes a character as 12.
    Raises ValueError for a notice: PagerDuty only wakes people.
    """
    kind = context.message.kind
    if kind not in _ACTIONS:
        raise ValueError(f"PagerDuty takes no message of kind {kind}")
    event = {
        "routing_key": routing_key,
        "event_action": _ACTIONS[kind],
        "dedup_key": _dedup_key(context.message.dedup_key),
    }
    if kind is not MessageKind.PAGE:
        return event
    return event | _trigger(context)


def _dedup_key(key: str) -> str:
    """Return the key, or what stands for one that PagerDuty would refuse; the same each time."""
    return key if len(key) <= DEDUP_KEY_LENGTH else hashlib.sha256(key.encode()).hexdigest()


def _trigger(context: MessageContext) -> dict[str, Any]:
    labels = incident_labels(context.incident)
    event: dict[str, Any] = {
        "payload": {
            "summary": cut_at_word(headline(context), SUMMARY_LENGTH),
            "source": _source(labels),
            "severity": _SEVERITIES[context.incident.severity],
            "timestamp": context.incident.opened_at.isoformat(),
            "custom_details": _details(context),
            **_grouping(labels),
        },
        "client": "Guardia",
        "links": [{"href": link.href, "text": link.text} for link in links(context)],
    }
    if is_web_address(context.incident_url):
        event["client_url"] = context.incident_url
    return event


def _source(labels: dict[str, str]) -> str:
    parts = [one_line(labels.get(name, "")) for name in ("service", "environment")]
    source = "/".join(part for part in parts if part) or one_line(labels.get("instance", ""))
    return cut_at_word(source, _FIELD_LENGTH) or "Guardia"


def _grouping(labels: dict[str, str]) -> dict[str, str]:
    wanted = {"component": "service", "group": "team", "class": "alertname"}
    fields = {field: one_line(labels.get(label, "")) for field, label in wanted.items()}
    return {field: cut_at_word(text, _FIELD_LENGTH) for field, text in fields.items() if text}


def _details(context: MessageContext) -> dict[str, Any]:
    details = {
        "why you": cut_at_word(one_line(context.message.because), 1000),
        "state": state_sentence(context),
        "description": cut_at_word(description(context), 2000),
        "alerts": alert_lines(context),
        "labels": dict(label_lines(context)),
    }
    return {name: detail for name, detail in details.items() if detail}
