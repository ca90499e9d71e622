"""What providers told us, so that nothing of it counts twice, and which incident it was about."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from router.message.model import MessageKind
from router.store.tables import messages, provider_events


def record_provider_event(
    tx: Connection,
    provider: str,
    event_id: str,
    *,
    subject: str,
    incident_number: int,
    now: datetime,
) -> bool:
    """Keep that an event is dealt with by this transaction; False when it has been before.

    `subject` is what of the provider's it is about. To be called with the
    incident's row locked: then the same event at two replicas comes one after
    the other.
    """
    known = select(provider_events.c.event_id).where(
        provider_events.c.provider == provider, provider_events.c.event_id == event_id
    )
    if tx.execute(known).first() is not None:
        return False
    row = insert(provider_events).values(
        provider=provider,
        event_id=event_id,
        received_at=now,
        subject=subject or None,
        incident_number=incident_number,
    )
    tx.execute(row)
    return True


def find_by_subject(tx: Connection, provider: str, subject: str) -> int | None:
    """Return the incident that earlier events about the same thing of the provider's were of."""
    statement = (
        select(provider_events.c.incident_number)
        .where(provider_events.c.provider == provider, provider_events.c.subject == subject)
        .order_by(provider_events.c.received_at.desc())
        .limit(1)
    )
    number = tx.execute(statement).scalar()
    return None if number is None else int(number)


def find_by_page(tx: Connection, channel: str, dedup_key: str) -> int | None:
    """Return the incident for which this page was sent by the channel."""
    statement = select(messages.c.incident_number).where(
        messages.c.dedup_key == dedup_key,
        messages.c.kind == MessageKind.PAGE.value,
        messages.c.channel == channel,
    )
    number = tx.execute(statement.limit(1)).scalar()
    return None if number is None else int(number)
