"""Telling people of what could not be understood: the work of one transaction (G3, G5)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from router.incident.model import Change, Incident
from router.incident.rejection import QUIET_AFTER, Untold, apply_rejections, close_when_quiet
from router.intake.rejection import REJECTION_FINGERPRINT
from router.store.alerts import list_holders
from router.store.incidents import find_incident
from router.store.rejections import (
    count_told,
    find_last_rejected,
    find_untold,
    record_look,
    record_told,
)


def tell_rejections(
    tx: Connection, *, record: Callable[[Incident | None, Change], Incident], now: datetime
) -> bool:
    """Bring the incident about rejections up to date; False when nothing changed.

    `record` keeps a change with all that follows from it. While the incident
    is open the next look is stored too: it ends the incident after a quiet
    day, and comes sooner when more is rejected.
    """
    holder = list_holders(tx, [REJECTION_FINGERPRINT]).get(REJECTION_FINGERPRINT)
    before = None if holder is None else find_incident(tx, holder, to_change=True)
    untold = find_untold(tx)
    change = _decide(tx, before, untold, now=now)
    after = before if change is None else record(before, change)
    if untold is not None and after is not None and after.number is not None:
        record_told(tx, untold, incident=after.number)
    if after is not None and after.is_open:
        record_look(tx, due_at=now + QUIET_AFTER, now=now)
    return change is not None


def _decide(
    tx: Connection, before: Incident | None, untold: Untold | None, *, now: datetime
) -> Change | None:
    number = None if before is None else before.number
    if untold is not None:
        told = 0 if number is None else count_told(tx, number)
        return apply_rejections(before, untold, told=told, now=now)
    if before is None:
        return None
    # Without a row they were cleared away: that was longer ago than a day.
    last_at = find_last_rejected(tx) or before.opened_at
    return close_when_quiet(before, last_at=last_at, now=now)
