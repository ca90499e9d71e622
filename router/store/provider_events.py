"""What providers told us, so that nothing of it counts twice, and of which page it was."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from router.incident.model import EventKind, Incident, IncidentState
from router.message.model import MessageKind
from router.store.digests import list_carried_pages
from router.store.tables import (
    MESSAGE_WAKES,
    PROVIDER_EVENT_EARLY,
    events,
    messages,
    provider_events,
)
from router.store.turns import lock_name

EARLY_FOR: Final = timedelta(days=2)  # as long as PagerDuty repeats what was not taken
MOST_EARLY: Final = 1000  # an account may tell of thousands of incidents that are none of ours

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


def lock_subject(tx: Connection, provider: str, subject: str) -> None:
    """Let one router at a time say what an event about something of a provider's is to us.

    Else one could keep an answer as early while another is told whose page it is.
    """
    if subject:
        lock_name(tx, f"{provider} event of {subject}")


def record_early_event(
    tx: Connection,
    provider: str,
    event_id: str,
    *,
    subject: str,
    told: Mapping[str, Any],
    now: datetime,
) -> None:
    """Keep an event that comes before the one which says of which page of ours it is.

    Most are of none: the oldest go after EARLY_FOR, and beyond MOST_EARLY.
    """
    if find_taken_at(tx, provider, event_id) is not None:
        return
    row = {"provider": provider, "event_id": event_id, "received_at": now, "subject": subject}
    tx.execute(insert(provider_events).values(**row, early=dict(told)))
    beyond = (
        select(provider_events.c.received_at)
        .where(PROVIDER_EVENT_EARLY)
        .order_by(provider_events.c.received_at.desc())
        .offset(MOST_EARLY)
        .limit(1)
    )
    last: datetime | None = tx.execute(beyond).scalar()
    until = now - EARLY_FOR if last is None else max(last, now - EARLY_FOR)
    old = (PROVIDER_EVENT_EARLY, provider_events.c.received_at <= until)
    tx.execute(delete(provider_events).where(*old))


def take_early_events(
    tx: Connection, provider: str, subject: str, *, dedup_key: str, now: datetime
) -> list[dict[str, Any]]:
    """Return what was kept of a thing until now, when its page is known; from here it is done."""
    these = (
        PROVIDER_EVENT_EARLY,
        provider_events.c.provider == provider,
        provider_events.c.subject == subject,
    )
    order = (provider_events.c.received_at, provider_events.c.event_id)
    statement = select(provider_events.c.early).where(
        *these, provider_events.c.received_at > now - EARLY_FOR
    )
    found = [dict(told) for told in tx.execute(statement.order_by(*order)).scalars()]
    done = {"dedup_key": dedup_key, "early": None}
    tx.execute(update(provider_events).where(*these).values(**done))
    return found


def find_taken_at(tx: Connection, provider: str, event_id: str) -> datetime | None:
    """Return when an event was dealt with; None when it never was, or long ago."""
    statement = select(provider_events.c.received_at).where(
        provider_events.c.provider == provider, provider_events.c.event_id == event_id
    )
    taken_at: datetime | None = tx.execute(statement).scalar()
    return taken_at


def find_standing(
    tx: Connection,
    provider: str,
    event_id: str,
    incidents: Iterable[Incident],
    *,
    leaves_waiting: bool,
) -> datetime | None:
    """Return when a link was used, if what that did still stands; None when it may be used again.

    It stands no more when one of the incidents waits for somebody, and this
    use would have somebody have it, or be over: it has come back. One that
    `leaves_waiting`, since it wakes others, stands until the incident was
    acknowledged or ended after it. The same press told twice counts once.
    """
    taken_at = find_taken_at(tx, provider, event_id)
    waiting = [one.stored_number for one in incidents if one.state is IncidentState.TRIGGERED]
    if taken_at is None or not waiting:
        return taken_at
    if not leaves_waiting:
        return None
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
        .where(
            provider_events.c.provider == provider,
            provider_events.c.subject == subject,
            provider_events.c.dedup_key.is_not(None),
        )
        .order_by(provider_events.c.received_at.desc())
        .limit(1)
    )
    key: str | None = tx.execute(statement).scalar()
    return key


def list_paged_for(tx: Connection, channel: str, dedup_key: str) -> list[int] | None:
    """Return the incidents for which the channel was asked to send this page or digest, in order.

    Nothing is left in a digest whose incidents were given away or hidden since.
    None when it is of another installation, or gone.
    """
    statement = select(messages.c.incident_number, messages.c.kind).where(
        MESSAGE_WAKES, messages.c.dedup_key == dedup_key, messages.c.channel == channel
    )
    row = tx.execute(statement.limit(1)).first()
    if row is None:
        return None
    if row.kind != MessageKind.DIGEST.value:
        return [int(row.incident_number)]
    told = {page.incident_number for page in list_carried_pages(tx, [dedup_key])}
    return sorted(told)


def find_asked_at(tx: Connection, channel: str, dedup_key: str) -> datetime | None:
    """Return when the channel was last asked to send a page or digest; None when it never was."""
    statement = select(func.max(messages.c.created_at)).where(
        MESSAGE_WAKES, messages.c.dedup_key == dedup_key, messages.c.channel == channel
    )
    asked_at: datetime | None = tx.execute(statement).scalar()
    return asked_at
