"""Digests: the pages of one address that are told by one message of their own.

Such a page is a row of its incident, dropped and `carried_by` the digest's
first row. At the person's next address a digest is another row with the same
dedup key, and tells what the first one carries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, func, select, update

from guardia.severity import Severity
from router.address import Address
from router.escalation.storm import STORM_WITHIN, Asked
from router.incident.model import IncidentState
from router.message.model import Message, MessageKind
from router.store.messages import StoredMessage, read_message, urgency
from router.store.tables import MESSAGE_OPEN, MESSAGE_WAKES, incidents, messages
from router.store.turns import lock_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedPage:
    """One page that a digest tells, with what ranks its incident among the others."""

    id: int
    incident_number: int
    dedup_key: str
    state: IncidentState
    severity: Severity
    opened_at: datetime


def lock_address(tx: Connection, address: Address) -> None:
    """Let one router at a time say how its pages to an address go out, until it commits."""
    lock_name(tx, f"{address.channel} {address.address}")


def lock_waiting_digest(tx: Connection, page: Message) -> StoredMessage | None:
    """Return the digest that a page may join, so that nobody begins to send it before the commit.

    One that was tried takes no more: it may have been accepted without our
    knowing, and what joins it then would wake nobody. A quiet page joins only
    a quiet one, and one that rings only one that rings.
    """
    earlier = messages.alias()
    is_quiet = messages.c.dedup_key.endswith(f"/{page.person}/awake", autoescape=True)
    statement = (
        select(messages)
        .where(
            MESSAGE_OPEN,
            messages.c.urgency == urgency(MessageKind.DIGEST),
            messages.c.state == "pending",
            messages.c.attempts == 0,
            messages.c.channel == page.address.channel,
            messages.c.address == page.address.address,
            messages.c.person == page.person,
            is_quiet if page.is_quiet else ~is_quiet,
            ~exists().where(
                earlier.c.dedup_key == messages.c.dedup_key,
                earlier.c.kind == messages.c.kind,
                earlier.c.id < messages.c.id,
            ),
        )
        .order_by(messages.c.id.desc())
        .limit(1)
        .with_for_update(of=messages)
    )
    row = tx.execute(statement).one_or_none()
    return None if row is None else read_message(row)


def read_asked(
    tx: Connection,
    address: Address,
    *,
    waiting: StoredMessage | None,
    but: int,
    now: datetime,
) -> Asked:
    """Return what an address was asked to take; `but` is the page that asks.

    What was dropped before anybody tried it rang nowhere, and is not counted.
    """
    recent = (
        select(messages.c.kind, func.count(), func.max(messages.c.created_at))
        .where(
            MESSAGE_WAKES,
            messages.c.channel == address.channel,
            messages.c.address == address.address,
            messages.c.created_at > now - STORM_WITHIN,
            messages.c.carried_by.is_(None),
            ~and_(messages.c.state == "dropped", messages.c.attempts == 0),
            messages.c.id != but,
        )
        .group_by(messages.c.kind)
    )
    found = {row[0]: (row[1], row[2]) for row in tx.execute(recent)}
    pages, _ = found.get(MessageKind.PAGE.value, (0, None))
    _, last_at = found.get(MessageKind.DIGEST.value, (0, None))
    if waiting is not None:
        return Asked(pages=pages, digest_at=waiting.created_at, waits=True)
    return Asked(pages=pages, digest_at=last_at, waits=False)


def record_gathered(tx: Connection, page: int, digest: int, *, detail: str, now: datetime) -> None:
    """Let a digest tell a page in its place."""
    values = {"state": "dropped", "ended_at": now, "detail": detail, "carried_by": digest}
    tx.execute(update(messages).where(messages.c.id == page).values(**values))


def record_taken_out(tx: Connection, page: int, *, reason: str) -> None:
    """Let no digest tell a page any more; asked for again, it is a page like any other."""
    values = {"carried_by": None, "detail": reason}
    tx.execute(update(messages).where(messages.c.id == page).values(**values))


def list_digest(tx: Connection, dedup_key: str, *, to_change: bool = False) -> list[StoredMessage]:
    """Return a digest at each address that it was sent to, the first address first."""
    statement = (
        select(messages)
        .where(
            messages.c.dedup_key == dedup_key,
            messages.c.kind == MessageKind.DIGEST.value,
        )
        .order_by(messages.c.id)
    )
    if to_change:
        statement = statement.with_for_update()
    return [read_message(row) for row in tx.execute(statement)]


def list_told_of_digest(tx: Connection, dedup_key: str) -> list[StoredMessage]:
    """Return a digest at each address, and what was told to the providers of it later."""
    statement = select(messages).where(messages.c.dedup_key == dedup_key).order_by(messages.c.id)
    return [read_message(row) for row in tx.execute(statement)]


def find_digest_key(tx: Connection, number: int) -> str | None:
    """Return the dedup key of the digest with that row; None when it is no digest, or gone."""
    key: str | None = tx.execute(
        select(messages.c.dedup_key).where(
            messages.c.id == number, messages.c.kind == MessageKind.DIGEST.value
        )
    ).scalar()
    return key


def list_carried_pages(tx: Connection, dedup_keys: Iterable[str]) -> list[CarriedPage]:
    """Return the pages that digests tell, by incident."""
    digest = messages.alias()
    statement = (
        select(
            messages.c.id,
            messages.c.incident_number,
            messages.c.dedup_key,
            incidents.c.state,
            incidents.c.severity,
            incidents.c.opened_at,
        )
        .join(digest, digest.c.id == messages.c.carried_by)
        .join(incidents, incidents.c.number == messages.c.incident_number)
        .where(
            messages.c.carried_by.is_not(None),
            digest.c.dedup_key.in_(list(dedup_keys)),
            digest.c.kind == MessageKind.DIGEST.value,
        )
        .order_by(messages.c.incident_number, messages.c.id)
    )
    return [
        CarriedPage(
            id=row.id,
            incident_number=row.incident_number,
            dedup_key=row.dedup_key,
            state=IncidentState(row.state),
            severity=Severity(row.severity),
            opened_at=row.opened_at,
        )
        for row in tx.execute(statement)
    ]


def lock_incidents_of(tx: Connection, dedup_key: str) -> None:
    """Lock the incidents of a digest, in the order of their numbers.

    To be called before the digest's own row is locked: whoever changes an
    incident locks first that, and then the digest that tells it.
    """
    digest = messages.alias()
    numbers = select(messages.c.incident_number).where(
        messages.c.carried_by == digest.c.id,
        messages.c.carried_by.is_not(None),
        digest.c.dedup_key == dedup_key,
        digest.c.kind == MessageKind.DIGEST.value,
    )
    locked = select(incidents.c.number).where(incidents.c.number.in_(numbers))
    tx.execute(locked.order_by(incidents.c.number).with_for_update()).all()
