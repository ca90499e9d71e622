"""What the worker decides: each function is the work of one transaction (G5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection

from router.catalog import OnCallCatalog
from router.escalation.decide import decide, start, stop
from router.incident.apply import acknowledge, apply_notification, incident_key
from router.incident.describe import incident_labels
from router.incident.model import Change, Event, EventKind, Incident
from router.intake.notification import Notification, parse_notification
from router.routing import Routed, decide_route
from router.store.incidents import (
    find_incident,
    find_last_by_key,
    list_holders,
    record_channels,
    record_events,
    record_incident,
)
from router.store.notifications import (
    claim_notification,
    is_repeated,
    record_applied,
    record_failed_application,
)
from router.store.timers import (
    find_timer,
    record_escalation,
    record_failed_decision,
    record_started,
)
from router.worker.outbox import Outbox
from router.worker.retry import backoff

Applied = Literal["changed", "unchanged", "repeated", "elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The rules in force: one edition of the catalog, and where messages are written."""

    catalog: OnCallCatalog
    outbox: Outbox

    def apply(self, tx: Connection, notification: int, *, now: datetime) -> Applied:
        """Apply a stored notification to its incidents and take it off the list.

        Returns "elsewhere" when it was applied meanwhile, or another replica is at it.
        """
        stored = claim_notification(tx, notification)
        if stored is None:
            return "elsewhere"
        repeated = is_repeated(tx, stored)
        record_applied(tx, stored.id, repeated=repeated)
        if repeated:
            return "repeated"
        changed = False
        for number, part in split_by_incident(tx, parse_notification(stored.body)):
            incident = None if number is None else find_incident(tx, number, to_change=True)
            change = apply_notification(incident, part, now=now)
            if change is not None:
                # What a resolved incident does not cover is a new one, with nothing stored yet.
                before = incident if change.incident.number == number else None
                self.record(tx, before, change, now=now)
                changed = True
        return "changed" if changed else "unchanged"

    def acknowledge(
        self, tx: Connection, number: int, *, by: str, now: datetime
    ) -> Incident | None:
        """Record that somebody has the incident; None when there is no such incident."""
        incident = find_incident(tx, number, to_change=True)
        if incident is None:
            return None
        return self.record(tx, incident, acknowledge(incident, by=by, now=now), now=now)

    def take_step(self, tx: Connection, number: int, *, now: datetime) -> bool:
        """Page whom the due step names and set the next; False when nothing is due any more."""
        incident = find_incident(tx, number, to_change=True)
        timer = find_timer(tx, number)
        if incident is None or timer is None:
            return False
        due_at = timer.escalation.due_at
        if due_at is None or due_at > now:
            return False
        decision = decide(timer.escalation, incident, self.catalog.roster, now=now)
        record_escalation(tx, number, decision.escalation)
        record_events(tx, number, decision.events)
        self.outbox.record_pages(tx, number, decision.pages, round_=timer.round, now=now)
        return True

    def record(
        self, tx: Connection, before: Incident | None, change: Change, *, now: datetime
    ) -> Incident:
        """Keep a change of an incident with everything that follows from it."""
        incident = record_incident(tx, before, change.incident)
        number = incident.number
        if number is None:
            raise ValueError("the store gives every incident a number")
        record_events(tx, number, change.events)
        if incident.is_open and (change.opened or change.severity_rose):
            self._route(tx, number, incident, now=now)
        if change.acknowledged or change.resolved:
            timer = find_timer(tx, number)
            if timer is not None:
                record_escalation(tx, number, stop(timer.escalation))
            self.outbox.end_pages(tx, incident, now=now)
        if before is None or incident != before:
            self.outbox.record_notices(tx, incident, change, now=now)
        return incident

    def _route(self, tx: Connection, number: int, incident: Incident, *, now: datetime) -> None:
        """Choose channels and policy, at opening and again when the severity rises."""
        routed = decide_route(incident_labels(incident), self.catalog.routes)
        record_events(tx, number, [Event(at=now, kind=EventKind.ROUTED, text=routed.because)])
        record_channels(tx, number, routed.channels)
        if routed.policy is not None and not _already_runs(tx, number, routed):
            policy = self.catalog.policies[routed.policy]
            begun = start(policy, catalog_version=self.catalog.version, now=now)
            record_started(tx, number, begun)


def split_by_incident(
    tx: Connection, notification: Notification
) -> list[tuple[int | None, Notification]]:
    """Return each incident that the alerts belong to, with its part of the notification.

    An alert stays with the open incident that holds it. The others join the
    incident of the notification's key when that is open, else the first that
    holds one of their companions; without any, the newest with that key, which
    is over (or None): it tells what is already known to be over.
    """
    holders = list_holders(tx, [alert.fingerprint for alert in notification.alerts])
    last = find_last_by_key(tx, incident_key(notification))
    by_key = None if last is None else find_incident(tx, last)
    home = last
    if holders and (by_key is None or not by_key.is_open):
        home = min(holders.values())
    parts: dict[int | None, list[int]] = {}
    for index, alert in enumerate(notification.alerts):
        parts.setdefault(holders.get(alert.fingerprint, home), []).append(index)
    # In the order of their numbers: two replicas lock several incidents in one order.
    return [
        (number, _part(notification, parts[number]))
        for number in sorted(parts, key=lambda number: (number is None, number or 0))
    ]


def record_unapplied(tx: Connection, notification: int, *, error: str, now: datetime) -> int:
    """Put a notification off whose application raised an error; return how often it has."""
    stored = claim_notification(tx, notification)
    if stored is None:
        return 0
    due_at = now + backoff(stored.attempts + 1)
    return record_failed_application(tx, notification, error=error, due_at=due_at)


def record_untaken(tx: Connection, number: int, *, now: datetime) -> None:
    """Put a step off whose decision raised an error."""
    timer = find_timer(tx, number)
    if timer is not None and timer.escalation.due_at is not None:
        record_failed_decision(tx, number, due_at=now + backoff(timer.attempts + 1))


def _part(notification: Notification, indexes: list[int]) -> Notification:
    if len(indexes) == len(notification.alerts):
        return notification
    chosen = tuple(notification.alerts[index] for index in indexes)
    return msgspec.structs.replace(notification, alerts=chosen)


def _already_runs(tx: Connection, number: int, routed: Routed) -> bool:
    """Say whether the policy is at work already: a rise does not send it back to its first step."""
    timer = find_timer(tx, number)
    if timer is None or timer.escalation.due_at is None:
        return False
    return timer.escalation.policy.id == routed.policy
