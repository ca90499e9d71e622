"""A message as JSON for a receiver of one's own; docs/operations/channels.md is its contract."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from router.incident.describe import (
    cut_at_word,
    incident_labels,
    incident_title,
    ranked_alerts,
)
from router.incident.model import Incident, IncidentAlert
from router.message.digest import digest_headline
from router.message.held import carried_by, held_headline
from router.message.model import Carried, MessageContext, MessageKind
from router.message.summary import (
    because,
    description,
    headline,
    is_web_address,
    links,
    paging_sentence,
    state_sentence,
)
from router.oncall.model import PersonId

# Raised when a field goes or changes its meaning; a new field does not raise it.
VERSION: Final = 1

_ALERTS_SENT = 100
_VALUE_LENGTH = 4096
_PAIRS_SENT = 100
_NUMBERS_SENT = 1000


def render_body(context: MessageContext) -> bytes:
    """Return the JSON object that tells how the incident stands now, in ASCII.

    Labels and annotations are as they came, whatever they hold: JSON escapes
    them, and who shows them must escape them again. `id` is the same for every
    attempt to send the same thing.
    """
    if context.message.kind is MessageKind.SUMMARY:
        return _summary(context)
    if context.message.is_of_digest:
        return _digest(context)
    message, incident = context.message, context.incident
    alerts = ranked_alerts(incident)
    body = {
        "version": VERSION,
        "id": message.dedup_key,
        "kind": message.kind,
        "sent_at": _time(context.now),
        "person": _person(context, message.person) if message.person is not None else None,
        "because": because(context),
        "incident": _incident(context, message.incident_number, incident, context.incident_url),
        "text": {
            "headline": headline(context),
            "state": state_sentence(context),
            "paging": paging_sentence(context),
            "description": cut_at_word(description(context), _VALUE_LENGTH),
        },
        "paged": [_person(context, one) for one in context.paged],
        "next": _following(context),
        "labels": _pairs(incident_labels(incident).items()),
        "alerts": [_alert(alert) for alert in alerts[:_ALERTS_SENT]],
        "alerts_left_out": max(0, len(alerts) - _ALERTS_SENT),
        "links": [{"text": link.text, "href": link.href} for link in links(context)],
    }
    return json.dumps(body).encode("ascii")


def _summary(context: MessageContext) -> bytes:
    """Return what waited for the hours: `incidents` in place of one incident and its alerts."""
    carried = carried_by(context)
    body = {
        "version": VERSION,
        "id": context.message.dedup_key,
        "kind": context.message.kind,
        "sent_at": _time(context.now),
        "text": {"headline": held_headline(carried, context.reader)},
        "incidents": _told(context, carried),
        "incidents_open": carried.open_count,
        "incidents_left_out": carried.open_count + carried.over_count - len(carried.told),
    }
    return json.dumps(body).encode("ascii")


def _digest(context: MessageContext) -> bytes:
    """Return one page for many incidents, or what became of it: `incidents`, as in a summary."""
    carried, message = carried_by(context), context.message
    body = {
        "version": VERSION,
        "id": message.dedup_key,
        "kind": message.kind,
        "sent_at": _time(context.now),
        "person": _person(context, message.person) if message.person is not None else None,
        "because": because(context),
        "text": {"headline": digest_headline(carried, context.reader)},
        "incidents": _told(context, carried),
        "incidents_open": carried.open_count,
        "incidents_triggered": carried.triggered_count,
        "incidents_left_out": len(carried.others),
        "numbers_left_out": list(carried.others[:_NUMBERS_SENT]),
    }
    return json.dumps(body).encode("ascii")


def _told(context: MessageContext, carried: Carried) -> list[dict[str, Any]]:
    return [
        _incident(context, one.number, one.incident, one.url)
        | {"labels": _pairs(incident_labels(one.incident).items())}
        for one in carried.told
    ]


def _incident(context: MessageContext, number: int, incident: Incident, url: str) -> dict[str, Any]:
    return {
        "number": number,
        "url": url if is_web_address(url) else None,
        "state": incident.state,
        "severity": incident.severity,
        "title": context.reader.say(incident_title(incident)),
        "opened_at": _time(incident.opened_at),
        "acknowledged_at": _time(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": _time(incident.resolved_at),
    }


def _following(context: MessageContext) -> dict[str, Any] | None:
    following = context.following
    if following is None or not context.incident.is_open:
        return None
    people = [_person(context, one) for one in following.people]
    return {"at": _time(following.at), "people": people}


def _person(context: MessageContext, person: PersonId) -> dict[str, str]:
    return {"id": person, "name": context.names.get(person, person)}


def _alert(alert: IncidentAlert) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "labels": _pairs(alert.labels.items()),
        "annotations": _pairs(alert.annotations.items()),
        "firing": alert.firing,
        "severity": alert.severity,
        "starts_at": _time(alert.starts_at),
        "ended_at": _time(alert.ended_at),
        "generator_url": cut_at_word(alert.generator_url, _VALUE_LENGTH),
    }


def _pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {
        cut_at_word(name, _VALUE_LENGTH): cut_at_word(value, _VALUE_LENGTH)
        for name, value in sorted(pairs)[:_PAIRS_SENT]
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
