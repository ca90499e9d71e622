"""Messages that are being sent: who holds them, until when, and what came of it (G6)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from router.address import Address
from router.message.model import MessageKind
from router.store.column_types import Instant
from router.store.lease_clock import database_instant, is_shared, lease_instant
from router.store.messages import SENT_BEFORE, StoredMessage, read_message, urgency
from router.store.tables import MESSAGE_HELD, MESSAGE_OPEN, messages

LEASE: Final = timedelta(seconds=20)  # longer than any attempt may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """Where as many attempts are under way as may be: nothing more is claimed for these."""

    channels: frozenset[str] = frozenset()
    addresses: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why nothing more is claimed for an address.

    `until` is when the next message may go to it, with the others behind it
    at a distance of `every`; None when that is only known once an attempt ends.
    """

    until: datetime | None = None
    every: timedelta = timedelta()


Admit = Callable[[Address], Hold | None]  # None: this message may be sent now


def _admit_all(_address: Address) -> Hold | None:
    return None


def claim_due_messages(
    tx: Connection,
    *,
    now: datetime,
    lease_token: str,
    limit: int,
    kinds: Sequence[MessageKind] = tuple(MessageKind),
    full: Full | None = None,
    admit: Admit = _admit_all,
) -> list[StoredMessage]:
    """Lease at most `limit` due messages, the most urgent first.

    `admit` is asked for each, in that order; addresses it holds are passed
    over, so that they delay no other. What it holds until an instant is not
    claimed and no attempt is counted; it is planned: `due_at` becomes its
    turn. So a planned wait is not overdue, and nobody looks in vain before.

    A lease ends by itself (`leased_until`), so a worker that dies gives its
    messages back: one may be sent twice, never not at all. A claim leaves
    `due_at` as it was, so the age of overdue messages stays true.
    `lease_token` must be new with each call.
    """
    chosen: list[int] = []
    held: set[Address] = set()
    full = full or Full()
    while len(chosen) < limit:
        open_to_all = Full(channels=full.channels, addresses=full.addresses | held)
        wanted, held_before = limit - len(chosen), len(held)
        due = _due(tx, kinds, open_to_all, chosen).limit(wanted)
        rows = tx.execute(due, {"now": now}).all()
        for row in rows:
            address = Address(channel=row.channel, address=row.address)
            hold = None if address in held else admit(address)
            if hold is not None:
                held.add(address)
                _plan(tx, address, kinds, hold, chosen, now=now)
            elif address not in held:
                chosen.append(row.id)
        if len(rows) < wanted and len(held) == held_before:
            break  # nothing else is due
    return _lease(tx, chosen, lease_token, now=now) if chosen else []


def _due(
    tx: Connection,
    kinds: Sequence[MessageKind],
    full: Full,
    chosen: Collection[int],
) -> Select[Any]:
    """Select what else is due at `:now`, locked: what another replica looks at is passed over."""
    due = _all_due(is_shared(tx), tuple(kinds))
    others = [*_not_to(full), *([messages.c.id.not_in(chosen)] if chosen else [])]
    return due.where(*others) if others else due


@cache  # to make it anew takes longer than to run it, and pages wait meanwhile
def _all_due(shared: bool, kinds: tuple[MessageKind, ...]) -> Select[Any]:
    now = bindparam("now", type_=Instant)
    ended = messages.c.leased_until <= (database_instant() if shared else now)
    return (
        select(messages.c.id, messages.c.state, messages.c.channel, messages.c.address)
        .where(
            or_(
                and_(messages.c.state == "pending", messages.c.due_at <= now),
                and_(messages.c.state == "sending", ended),
            ),
            MESSAGE_OPEN,
            ~MESSAGE_HELD,
            messages.c.urgency.in_([urgency(kind) for kind in kinds]),
        )
        .order_by(
            messages.c.urgency,
            # An outage leaves many retries: what nobody has tried yet does not wait behind them.
            case((messages.c.attempts == 0, 0), else_=1),
            messages.c.due_at,
            messages.c.id,
        )
        .with_for_update(skip_locked=True)
    )


def _not_to(full: Full) -> list[ColumnElement[bool]]:
    """Return the conditions that leave out what is full."""
    return [
        *([messages.c.channel.not_in(sorted(full.channels))] if full.channels else []),
        *(
            ~and_(messages.c.channel == one.channel, messages.c.address == one.address)
            for one in full.addresses
        ),
    ]


def _plan(
    tx: Connection,
    address: Address,
    kinds: Sequence[MessageKind],
    hold: Hold,
    chosen: Collection[int],
    *,
    now: datetime,
) -> None:
    """Give each due message to an address its turn, as far as that is known."""
    if hold.until is None:
        return
    due = _due(tx, kinds, Full(), chosen).where(
        messages.c.channel == address.channel, messages.c.address == address.address
    )
    waiting: list[tuple[int, datetime]] = []
    leased: list[tuple[int, datetime]] = []
    for turn, row in enumerate(tx.execute(due, {"now": now})):
        until = hold.until + turn * hold.every
        (waiting if row.state == "pending" else leased).append((row.id, until))
    this = messages.c.id == bindparam("row_id")
    if waiting:
        planned = update(messages).where(this).values(due_at=bindparam("turn_at"))
        tx.execute(planned, [{"row_id": number, "turn_at": until} for number, until in waiting])
    # Whoever held these may still be alive, and may record what came of it until then.
    for number, until in leased:
        ends = lease_instant(tx, now, after=until - now)
        tx.execute(update(messages).where(messages.c.id == number).values(leased_until=ends))


def _lease(
    tx: Connection, chosen: Sequence[int], lease_token: str, *, now: datetime
) -> list[StoredMessage]:
    claim = (
        update(messages)
        .where(messages.c.id.in_(chosen))
        .values(
            state="sending",
            lease_token=lease_token,
            leased_until=lease_instant(tx, now, after=LEASE),
            attempts=messages.c.attempts + 1,
        )
        .returning(messages)
    )
    claimed = {row.id: read_message(row) for row in tx.execute(claim)}
    return [claimed[number] for number in chosen]


def find_next_message(
    tx: Connection, kinds: Sequence[MessageKind], *, now: datetime, full: Full | None = None
) -> datetime | None:
    """Return when the next message of these kinds is due, or when the next lease ends.

    Both by the clock of `now`, whatever clock leases go by; None when nothing
    waits but for addresses that are `full`.
    """
    these = (
        MESSAGE_OPEN,
        ~MESSAGE_HELD,
        messages.c.urgency.in_([urgency(kind) for kind in kinds]),
        *_not_to(full or Full()),
    )
    pending = select(func.min(messages.c.due_at)).where(*these, messages.c.state == "pending")
    leased = select(func.min(messages.c.leased_until), lease_instant(tx, now)).where(
        *these, messages.c.state == "sending"
    )
    due_at = tx.execute(pending).scalar()
    ends_at, at = tx.execute(leased).one()
    ends = [] if ends_at is None else [now + (ends_at - at)]
    return min(ends if due_at is None else [*ends, due_at], default=None)


def find_claimed(tx: Connection, claimed: StoredMessage) -> StoredMessage | None:
    """Return the message as it is now, or None when its lease was lost to another."""
    statement = select(messages).where(*_under_lease(claimed))
    row = tx.execute(statement.with_for_update()).one_or_none()
    return None if row is None else read_message(row)


def record_sent(
    tx: Connection,
    claimed: StoredMessage,
    *,
    provider_id: str | None,
    now: datetime,
    again_at: datetime | None = None,
) -> None:
    """Record a message as sent; as due again at `again_at`, or now if it was renewed meanwhile."""
    kept = provider_id or claimed.provider_id
    done = {"provider_id": kept, "reason": None, "detail": None}
    if again_at is None:
        sent = {"state": "sent", "ended_at": now}
    else:
        sent = _anew(again_at) | {"detail": SENT_BEFORE}
    _record(tx, claimed, done | sent, renewed=done | _anew(now))


def record_failure(
    tx: Connection,
    claimed: StoredMessage,
    *,
    reason: str,
    detail: str,
    retry_at: datetime | None,
    now: datetime,
) -> None:
    """Record a failed attempt: due again at `retry_at`; or given up (None), unless renewed."""
    failed = {"reason": reason, "detail": detail}
    if retry_at is None:
        given_up = {"state": "failed", "ended_at": now}
        _record(tx, claimed, failed | given_up, renewed=failed | _anew(now))
    else:
        _record(tx, claimed, failed | {"state": "pending", "due_at": retry_at})


def _anew(at: datetime) -> dict[str, Any]:
    return {"state": "pending", "due_at": at, "attempts": 0}


def _record(
    tx: Connection,
    claimed: StoredMessage,
    values: dict[str, Any],
    *,
    renewed: dict[str, Any] | None = None,
) -> None:
    """Write what came of an attempt, and free the lease; `renewed` is for a newer revision."""
    this, freed = _under_lease(claimed), {"lease_token": None, "leased_until": None}
    if renewed is not None:
        newer = messages.c.revision != claimed.revision
        tx.execute(update(messages).where(*this, newer).values(**renewed, **freed))
    tx.execute(update(messages).where(*this).values(**values, **freed))


def _under_lease(claimed: StoredMessage) -> tuple[Any, ...]:
    return (
        messages.c.id == claimed.id,
        messages.c.state == "sending",
        messages.c.lease_token == claimed.lease_token,
    )
