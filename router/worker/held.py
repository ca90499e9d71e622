"""What waited for a channel's hours goes out: one message to each address.

Slack's message of an incident is edited in place, a summary is not: whoever is
told by it gets a message of the incident's own at its next change.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection

from router.address import Address
from router.incident.model import Event, EventKind, Incident
from router.logs import context
from router.message.model import Carried, Message, MessageKind
from router.metrics import Metrics
from router.phrase import counted_phrase, phrase
from router.store.digests import list_carried_pages
from router.store.held import (
    HeldNotice,
    list_carried,
    list_held_addresses,
    lock_held,
    postpone_held,
    record_carried,
    record_released,
)
from router.store.incidents import find_incident
from router.store.messages import StoredMessage, list_messages, record_message
from router.store.store import Store
from router.store.timeline import record_events
from router.worker.retry import LONGEST_DELAY
from router.worker.told import tell_incidents

LOADED: Final = 50  # incidents that a summary is made of at most; the others are counted
_ADDRESSES: Final = 100  # at once

logger = logging.getLogger(__name__)


async def tell_due(store: Store, metrics: Metrics, *, now: datetime) -> bool:
    """End every wait whose hours have begun; each address on its own, whatever fails with others.

    Returns False when nothing was told.
    """
    addresses = await store.read_to_page(
        lambda tx: list_held_addresses(tx, now=now, limit=_ADDRESSES)
    )
    tell = partial(tell_held, installation=store.installation, now=now)
    results = await asyncio.gather(
        *(store.write(partial(tell, address=address)) for address in addresses),
        return_exceptions=True,
    )
    for address, result in zip(addresses, results, strict=True):
        if isinstance(result, BaseException):
            metrics.failures.labels("tell_held").inc()
            logger.error(
                "notices that waited for hours could not be told, it is tried again",
                exc_info=result,
                extra=context(channel=address.channel, address=address.address),
            )
            until = now + LONGEST_DELAY
            await store.write(partial(postpone_held, address=address, until=until, now=now))
    return any(isinstance(result, int) and result for result in results)


def tell_held(tx: Connection, address: Address, *, installation: str, now: datetime) -> int:
    """End the wait of all notices to an address whose hours have begun; return how many.

    One goes out as it is. Several are told by one summary, which belongs to
    the first of the incidents; they end, and each timeline says so.
    """
    notices = ranked(lock_held(tx, address, now=now))
    if len(notices) == 1:
        record_released(tx, notices[0].id, now=now)
    if len(notices) < 2:
        return len(notices)
    first = notices[0].incident_number
    before = list_messages(tx, first, kinds=[MessageKind.SUMMARY])
    summary = Message(
        incident_number=first,
        kind=MessageKind.SUMMARY,
        address=address,
        # Counted: the same incident may be first on another morning too.
        dedup_key=f"{installation}/{first}/summary/{len(before) + 1}",
    )
    record_message(tx, summary, now=now)
    others = counted_phrase("another", "{count} others", len(notices) - 1)
    detail = phrase("told with {others} in the summary of #{number}", others=others, number=first)
    record_carried(tx, [one.id for one in notices], summary, detail=detail, now=now)
    text = phrase(
        "Notice to {place} is {told}, since its hours have begun.",
        place=f"{address.channel} {address.address}",
        told=detail,
    )
    event = Event(at=now, kind=EventKind.MESSAGE_DROPPED, text=text)
    for one in notices:
        record_events(tx, one.incident_number, [event])
    return len(notices)


def read_carried(
    tx: Connection, summary: StoredMessage, first: Incident, *, external_url: str | None
) -> Carried:
    """Return what a summary tells, from the incidents as they are now.

    `first` is the one that it belongs to, for a summary whose notices are all
    told by another one by now.
    """
    notices = ranked(list_carried(tx, summary.id))
    numbers = [one.incident_number for one in notices[:LOADED]]
    found = {number: find_incident(tx, number) for number in numbers} or {
        summary.message.incident_number: first
    }
    told = tell_incidents(found.items(), external_url=external_url)
    are_open = [one.is_open for one in notices] or [first.is_open]
    return Carried(told=told, open_count=sum(are_open), over_count=len(are_open) - sum(are_open))


def list_told(tx: Connection, message: StoredMessage) -> list[int]:
    """Return the incidents that a message tells: its own, and those that it carries.

    Of a digest only those that are still in it: the one it began with may have been taken out.
    """
    own = message.message.incident_number
    if message.message.is_of_digest:
        pages = list_carried_pages(tx, [message.message.dedup_key])
        return sorted({page.incident_number for page in pages}) or [own]
    if message.message.kind is not MessageKind.SUMMARY:
        return [own]
    return sorted({own, *(one.incident_number for one in list_carried(tx, message.id))})


def ranked(notices: Iterable[HeldNotice]) -> list[HeldNotice]:
    """Return the open incidents first, of these the worst first, then the oldest."""
    return sorted(
        notices,
        key=lambda one: (
            not one.is_open,
            -one.severity.urgency,
            one.opened_at,
            one.incident_number,
        ),
    )
