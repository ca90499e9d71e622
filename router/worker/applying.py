"""What comes of a stored notification: applied to its incidents once, in one transaction (G5)."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from router.incident.apply import apply_notification, record_ends
from router.incident.destination import decide_incident_by
from router.intake.notification import Notification, parse_notification
from router.intake.rejection import REJECTION_KEY
from router.store.incidents import find_incident
from router.store.notifications import (
    StoredNotification,
    claim_notification,
    find_applied_copy,
    record_applied,
    record_failed_application,
)
from router.worker.belonging import Part, split_by_incident
from router.worker.decisions import Decisions
from router.worker.heartbeats import take_heartbeats
from router.worker.rejections import tell_rejections
from router.worker.repeat import repeats
from router.worker.retry import backoff

Applied = Literal["changed", "unchanged", "repeated", "elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """How notifications are applied: by the rules in force."""

    decisions: Decisions

    def apply(self, tx: Connection, number: int, *, now: datetime) -> Applied:
        """Apply a stored notification to its incidents and take it off the list.

        Returns "elsewhere" when it was applied meanwhile, or another replica is at it.
        """
        stored = claim_notification(tx, number)
        if stored is None:
            return "elsewhere"
        if stored.content_key == REJECTION_KEY:
            return self._tell_rejections(tx, stored, now=now)
        catalog = self.decisions.catalog
        notification = take_heartbeats(
            tx,
            parse_notification(stored.body),
            catalog.heartbeats,
            received_at=stored.received_at,
            now=now,
        )
        repeated = self._is_repeated(tx, stored, notification)
        record_applied(tx, stored.id, repeated=repeated)
        if repeated:
            return "repeated"
        changed = False
        parts = split_by_incident(
            tx,
            notification,
            catalog.scope_labels,
            incident_by=partial(
                decide_incident_by, routes=catalog.routes, severities=catalog.severities
            ),
            closed_since=now - catalog.repeat_interval,
        )
        for part in parts:
            changed |= self._apply_part(tx, part, now=now)
        return "changed" if changed else "unchanged"

    def _apply_part(self, tx: Connection, part: Part, *, now: datetime) -> bool:
        number, told = part.number, part.notification
        incident = None if number is None else find_incident(tx, number, to_change=True)
        if part.of_closed and incident is not None:
            change = record_ends(incident, told, now=now)
        else:
            change = apply_notification(
                incident,
                told,
                now=now,
                severities=self.decisions.catalog.severities,
                reopen_within=self.decisions.catalog.reopen_within,
            )
        if change is None:
            return False
        # What a resolved incident does not cover is a new one, with nothing stored yet.
        before = incident if change.incident.number == number else None
        self.decisions.record(tx, before, change, now=now)
        return change.is_visible

    def _tell_rejections(
        self, tx: Connection, stored: StoredNotification, *, now: datetime
    ) -> Applied:
        record_applied(tx, stored.id, repeated=False)
        record = partial(self.decisions.record, tx, now=now)
        return "changed" if tell_rejections(tx, record=record, now=now) else "unchanged"

    def _is_repeated(
        self, tx: Connection, stored: StoredNotification, notification: Notification
    ) -> bool:
        copied_at = find_applied_copy(tx, stored)
        interval = self.decisions.catalog.group_interval
        return copied_at is not None and repeats(
            tx, stored, notification, copied_at, group_interval=interval
        )


def record_unapplied(tx: Connection, notification: int, *, error: str, now: datetime) -> int:
    """Put a notification off whose application raised an error; return how often it has."""
    stored = claim_notification(tx, notification)
    if stored is None:
        return 0
    due_at = now + backoff(stored.attempts + 1)
    return record_failed_application(tx, notification, error=error, due_at=due_at)
