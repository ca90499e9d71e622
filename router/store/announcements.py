"""What colleagues are told in a channel, and what is no incident."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from router.address import Address
from router.incident.announcement import carry_announcement
from router.message.model import Message, MessageKind
from router.store.incidents import record_incident
from router.store.messages import record_message
from router.store.timeline import record_events


def record_announcement(
    tx: Connection,
    text: str,
    places: Iterable[Address],
    *,
    installation: str,
    subject: str,
    by: str,
    now: datetime,
) -> None:
    """Put an announcement into the outbox, in the transaction of what it announces.

    A crash leaves both or neither; what is in the outbox is sent as every
    message is. Without a place nothing is kept.
    """
    wanted = tuple(places)
    if not wanted:
        return
    change = carry_announcement(text, subject=subject, by=by, now=now)
    number = record_incident(tx, None, change.incident).stored_number
    record_events(tx, number, change.events)
    for place in wanted:
        key = f"{installation}/{number}/announcement/{place.channel}/{place.address}"
        message = Message(
            incident_number=number,
            kind=MessageKind.ANNOUNCEMENT,
            address=place,
            dedup_key=key,
            because=text,
        )
        record_message(tx, message, now=now)
