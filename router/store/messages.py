"""The outbox: what is to be sent, and what became of it; being sent is the matter of `leases`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from router.address import Address
from router.message.model import Message, MessageKind
from router.oncall.model import PersonId
from router.phrase import encode_phrase
from router.store.phrases import read_phrase
from router.store.tables import MESSAGE_OPEN, messages

# Built once: building a statement takes several times as long as the database needs for it.
_FIND_SAME: Final = select(messages.c.id).where(
    messages.c.dedup_key == bindparam("this_key"),
    messages.c.kind == bindparam("this_kind"),
    messages.c.channel == bindparam("this_channel"),
    messages.c.address == bindparam("this_address"),
)
_RECORD: Final = insert(messages)
_LIST: Final = (
    select(messages)
    .where(
        messages.c.incident_number == bindparam("incident"),
        messages.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(messages.c.id)
)


RINGS_AGAIN: Final = "it rings again there"  # what it was told does not stand
SENT_BEFORE: Final = "accepted, and sent once more in case that was too early"


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
    held_until: datetime | None = None  # when the hours of its channel begin
    carried_by: int | None = None  # the message that tells it together with others

    @property
    def is_asked(self) -> bool:
        """Say whether it is or was to be sent, perhaps by what tells it together with others."""
        return self.state is not MessageState.DROPPED or self.carried_by is not None


def record_message(tx: Connection, message: Message, *, now: datetime) -> bool:
    """Put a message into the outbox, due now; False when it has been there already."""
    if find_message(tx, message) is not None:
        return False
    tx.execute(_RECORD, _row(message, now))
    return True


def find_message(tx: Connection, message: Message) -> int | None:
    """Return the row of a message that is in the outbox; None when it never was."""
    this = {
        "this_key": message.dedup_key,
        "this_kind": message.kind.value,
        "this_channel": message.address.channel,
        "this_address": message.address.address,
    }
    found: int | None = tx.execute(_FIND_SAME, this).scalar()
    return found


def record_page(tx: Connection, page: Message, *, now: datetime) -> int | None:
    """Ask for a page; for one that was dropped when its step was paused, ask again.

    Returns its row; None when it was asked for before, also when a digest tells it.
    """
    if record_message(tx, page, now=now):
        return find_message(tx, page)
    again = {"state": "pending", "due_at": now, "created_at": now, "ended_at": None}
    dropped = (*same_message(page), messages.c.state == "dropped", messages.c.carried_by.is_(None))
    statement = update(messages).where(*dropped).values(**again, detail=None, reason=None)
    asked: int | None = tx.execute(statement.returning(messages.c.id)).scalar()
    return asked


def record_notice(tx: Connection, notice: Message, *, now: datetime) -> None:
    """Ask for a notice, or for what was sent to be brought up to date.

    One row a notice that is edited in place: a change before sending is
    simply part of what is sent, however long that waits, and a change while
    sending makes it due again. `created_at` becomes that of the newest change,
    since that is the information whose age counts.
    """
    if record_message(tx, notice, now=now):
        return
    this = and_(*same_message(notice))
    newer = {"revision": messages.c.revision + 1, "created_at": now}
    tx.execute(update(messages).where(this).values(**newer))
    ended = ~MESSAGE_OPEN
    renewed = {"state": "pending", "due_at": now, "ended_at": None}
    tx.execute(update(messages).where(this, ended).values(**renewed, attempts=0))


def list_stuck_pages(tx: Connection, *, asked_by: datetime, limit: int) -> list[StoredMessage]:
    """Return pages asked for by then and not yet accepted, where no later address was tried."""
    later = messages.alias()
    tried = exists().where(
        later.c.dedup_key == messages.c.dedup_key,
        later.c.kind == messages.c.kind,
        later.c.id > messages.c.id,
        later.c.state != "dropped",  # with its step, which was taken again since
    )
    statement = (
        select(messages)
        .where(*_OPEN_PAGE, messages.c.created_at <= asked_by, ~tried)
        .order_by(messages.c.created_at, messages.c.id)
        .limit(limit)
    )
    return [read_message(row) for row in tx.execute(statement)]


def find_next_stuck_page(tx: Connection, *, asked_after: datetime) -> datetime | None:
    """Return when the first page was asked for, after that instant, that is not yet accepted."""
    statement = select(func.min(messages.c.created_at))
    asked_at: datetime | None = tx.execute(
        statement.where(*_OPEN_PAGE, messages.c.created_at > asked_after)
    ).scalar()
    return asked_at


def record_dropped(tx: Connection, ids: Iterable[int], *, reason: str, now: datetime) -> None:
    """Take messages out of the outbox that nobody needs any more."""
    values: dict[str, Any] = {"lease_token": None, "leased_until": None}
    values |= {"state": "dropped", "ended_at": now, "detail": reason, "held_until": None}
    tx.execute(update(messages).where(messages.c.id.in_(list(ids))).values(**values))


def record_no_longer_acknowledged(
    tx: Connection, dedup_key: str, *, channel: str, now: datetime
) -> None:
    """Keep that a provider rings again for what it was told that somebody has.

    What is to be told once more is told no more: it would silence the new ring.
    """
    once_more = and_(MESSAGE_OPEN, messages.c.detail == SENT_BEFORE)
    told = (
        messages.c.dedup_key == dedup_key,
        messages.c.kind == MessageKind.ACKNOWLEDGE.value,
        messages.c.channel == channel,
        or_(messages.c.state == MessageState.SENT.value, once_more),
    )
    unleased = {"lease_token": None, "leased_until": None}
    stands_no_more = {"state": MessageState.DROPPED.value, "ended_at": now, "detail": RINGS_AGAIN}
    tx.execute(update(messages).where(*told).values(**stands_no_more, **unleased))


def record_told_of_page(tx: Connection, told: Message, *, now: datetime) -> None:
    """Tell a provider what became of a page, once; again when it has come back on it since."""
    if record_message(tx, told, now=now):
        return
    stands_no_more = (
        *same_message(told),
        messages.c.state == MessageState.DROPPED.value,
        messages.c.detail == RINGS_AGAIN,
    )
    again = {"state": "pending", "due_at": now, "created_at": now, "ended_at": None, "attempts": 0}
    tx.execute(update(messages).where(*stands_no_more).values(**again, detail=None, reason=None))


def list_messages(
    tx: Connection, incident_number: int, *, kinds: Sequence[MessageKind] = tuple(MessageKind)
) -> list[StoredMessage]:
    """Return an incident's messages, oldest first."""
    these = {"incident": incident_number, "kinds": [kind.value for kind in kinds]}
    return [read_message(row) for row in tx.execute(_LIST, these)]


def same_message(message: Message) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of a message's row alone."""
    return (
        messages.c.dedup_key == message.dedup_key,
        messages.c.kind == message.kind.value,
        messages.c.channel == message.address.channel,
        messages.c.address == message.address.address,
    )


def urgency(kind: MessageKind) -> int:
    """Return a kind's place among those that wait: 0 is sent first."""
    return list(MessageKind).index(kind)


_OPEN_PAGE: Final = (
    MESSAGE_OPEN,
    messages.c.urgency.in_([urgency(kind) for kind in MessageKind if kind.wakes]),
)


def _row(message: Message, now: datetime) -> dict[str, Any]:
    return {
        "incident_number": message.incident_number,
        "kind": message.kind.value,
        "urgency": urgency(message.kind),
        "channel": message.address.channel,
        "address": message.address.address,
        "dedup_key": message.dedup_key,
        "person": message.person,
        "because": str(message.because),
        "because_phrase": encode_phrase(message.because),
        "state": "pending",
        "created_at": now,
        "due_at": now,
    }


def read_message(row: Row[Any]) -> StoredMessage:
    """Return a row of the table as a value."""
    person = None if row.person is None else PersonId(row.person)
    return StoredMessage(
        id=row.id,
        message=Message(
            incident_number=row.incident_number,
            kind=MessageKind(row.kind),
            address=Address(channel=row.channel, address=row.address),
            dedup_key=row.dedup_key,
            person=person,
            because=read_phrase(row.because_phrase, row.because),
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
        held_until=row.held_until,
        carried_by=row.carried_by,
    )
