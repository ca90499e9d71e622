"""What providers told us, so that nothing of it counts twice, and of which page it was."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select, update

from router.incident.model import EventKind, Incident, IncidentState
from router.message.model import MessageKind
from router.store.digests import list_carried_pages
from router.store.tables import MESSAGE_WAKES, events, messages, provider_events

# After which an incident that waits for somebody has come back to waiting.
_ANSWERS: Final = (EventKind.ACKNOWLEDGED, EventKind.SNOOZED, EventKind.RESOLVED)


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


def find_standing(
    tx: Connection, provider: str, event_id: str, incidents: Iterable[Incident]
) -> datetime | None:
    """Return when a link was used, if what that did still stands; None when it may be used again.

    It stands no more when one of the incidents waits for somebody, and was
    acknowledged or ended since then, by this use or another answer: it has
    come back. While it has not, the same press told twice counts once.
    """
    taken_at = find_taken_at(tx, provider, event_id)
    waiting = [one.stored_number for one in incidents if one.state is IncidentState.TRIGGERED]
    if taken_at is None or not waiting:
        return taken_at
    answered = select(events.c.id).where(
        events.c.incident_number.in_(waiting),
        events.c.kind.in_([kind.value for kind in _ANSWERS]),
        events.c.at >= taken_at,
    )
    return None if tx.execute(answered.limit(1)).first() is not None else taken_at


def record_taken_again(tx: Connection, provider: str, event_id: str, *, now: datetime) -> bool:
    """Keep that a link is used once more; False when it never was."""
    this = update(provider_events).where(
        provider_events.c.provider == provider, provider_events.c.event_id == event_id
    )
    return bool(tx.execute(this.values(received_at=now)).rowcount)


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
