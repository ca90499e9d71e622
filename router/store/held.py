"""Notices that wait for the hours of their channel, and which message told them together.

A held notice is pending and never claimed: only `record_released` and
`record_carried` end the wait, each in one transaction with what takes its
place. So a crash leaves it either held and overdue, or told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, func, select, update

from guardia.severity import Severity
from router.address import Address
from router.message.model import Message
from router.store.messages import same_message
from router.store.tables import INCIDENT_OPEN, MESSAGE_HELD, incidents, messages

_PARAMETERS: Final = 500  # SQLite takes a bounded number of them
_RELEASE: Final = update(messages).where(  # built once, since every notice asks for it
    messages.c.incident_number == bindparam("incident"),
    messages.c.channel == bindparam("this_channel"),
    messages.c.address == bindparam("this_address"),
    MESSAGE_HELD,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNotice:
    """One message of one incident, with what ranks it among others."""

    id: int
    incident_number: int
    is_open: bool
    severity: Severity
    opened_at: datetime


def record_held(tx: Connection, notice: Message, *, until: datetime) -> bool:
    """Hold a notice that waits and was never tried; False when it is already held, or cannot be.

    What a channel shows already is only brought up to date by it, which
    disturbs nobody: that is not held. Of two ends the earlier counts.
    """
    waits = (*same_message(notice), messages.c.state == "pending", messages.c.attempts == 0)
    held = {"held_until": until, "due_at": until}
    later = update(messages).where(*waits, messages.c.held_until > until)
    tx.execute(later.values(**held))
    unposted = messages.c.provider_id.is_(None)
    newly = update(messages).where(*waits, unposted, messages.c.held_until.is_(None))
    return bool(tx.execute(newly.values(**held)).rowcount)


def release_held(tx: Connection, incident_number: int, address: Address, *, now: datetime) -> None:
    """End the wait of an incident's notice to an address, if one waits: it is due now."""
    this = {
        "incident": incident_number,
        "this_channel": address.channel,
        "this_address": address.address,
    }
    tx.execute(_RELEASE, this | _released(now))


def list_held_addresses(tx: Connection, *, now: datetime, limit: int) -> list[Address]:
    """Return where notices wait whose hours have begun, the longest due first."""
    statement = (
        select(messages.c.channel, messages.c.address)
        .where(MESSAGE_HELD, messages.c.held_until <= now)
        .group_by(messages.c.channel, messages.c.address)
        .order_by(func.min(messages.c.held_until), messages.c.channel, messages.c.address)
        .limit(limit)
    )
    return [Address(channel=row.channel, address=row.address) for row in tx.execute(statement)]


def lock_held(tx: Connection, address: Address, *, now: datetime) -> list[HeldNotice]:
    """Return the notices to an address whose hours have begun, with their incidents locked.

    In the order of the incidents' numbers, as whoever changes them locks them.
    """
    due = and_(
        MESSAGE_HELD,
        messages.c.held_until <= now,
        messages.c.channel == address.channel,
        messages.c.address == address.address,
    )
    numbers = select(messages.c.incident_number).where(due)
    locked = select(incidents.c.number).where(incidents.c.number.in_(numbers))
    tx.execute(locked.order_by(incidents.c.number).with_for_update()).all()
    return _list(tx, due)


def postpone_held(tx: Connection, address: Address, *, until: datetime, now: datetime) -> None:
    """Put off what could not be told; `due_at` stays, so its age stays true."""
    due = (
        MESSAGE_HELD,
        messages.c.held_until <= now,
        messages.c.channel == address.channel,
        messages.c.address == address.address,
    )
    tx.execute(update(messages).where(*due).values(held_until=until))


def record_released(tx: Connection, number: int, *, now: datetime) -> None:
    """End the wait of one notice: it is sent as it is."""
    tx.execute(update(messages).where(messages.c.id == number).values(**_released(now)))


def record_carried(
    tx: Connection, numbers: Sequence[int], carrier: Message, *, detail: str, now: datetime
) -> None:
    """End notices that another message, which is in the outbox, tells together."""
    carrier_id = tx.execute(select(messages.c.id).where(*same_message(carrier))).scalar_one()
    values = {"state": "dropped", "ended_at": now, "detail": detail, "carried_by": carrier_id}
    for start in range(0, len(numbers), _PARAMETERS):
        these = messages.c.id.in_(numbers[start : start + _PARAMETERS])
        tx.execute(update(messages).where(these).values(**values, held_until=None))


def list_carried(tx: Connection, number: int) -> list[HeldNotice]:
    """Return the notices that a message tells."""
    return _list(tx, messages.c.carried_by == number)


def _released(now: datetime) -> dict[str, Any]:
    # `created_at`: its age, by which it is given up, counts from when it may be sent.
    return {"held_until": None, "due_at": now, "created_at": now}


def _list(tx: Connection, where: Any) -> list[HeldNotice]:
    statement = (
        select(
            messages.c.id,
            messages.c.incident_number,
            INCIDENT_OPEN.label("is_open"),
            incidents.c.severity,
            incidents.c.opened_at,
        )
        .join(incidents, incidents.c.number == messages.c.incident_number)
        .where(where)
        .order_by(messages.c.incident_number, messages.c.id)
    )
    return [_held(row) for row in tx.execute(statement)]


def _held(row: Row[Any]) -> HeldNotice:
    return HeldNotice(
        id=row.id,
        incident_number=row.incident_number,
        is_open=bool(row.is_open),
        severity=Severity(row.severity),
        opened_at=row.opened_at,
    )
