"""What providers told us, so that nothing of it counts twice, and of which page it was."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from router.message.model import MessageKind
from router.store.digests import list_carried_pages
from router.store.tables import MESSAGE_WAKES, messages, provider_events


def record_provider_event(
    tx: Connection,
    provider: str,
    event_id: str,
    *,
    subject: str,
    dedup_key: str,
    now: datetime,
) -> bool:
    """Keep that an event is dealt with by this transaction; False when it has been before.

    `subject` is what of the provider's it is about, `dedup_key` names our page
    that this is. To be called with the rows of the page's incidents locked:
    then the same event at two replicas comes one after the other.
    """
    if find_taken_at(tx, provider, event_id) is not None:
        return False
    row = insert(provider_events).values(
        provider=provider,
        event_id=event_id,
        received_at=now,
        subject=subject or None,
        dedup_key=dedup_key,
    )
    tx.execute(row)
    return True


def find_taken_at(tx: Connection, provider: str, event_id: str) -> datetime | None:
    """Return when an event was dealt with; None when it never was, or long ago."""
    statement = select(provider_events.c.received_at).where(
        provider_events.c.provider == provider, provider_events.c.event_id == event_id
    )
    taken_at: datetime | None = tx.execute(statement).scalar()
    return taken_at


def find_by_subject(tx: Connection, provider: str, subject: str) -> str | None:
    """Return the dedup key of the page that earlier events about the same thing were of."""
    statement = (
        select(provider_events.c.dedup_key)
        .where(provider_events.c.provider == provider, provider_events.c.subject == subject)
        .order_by(provider_events.c.received_at.desc())
        .limit(1)
    )
    key: str | None = tx.execute(statement).scalar()
    return key


def list_paged_for(tx: Connection, channel: str, dedup_key: str) -> list[int]:
    """Return the incidents for which the channel was asked to send this page or digest, in order.

    None when it is of another installation, or gone.
    """
    statement = select(messages.c.incident_number, messages.c.kind).where(
        MESSAGE_WAKES, messages.c.dedup_key == dedup_key, messages.c.channel == channel
    )
    row = tx.execute(statement.limit(1)).first()
    if row is None:
        return []
    if row.kind != MessageKind.DIGEST.value:
        return [int(row.incident_number)]
    told = {page.incident_number for page in list_carried_pages(tx, [dedup_key])}
    return sorted(told) or [int(row.incident_number)]
