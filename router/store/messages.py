"""The outbox: what is to be sent, under whose lease it is being sent, what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, case, exists, func, insert, or_, select, update

from router.address import Address
from router.message.model import Message, MessageKind
from router.oncall.model import PersonId
from router.store.tables import MESSAGE_OPEN, messages

LEASE: Final = timedelta(seconds=20)  # longer than any attempt may take


class MessageState(StrEnum):
    """Where a message stands. A message to be tried again is pending."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # given up
    DROPPED = "dropped"  # not needed any more


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message and what became of it so far. `attempts` counts claims, also those that died."""

    id: int
    message: Message
    state: MessageState
    created_at: datetime
    due_at: datetime
    attempts: int
    revision: int
    lease_token: str | None
    provider_id: str | None
    ended_at: datetime | None
    reason: str | None
    detail: str | None


def record_message(tx: Connection, message: Message, *, now: datetime) -> bool:
    """Put a message into the outbox, due now; False when it has been there already."""
    same = select(messages.c.id).where(
        messages.c.dedup_key == message.dedup_key,
        messages.c.kind == message.kind.value,
        messages.c.channel == message.address.channel,
        messages.c.address == message.address.address,
    )
    if tx.execute(same).first() is not None:
        return False
    tx.execute(insert(messages).values(**_row(message, now)))
    return True


def record_notice(tx: Connection, notice: Message, *, now: datetime) -> None:
    """Ask for a notice, or for what was sent to be brought up to date.

    One row a notice that is edited in place: a change before sending is
    simply part of what is sent, a change while sending makes it due again.
    """
    if record_message(tx, notice, now=now):
        return
    this = and_(
        messages.c.dedup_key == notice.dedup_key,
        messages.c.kind == notice.kind.value,
        messages.c.channel == notice.address.channel,
        messages.c.address == notice.address.address,
    )
    tx.execute(update(messages).where(this).values(revision=messages.c.revision + 1))
    ended = ~MESSAGE_OPEN
    renewed = {"state": "pending", "due_at": now, "created_at": now, "ended_at": None}
    tx.execute(update(messages).where(this, ended).values(**renewed, attempts=0))


def claim_due_messages(
    tx: Connection,
    *,
    now: datetime,
    lease_token: str,
    limit: int,
    kinds: Sequence[MessageKind] = tuple(MessageKind),
) -> list[StoredMessage]:
    """Lease at most `limit` due messages, the most urgent first.

    A lease ends by itself (`leased_until`), so a worker that dies gives its
    messages back: one may be sent twice, never not at all. `due_at` stays as
    it was, so the age of overdue messages stays true. `lease_token` must be
    new with each call.
    """
    due = (
        select(messages.c.id)
        .where(
            or_(
                and_(messages.c.state == "pending", messages.c.due_at <= now),
                and_(messages.c.state == "sending", messages.c.leased_until <= now),
            ),
            MESSAGE_OPEN,
            messages.c.urgency.in_([_urgency(kind) for kind in kinds]),
        )
        .order_by(
            messages.c.urgency,
            # An outage leaves many retries: what nobody has tried yet does not wait behind them.
            case((messages.c.attempts == 0, 0), else_=1),
            messages.c.due_at,
            messages.c.id,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = list(tx.execute(due).scalars())
    if not found:
        return []
    claim = (
        update(messages)
        .where(messages.c.id.in_(found))
        .values(
            state="sending",
            lease_token=lease_token,
            leased_until=now + LEASE,
            attempts=messages.c.attempts + 1,
        )
        .returning(messages)
    )
    claimed = {row.id: _stored(row) for row in tx.execute(claim)}
    return [claimed[number] for number in found]


def list_stuck_pages(tx: Connection, *, asked_by: datetime, limit: int) -> list[StoredMessage]:
    """Return pages asked for by then and not yet accepted, where no later address was tried."""
    later = messages.alias()
    tried = exists().where(
        later.c.dedup_key == messages.c.dedup_key,
        later.c.kind == messages.c.kind,
        later.c.id > messages.c.id,
    )
    statement = (
        select(messages)
        .where(*_OPEN_PAGE, messages.c.created_at <= asked_by, ~tried)
        .order_by(messages.c.created_at, messages.c.id)
        .limit(limit)
    )
    return [_stored(row) for row in tx.execute(statement)]


def find_next_stuck_page(tx: Connection, *, asked_after: datetime) -> datetime | None:
    """Return when the first page was asked for, after that instant, that is not yet accepted."""
    statement = select(func.min(messages.c.created_at))
    asked_at: datetime | None = tx.execute(
        statement.where(*_OPEN_PAGE, messages.c.created_at > asked_after)
    ).scalar()
    return asked_at


def find_claimed(tx: Connection, claimed: StoredMessage) -> StoredMessage | None:
    """Return the message as it is now, or None when its lease was lost to another."""
    statement = select(messages).where(*_under_lease(claimed))
    row = tx.execute(statement.with_for_update()).one_or_none()
    return None if row is None else _stored(row)


def record_sent(
    tx: Connection, claimed: StoredMessage, *, provider_id: str | None, now: datetime
) -> None:
    """Record a message as sent, or as due again when it was renewed meanwhile."""
    kept = provider_id or claimed.provider_id
    done = {"lease_token": None, "leased_until": None, "provider_id": kept, "reason": None}
    this = _under_lease(claimed)
    renewed = messages.c.revision != claimed.revision
    again = {"state": "pending", "due_at": now, "attempts": 0, "detail": None}
    sent = {"state": "sent", "ended_at": now, "detail": None}
    tx.execute(update(messages).where(*this, renewed).values(**done, **again))
    tx.execute(update(messages).where(*this).values(**done, **sent))


def record_failure(
    tx: Connection,
    claimed: StoredMessage,
    *,
    reason: str,
    detail: str,
    retry_at: datetime | None,
    now: datetime,
) -> None:
    """Record a failed attempt: due again at `retry_at`, or given up (None)."""
    values: dict[str, Any] = {"lease_token": None, "leased_until": None}
    values |= {"reason": reason, "detail": detail}
    if retry_at is None:
        values |= {"state": "failed", "ended_at": now}
    else:
        values |= {"state": "pending", "due_at": retry_at}
    tx.execute(update(messages).where(*_under_lease(claimed)).values(**values))


def record_dropped(tx: Connection, ids: Iterable[int], *, reason: str, now: datetime) -> None:
    """Take messages out of the outbox that nobody needs any more."""
    values: dict[str, Any] = {"lease_token": None, "leased_until": None}
    values |= {"state": "dropped", "ended_at": now, "detail": reason}
    tx.execute(update(messages).where(messages.c.id.in_(list(ids))).values(**values))


def list_messages(
    tx: Connection, incident_number: int, *, kinds: Sequence[MessageKind] = tuple(MessageKind)
) -> list[StoredMessage]:
    """Return an incident's messages, oldest first."""
    statement = (
        select(messages)
        .where(
            messages.c.incident_number == incident_number,
            messages.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(messages.c.id)
    )
    return [_stored(row) for row in tx.execute(statement)]


def _urgency(kind: MessageKind) -> int:
    return list(MessageKind).index(kind)


_OPEN_PAGE: Final = (MESSAGE_OPEN, messages.c.urgency == _urgency(MessageKind.PAGE))


def _under_lease(claimed: StoredMessage) -> tuple[Any, ...]:
    return (
        messages.c.id == claimed.id,
        messages.c.state == "sending",
        messages.c.lease_token == claimed.lease_token,
    )


def _row(message: Message, now: datetime) -> dict[str, Any]:
    return {
        "incident_number": message.incident_number,
        "kind": message.kind.value,
        "urgency": _urgency(message.kind),
        "channel": message.address.channel,
        "address": message.address.address,
        "dedup_key": message.dedup_key,
        "person": message.person,
        "because": message.because,
        "state": "pending",
        "created_at": now,
        "due_at": now,
    }


def _stored(row: Row[Any]) -> StoredMessage:
    person = None if row.person is None else PersonId(row.person)
    return StoredMessage(
        id=row.id,
        message=Message(
            incident_number=row.incident_number,
            kind=MessageKind(row.kind),
            address=Address(channel=row.channel, address=row.address),
            dedup_key=row.dedup_key,
            person=person,
            because=row.because,
        ),
        state=MessageState(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        revision=row.revision,
        lease_token=row.lease_token,
        provider_id=row.provider_id,
        ended_at=row.ended_at,
        reason=row.reason,
        detail=row.detail,
    )
