"""A page as an event of PagerDuty's Events API v2."""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import Any

from guardia.severity import Severity
from router.incident.describe import cut_at_word, incident_labels, one_line
from router.language import Reader
from router.message.digest import digest_lines, digest_rest, digest_sentence
from router.message.held import carried_by
from router.message.model import MessageContext, MessageKind, page_name
from router.message.summary import (
    alert_lines,
    because,
    description,
    headline,
    is_web_address,
    links,
    more,
    paging_sentence,
    state_sentence,
    told,
)

# Source: PagerDuty developer documentation, "Send an Alert Event".
SUMMARY_LENGTH = 1024
DEDUP_KEY_LENGTH = 255
# "512 KB" in the smaller of its two meanings, with some room to spare. Source: PagerDuty
# developer documentation, "Events API v2 Overview", size limits.
BODY_BYTES = 500_000
_FIELD_LENGTH = 255
_LABELS_SENT = 100  # the names alone always fit
_SHORTEST = 16  # characters of a text that is cut; at that, whatever is left fits
_CUT_NAMED = 10
_INCIDENTS_LINKED = 10

_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
}
_ACTIONS = {
    MessageKind.PAGE: "trigger",
    MessageKind.DIGEST: "trigger",
    MessageKind.ACKNOWLEDGE: "acknowledge",
    MessageKind.RESOLVE: "resolve",
}


def render_event(context: MessageContext, routing_key: str) -> dict[str, Any]:
    """Return the event to post: trigger, acknowledge or resolve, by the message's kind.

    The event is always within PagerDuty's limits. What is too large as a whole
    loses the ends of its longest label values first, then of all its longest
    texts, and says so in `shortened`.
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
    if not kind.wakes:
        return event
    trigger = _trigger_digest if kind is MessageKind.DIGEST else _trigger
    return _within_limit(event | trigger(context), context.reader)


def _dedup_key(key: str) -> str:
    """Return the key, or what stands for one that PagerDuty would refuse; the same each time."""
    return key if len(key) <= DEDUP_KEY_LENGTH else hashlib.sha256(key.encode()).hexdigest()


def _trigger(context: MessageContext) -> dict[str, Any]:
    labels = incident_labels(context.incident)
    event: dict[str, Any] = {
        "payload": {
            "summary": cut_at_word(_summary(context), SUMMARY_LENGTH),
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
        event["client_url"] = _link_back(context)
    return event


def _link_back(context: MessageContext) -> str:
    """Return the link that their events repeat: its end tells the pages of an incident apart."""
    return f"{context.incident_url}#{page_name(context.message.dedup_key)}"


def _trigger_digest(context: MessageContext) -> dict[str, Any]:
    """Return what one page tells of many incidents; each has its number in it."""
    told = carried_by(context).told
    lines = digest_lines(context)
    linked = [line for line in lines if line.href][:_INCIDENTS_LINKED]
    details = {
        "why you": because(context),
        "incidents": [line.text for line in lines],
        "also": digest_rest(context, after=len(lines)),
    }
    event: dict[str, Any] = {
        "payload": {
            "summary": cut_at_word(digest_sentence(context), SUMMARY_LENGTH),
            "source": "Guardia",
            "severity": _SEVERITIES[(told[0].incident if told else context.incident).severity],
            "timestamp": min(
                (one.incident.opened_at for one in told), default=context.now
            ).isoformat(),
            "custom_details": {name: detail for name, detail in details.items() if detail},
        },
        "client": "Guardia",
        "links": [{"href": line.href, "text": f"#{line.number}"} for line in linked],
    }
    if is_web_address(context.incident_url):
        event["client_url"] = _link_back(context)
    return event


def _summary(context: MessageContext) -> str:
    own = context.templates.render("pagerduty.txt", partial(told, context))
    return headline(context) if own is None else one_line(own)


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
        "why you": because(context),
        "state": state_sentence(context),
        "who": paging_sentence(context),
        "description": description(context),
        "alerts": alert_lines(context),
        "labels": _labels(context),
    }
    return {name: detail for name, detail in details.items() if detail}


def _labels(context: MessageContext) -> dict[str, str]:
    labels = sorted(incident_labels(context.incident).items())
    sent = {
        cut_at_word(one_line(name), 100): one_line(value[:BODY_BYTES])
        for name, value in labels[:_LABELS_SENT]
    }
    left_out = more(context.reader, len(labels) - _LABELS_SENT)
    return sent | ({"…": left_out} if left_out else {})


def _within_limit(event: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """Return the event, or the most of it that PagerDuty takes."""
    if _size(event) <= BODY_BYTES:
        return event

    def with_labels_of(length: int) -> dict[str, Any]:
        return _with_details(event, lambda details: _cut_labels(details, length, reader))

    def with_texts_of(length: int) -> dict[str, Any]:
        return _with_details(event, lambda details: _cut_texts(details, length, reader))

    length = _greatest_length(with_labels_of)
    if length is not None:
        return with_labels_of(length)
    return with_texts_of(_greatest_length(with_texts_of) or _SHORTEST)


def _greatest_length(event_of: Callable[[int], dict[str, Any]]) -> int | None:
    """Return the greatest length of texts at which the event fits; None when it never does."""
    lengths = range(_SHORTEST, BODY_BYTES)
    too_long = bisect_left(lengths, True, key=lambda n: _size(event_of(n)) > BODY_BYTES)
    return lengths[too_long - 1] if too_long else None


def _size(event: dict[str, Any]) -> int:
    return len(json.dumps(event))  # as it is sent: ASCII, other characters as `\u` and digits


def _with_details(
    event: dict[str, Any], cut: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    payload = event["payload"]
    return event | {"payload": payload | {"custom_details": cut(payload["custom_details"])}}


def _cut_labels(details: dict[str, Any], length: int, reader: Reader) -> dict[str, Any]:
    """Return the details with longer label values cut, and with the names of those labels."""
    labels = details.get("labels", {})
    cut = [name for name, value in labels.items() if len(value) > length]
    left_out = more(reader, len(cut) - _CUT_NAMED)
    return details | {
        "labels": {name: cut_at_word(value, length) for name, value in labels.items()},
        "shortened": reader.text(
            "The values of these labels were cut after {length} characters: {labels}.",
            length=length,
            labels=", ".join([*cut[:_CUT_NAMED], *([left_out] if left_out else [])]),
        ),
    }


def _cut_texts(details: dict[str, Any], length: int, reader: Reader) -> dict[str, Any]:
    """Return the details with every longer text cut."""

    def cut(detail: Any) -> Any:
        match detail:
            case dict():
                return {name: cut(text) for name, text in detail.items()}
            case list():
                return [cut(text) for text in detail]
            case _:
                return cut_at_word(detail, length)

    told = reader.text(
        "Every text was cut after {length} characters: more is too much for PagerDuty.",
        length=length,
    )
    return {name: cut(detail) for name, detail in details.items()} | {"shortened": told}
