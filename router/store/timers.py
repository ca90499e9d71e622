"""One timer an incident: where its escalation stands and when its next step is due."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from router.escalation.given import as_stored
from router.escalation.model import Escalation, Policy
from router.store.tables import timers

# Built once: building a statement takes several times as long as the database needs for it.
_OF_THIS: Final = timers.c.incident_number == bindparam("incident")
_FIND: Final = select(timers).where(_OF_THIS)
_RECORD: Final = insert(timers)
_CHANGE: Final = update(timers).where(_OF_THIS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """An incident's escalation. `round` is 1 for its first, and is part of the dedup keys."""

    incident_number: int
    round: int
    escalation: Escalation
    attempts: int  # decisions that failed in a row


def find_timer(tx: Connection, incident_number: int) -> Timer | None:
    """Return the incident's timer; None when no policy ever escalated it."""
    row = tx.execute(_FIND, {"incident": incident_number}).one_or_none()
    if row is None:
        return None
    return Timer(
        incident_number=row.incident_number,
        round=row.round,
        escalation=Escalation(
            policy=as_stored(msgspec.convert(row.policy, Policy)),
            catalog_version=row.catalog_version,
            next_step=row.next_step,
            due_at=row.due_at,
            remaining=row.remaining,
        ),
        attempts=row.attempts,
    )


def list_due_timers(tx: Connection, *, now: datetime, limit: int) -> list[int]:
    """Return the incidents whose next step is due, the longest overdue and the oldest first."""
    statement = (
        select(timers.c.incident_number)
        .where(timers.c.due_at <= now)
        .order_by(timers.c.due_at, timers.c.incident_number)
        .limit(limit)
    )
    return [int(number) for number in tx.execute(statement).scalars()]


def record_started(tx: Connection, incident_number: int, escalation: Escalation) -> None:
    """Keep a new escalation in place of the one before, as the next round."""
    before = find_timer(tx, incident_number)
    if before is None:
        first = _values(escalation) | {"incident_number": incident_number, "round": 1}
        tx.execute(_RECORD, first)
    else:
        again = {"incident": incident_number, "round": before.round + 1}
        tx.execute(_CHANGE, _values(escalation) | again)


def record_escalation(tx: Connection, incident_number: int, escalation: Escalation) -> None:
    """Keep where the running escalation stands now."""
    tx.execute(_CHANGE, _values(escalation) | {"incident": incident_number})


def record_failed_decision(tx: Connection, incident_number: int, *, due_at: datetime) -> None:
    """Put a step whose decision failed off until `due_at`."""
    failed = _CHANGE.values(attempts=timers.c.attempts + 1)
    tx.execute(failed, {"incident": incident_number, "due_at": due_at})


def _values(escalation: Escalation) -> dict[str, Any]:
    return {
        "due_at": escalation.due_at,
        "remaining": escalation.remaining,
        "next_step": escalation.next_step,
        "policy": msgspec.to_builtins(escalation.policy),
        "catalog_version": escalation.catalog_version,
        "attempts": 0,
    }
