"""Who said that they are awake, and what they have been paged for that nobody has yet."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from router.escalation.awake import NOBODY, Awake
from router.incident.model import IncidentState
from router.message.model import MessageKind, page_round
from router.oncall.model import PersonId
from router.store.messages import MessageState, list_messages
from router.store.tables import INCIDENT_OPEN, awake, incidents, messages, timers


def record_awake(tx: Connection, person: PersonId, *, until: datetime, now: datetime) -> None:
    """Keep until when somebody is awake, in place of what they said before."""
    said = {"since": now, "until": until}
    row = update(awake).where(awake.c.person == person).values(**said)
    if not tx.execute(row).rowcount:
        tx.execute(insert(awake).values(person=person, **said))


def record_not_awake(tx: Connection, person: PersonId, *, now: datetime) -> bool:
    """End it; False when it had ended, or was never said."""
    was = find_awake_until(tx, person, now=now) is not None
    tx.execute(delete(awake).where(awake.c.person == person))
    return was


def find_awake_until(tx: Connection, person: PersonId, *, now: datetime) -> datetime | None:
    """Return until when somebody is awake; None when they are not, as far as anybody knows."""
    statement = select(awake.c.until).where(awake.c.person == person, awake.c.until > now)
    until: datetime | None = tx.execute(statement).scalar()
    return until


def read_awake(tx: Connection, incident: int, *, now: datetime) -> Awake:
    """Return who is awake, and whom of them an incident was told to quietly."""
    rows = tx.execute(select(awake.c.person, awake.c.until).where(awake.c.until > now)).all()
    if not rows:
        return NOBODY
    pages = list_messages(tx, incident, kinds=[MessageKind.PAGE])
    told = {
        page.message.person
        for page in pages
        if page.message.is_quiet
        and page.message.person is not None
        and (page.state is not MessageState.DROPPED or page.carried_by is not None)
    }
    return Awake(until={PersonId(row.person): row.until for row in rows}, told=frozenset(told))


def list_untaken_pages(tx: Connection, person: PersonId) -> list[int]:
    """Return the incidents that paged somebody, and that nobody has yet, in order.

    Not by an escalation that is over: it was given to somebody else since.
    """
    is_told = or_(
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
            is_told,
        )
        .order_by(incidents.c.number)
    )
    found = (
        row.number
        for row in tx.execute(statement)
        if row.round is None or page_round(row.dedup_key) == row.round  # a test has no escalation
    )
    return list(dict.fromkeys(found))
