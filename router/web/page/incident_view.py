"""What the list and the page of an incident show, as plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from router.channels.outcome import FailureReason
from router.incident.describe import (
    alert_name,
    cut_at_word,
    incident_description,
    one_line,
    ranked_alerts,
    worst_alert,
)
from router.incident.glance import SHOWN_LENGTH, IncidentGlance
from router.incident.model import Event, EventKind, Incident, IncidentAlert, IncidentState
from router.incident.reread import dropped_words, hiding_words, own_words
from router.language import Reader
from router.message.model import MessageKind
from router.message.summary import is_web_address
from router.oncall.model import PersonId, Roster
from router.store.messages import MessageState, StoredMessage

ALERTS_SHOWN: Final = 50
_LABEL_LENGTH: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An incident in one line."""

    number: int
    title: str
    state: str
    severity: str
    service: str
    place: str  # environment and region; empty when its alerts have none in common
    opened_at: datetime
    acknowledged_by: str
    resolved_at: datetime | None
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlert:
    """One alert with its labels in order."""

    fingerprint: str
    name: str
    severity: str
    firing: bool
    starts_at: datetime
    description: str
    labels: tuple[tuple[str, str], ...]
    suppressed_by: str
    generator_url: str  # empty: none that is a web address


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """One thing sent to one address, and what became of it."""

    at: datetime
    who: str
    channel: str
    outcome: str


def row_of(one: IncidentGlance, scope_labels: Sequence[str]) -> Row:
    """Return the line; `scope_labels` are those of environment and region."""
    labels = one.alerts.labels
    place = [labels[name] for name in scope_labels if name in labels]
    return Row(
        number=one.number,
        title=one.alerts.title,
        state=one.state,
        severity=one.severity,
        service=cut_at_word(labels.get("service", ""), SHOWN_LENGTH),
        place=cut_at_word("/".join(place), SHOWN_LENGTH),
        opened_at=one.opened_at,
        acknowledged_by=one.acknowledged_by or "",
        resolved_at=one.resolved_at,
        alerts=one.alerts.total,
    )


def firing_since(incident: Incident) -> datetime:
    """Return since when it fires: Alertmanager waits before it tells, so before the opening."""
    firing = [alert.starts_at for alert in incident.alerts.values() if alert.firing]
    return min([incident.opened_at, *firing])


def state_of(incident: Incident, reader: Reader) -> str:
    """Return who has it, or that nobody has, as one sentence."""
    by = incident.acknowledged_by or ""
    if incident.state is IncidentState.RESOLVED and incident.resolved_at is not None:
        lasted = incident.resolved_at - incident.opened_at
        if incident.resolved_by is not None:
            return reader.text(
                "Resolved by {name} at {at}, after {length}.",
                name=incident.resolved_by,
                at=incident.resolved_at,
                length=lasted,
            )
        return reader.text(
            "Resolved at {at}, after {length}.", at=incident.resolved_at, length=lasted
        )
    if incident.state is IncidentState.ACKNOWLEDGED and incident.acknowledged_at is not None:
        if incident.acknowledged_until is not None:
            return reader.text(
                "{name} has it until {until}.", name=by, until=incident.acknowledged_until
            )
        return reader.text("{name} has it since {at}.", name=by, at=incident.acknowledged_at)
    return reader.text("Nobody has acknowledged it.")


def alerts_of(incident: Incident) -> list[ShownAlert]:
    """Return the worst of the alerts, those that fire first."""
    firing = ranked_alerts(incident)
    known = {alert.fingerprint for alert in firing}
    others = [alert for alert in incident.alerts.values() if alert.fingerprint not in known]
    return [_alert(alert) for alert in [*firing, *others][:ALERTS_SHOWN]]


def links_of(incident: Incident) -> tuple[str, str]:
    """Return the worst alert's links to runbook and dashboard; empty where it is no web address."""
    worst = worst_alert(incident)
    annotations = worst.annotations if worst is not None else {}
    found = [annotations.get(name, "") for name in ("runbook_url", "dashboard_url")]
    runbook, dashboard = (href if is_web_address(href) else "" for href in found)
    return runbook, dashboard


def value_of(incident: Incident) -> str:
    """Return what the worst alert says of its value, its budget, its meaning."""
    return incident_description(incident)


def told_timeline(timeline: Iterable[Event]) -> list[Event]:
    """Return the rows, the newest first."""
    return list(timeline)[::-1]


def messages_of(
    messages: Iterable[StoredMessage], roster: Roster, reader: Reader
) -> list[ShownMessage]:
    """Return who was told what, the newest first."""
    return [
        ShownMessage(
            at=one.ended_at or one.created_at,
            who=_who(one, roster, reader),
            channel=f"{one.message.address.channel} {one.message.address.address}",
            outcome=_outcome(one, reader),
        )
        for one in reversed(list(messages))
    ]


def reasons_for(messages: Iterable[StoredMessage], person: PersonId | None) -> list[StoredMessage]:
    """Return the pages that went to one person, the newest first: why them is in each."""
    if person is None:
        return []
    mine = (one for one in messages if one.message.person == person and one.message.kind.wakes)
    by_reason = {str(one.message.because): one for one in mine}
    return sorted(by_reason.values(), key=lambda one: one.created_at, reverse=True)


def _alert(alert: IncidentAlert) -> ShownAlert:
    return ShownAlert(
        fingerprint=alert.fingerprint,
        name=alert_name(alert),
        severity=alert.severity,
        firing=alert.firing,
        starts_at=alert.starts_at,
        description=own_words(alert.labels, one_line(alert.annotations.get("description", ""))),
        labels=tuple(
            (one_line(name), cut_at_word(one_line(value), _LABEL_LENGTH))
            for name, value in sorted(alert.labels.items())
        ),
        suppressed_by=hiding_words(alert.suppressed_by) if alert.suppressed_by else "",
        generator_url=alert.generator_url if is_web_address(alert.generator_url) else "",
    )


def _who(stored: StoredMessage, roster: Roster, reader: Reader) -> str:
    person = stored.message.person
    if person is not None:
        return roster.name_of(person)
    return reader.text("everybody there")


def _outcome(stored: StoredMessage, reader: Reader) -> str:
    kind = {
        MessageKind.PAGE: reader.text("page"),
        MessageKind.DIGEST: reader.text("page for several incidents"),
        MessageKind.ACKNOWLEDGE: reader.text("that somebody has it"),
        MessageKind.RESOLVE: reader.text("that it is over"),
        MessageKind.NOTICE: reader.text("notice"),
        MessageKind.ESCALATION: reader.text("step"),
        MessageKind.SUMMARY: reader.text("summary"),
        MessageKind.ANNOUNCEMENT: reader.text("announcement"),
    }[stored.message.kind]
    if stored.carried_by is not None and stored.state is MessageState.DROPPED:
        return reader.text("{kind}: told together with others", kind=kind)
    state = {
        MessageState.PENDING: reader.text("waits"),
        MessageState.SENDING: reader.text("is being sent"),
        MessageState.SENT: reader.text("accepted"),
        MessageState.FAILED: reader.text("given up"),
        MessageState.DROPPED: reader.text("not needed any more"),
    }[stored.state]
    tried = ""
    if stored.attempts > 1:
        tried = reader.text("tried {count} times", count=stored.attempts)
    told = [f"{kind}: {state}", tried, _reason(stored, reader)]
    return "; ".join(part for part in told if part)


def _reason(stored: StoredMessage, reader: Reader) -> str:
    """Return why it is so: our sentence, or after a failed attempt what the other side said."""
    detail = one_line(stored.detail or "")
    if stored.reason is None or stored.state is MessageState.DROPPED:
        return reader.say(dropped_words(detail))
    reasons: dict[str, str] = {
        FailureReason.UNREACHABLE: reader.text("it could not be reached"),
        FailureReason.RATE_LIMITED: reader.text("it takes no more for the moment"),
        FailureReason.PROVIDER_ERROR: reader.text("there is a fault over there"),
        FailureReason.CREDENTIALS: reader.text("what we log in with is missing or refused"),
        FailureReason.ADDRESS: reader.text("the address is refused"),
        FailureReason.CONTENT: reader.text("what we sent is refused"),
        FailureReason.INTERNAL: reader.text("a mistake of our own, which the log has"),
        FailureReason.EXPIRED: reader.text("it failed for so long that it is old"),
    }
    why = reasons.get(stored.reason, stored.reason)
    return reader.text("{why}: “{answer}”", why=why, answer=detail) if detail else why


def is_told(event: Event) -> bool:
    """Say whether a row of the timeline belongs into a review: not each message that arrived."""
    return event.kind is not EventKind.MESSAGE_SENT
