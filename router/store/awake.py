"""Who said that they are awake, and what they have been paged for that nobody has yet."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from router.escalation.awake import NOBODY, Awake
from router.incident.model import IncidentState
from router.message.model import MessageKind, page_round
from router.oncall.model import PersonId
from router.store.column_types import Instant
from router.store.messages import MessageState, list_messages
from router.store.tables import INCIDENT_OPEN, awake, incidents, messages, timers


def record_awake(tx: Connection, person: PersonId, *, until: datetime, now: datetime) -> None:
    """Keep until when somebody is awake, in place of what they said before.

    One statement, so that of two replicas at once the second waits for the first.
    """
    _record(tx, person, {"since": now, "until": until, "ring_at": until})


def record_not_awake(tx: Connection, person: PersonId, *, now: datetime) -> bool:
    """End it; False when it had ended, or was never said."""
    was = find_awake_until(tx, person, now=now) is not None
    tx.execute(delete(awake).where(awake.c.person == person))
    return was


def record_ring_later(tx: Connection, person: PersonId, *, at: datetime, now: datetime) -> None:
    """Keep that somebody who is awake no more is to be rung for what wakes nobody yet."""
    _record(tx, person, {"since": now, "until": now, "ring_at": at})


def record_rings(tx: Connection, person: PersonId, *, now: datetime) -> bool:
    """Take it on to ring somebody who is awake no more; False when another replica has."""
    over = (awake.c.person == person, awake.c.until <= now, awake.c.ring_at <= now)
    return bool(tx.execute(delete(awake).where(*over)).rowcount)


def list_rings(tx: Connection, *, now: datetime) -> list[PersonId]:
    """Return who is awake no more, and to be rung now for what nobody has."""
    due = (awake.c.until <= now, awake.c.ring_at <= now)
    return [PersonId(one) for one in tx.execute(select(awake.c.person).where(*due)).scalars()]


def find_next_ring(tx: Connection, *, after: datetime) -> datetime | None:
    """Return when the first of those is to be rung that are not yet then."""
    first = select(type_coerce(func.min(awake.c.ring_at), Instant)).where(awake.c.ring_at > after)
    ring_at: datetime | None = tx.execute(first).scalar()
    return ring_at


def _record(tx: Connection, person: PersonId, said: Mapping[str, datetime]) -> None:
    if tx.dialect.name == "postgresql":
        row = postgresql.insert(awake).values(person=person, **said)
        tx.execute(row.on_conflict_do_update(index_elements=[awake.c.person], set_=said))
        return
    here = sqlite.insert(awake).values(person=person, **said)
    tx.execute(here.on_conflict_do_update(index_elements=[awake.c.person], set_=said))


def find_awake_until(tx: Connection, person: PersonId, *, now: datetime) -> datetime | None:
    """Return until when somebody is awake; None when they are not, as far as anybody knows."""
    statement = select(awake.c.until).where(awake.c.person == person, awake.c.until > now)
    until: datetime | None = tx.execute(statement).scalar()
    return until


def read_awake(tx: Connection, incident: int, *, now: datetime) -> Awake:
    """Return who is awake, and whom of them an incident was told to, so that it rings again.

    Quietly; or by any page of an escalation before this one, or one that was accepted.
    """
    rows = tx.execute(select(awake.c.person, awake.c.until).where(awake.c.until > now)).all()
    if not rows:
        return NOBODY
    runs = select(timers.c.round).where(timers.c.incident_number == incident)
    round_ = tx.execute(runs).scalar()
    told = {
        page.message.person
        for page in list_messages(tx, incident, kinds=[MessageKind.PAGE])
        if page.message.person is not None
        and page.is_asked
        and (
            page.message.is_quiet
            or page.state is MessageState.SENT
            or page_round(page.message.dedup_key) != round_
        )
    }
    return Awake(until={PersonId(row.person): row.until for row in rows}, told=frozenset(told))


def lock_untaken(tx: Connection, person: PersonId) -> list[int]:
    """Lock the incidents that paged somebody, and that nobody has yet, in order; return them.

    Also those whose page is still to be sent. Not by an escalation that is
    over: it was given to somebody else since. To be called before anything
    else is changed, since whoever changes several incidents locks them in order.
    """
    numbers = _list_paged(tx, person)
    some = select(incidents.c.number).where(incidents.c.number.in_(numbers))
    tx.execute(some.order_by(incidents.c.number).with_for_update()).all()
    # As they are once they are ours: another replica may have changed some meanwhile.
    locked = set(numbers)
    return [number for number in _list_paged(tx, person) if number in locked]


def list_untaken_told(tx: Connection, person: PersonId) -> list[int]:
    """Return those of the same that somebody was told of: an address accepted the page.

    By itself, or by a digest.
    """
    first, sent = messages.alias(), messages.alias()
    by_digest = exists().where(
        first.c.id == messages.c.carried_by,
        sent.c.dedup_key == first.c.dedup_key,
        sent.c.kind == MessageKind.DIGEST.value,
        sent.c.state == MessageState.SENT.value,
    )
    accepted = messages.c.state == MessageState.SENT.value
    return _list_paged(
        tx, person, or_(accepted, and_(messages.c.carried_by.is_not(None), by_digest))
    )


def _list_paged(tx: Connection, person: PersonId, *where: ColumnElement[bool]) -> list[int]:
    is_asked = or_(
        messages.c.state != MessageState.DROPPED.value, messages.c.carried_by.is_not(None)
    )
    statement = (
        select(incidents.c.number, messages.c.dedup_key, timers.c.round)
        .join(messages, messages.c.incident_number == incidents.c.number)
        .outerjoin(timers, timers.c.incident_number == incidents.c.number)
        .where(
            INCIDENT_OPEN,
            incidents.c.state == IncidentState.TRIGGERED.value,
            messages.c.kind == MessageKind.PAGE.value,
            messages.c.person == person,
            is_asked,
            *where,
        )
        .order_by(incidents.c.number)
    )
    found = (
        row.number
        for row in tx.execute(statement)
        if row.round is None or page_round(row.dedup_key) == row.round  # a test has no escalation
    )
    return list(dict.fromkeys(found))
