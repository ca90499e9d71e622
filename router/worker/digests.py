"""Many pages for one address within a minute: a digest tells those that come beyond the first.

Pages that it tells stay rows of their incidents, so that the dedup key, the
timeline and what explains them stay as they are; only the digest is sent.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from router.escalation.storm import STORM_FROM, decide_digest, joint_state
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.message.model import Carried, Message, MessageKind
from router.phrase import phrase
from router.store.digests import (
    CarriedPage,
    list_carried_pages,
    list_digest,
    lock_address,
    lock_waiting_digest,
    read_asked,
    record_gathered,
)
from router.store.incidents import find_incident
from router.store.messages import StoredMessage, list_messages, record_message
from router.store.timeline import record_events
from router.worker.told import message_name, tell_incidents

LOADED: Final = 50  # incidents of which a digest has a line at most; of the others, the number
TOLD_TOGETHER: Final = "told with others in one page"


def gather(tx: Connection, asked: int, page: Message, *, installation: str, now: datetime) -> bool:
    """Let a digest tell a page that was just asked for, if its address got many lately.

    Returns False when it goes out by itself.

    `asked` is the page's row. Both change in the transaction of the step: a
    crash leaves a page that is told, or a step that is still due.
    """
    lock_address(tx, page.address)
    waiting = lock_waiting_digest(tx, page)
    lately = read_asked(tx, page.address, waiting=waiting, but=asked, now=now)
    due_at = decide_digest(lately, now=now)
    if due_at is None:
        return False
    digest = waiting or _begin(tx, page, installation=installation, due_at=due_at)
    record_gathered(tx, asked, digest.id, detail=TOLD_TOGETHER, now=now)
    text = phrase(
        "{message} is told with others in one page at {at}:"
        " {count} or more went there within a minute.",
        message=message_name(page),
        at=due_at,
        count=STORM_FROM,
    )
    event = Event(at=now, kind=EventKind.MESSAGE_DROPPED, text=text)
    record_events(tx, page.incident_number, [event])
    return True


def _begin(tx: Connection, page: Message, *, installation: str, due_at: datetime) -> StoredMessage:
    number = page.incident_number
    before = list_messages(tx, number, kinds=[MessageKind.DIGEST])
    count = len({one.message.dedup_key for one in before})
    digest = Message(
        incident_number=number,
        kind=MessageKind.DIGEST,
        address=page.address,
        # Counted: the same incident may begin another one in a later round.
        # Quiet as its pages are, so that it rings when no quiet address takes it.
        dedup_key=f"{installation}/{number}/digest.{count + 1}/{page.person}"
        + ("/awake" if page.is_quiet else ""),
        person=page.person,
        because=phrase("{count} or more pages went to you within a minute.", count=STORM_FROM),
    )
    # As if it were asked for when it is due: what is late is counted from then.
    record_message(tx, digest, now=due_at)
    (begun,) = list_digest(tx, digest.dedup_key)
    return begun


def find_state(tx: Connection, message: Message, incident: Incident) -> IncidentState:
    """Return how what a message tells stands: its incident, or all that a digest tells."""
    if message.kind is not MessageKind.DIGEST:
        return incident.state
    return joint_state({page.state for page in list_carried_pages(tx, [message.dedup_key])})


def read_digest(tx: Connection, message: Message, *, external_url: str | None) -> Carried:
    """Return what a digest tells, from its incidents as they are now."""
    pages = ranked_pages(list_carried_pages(tx, [message.dedup_key]))
    found = [
        (page.incident_number, find_incident(tx, page.incident_number)) for page in pages[:LOADED]
    ]
    states = [page.state for page in pages]
    over = states.count(IncidentState.RESOLVED)
    return Carried(
        told=tell_incidents(found, external_url=external_url),
        open_count=len(states) - over,
        over_count=over,
        triggered_count=states.count(IncidentState.TRIGGERED),
        others=tuple(page.incident_number for page in pages[LOADED:]),
    )


def ranked_pages(pages: Iterable[CarriedPage]) -> list[CarriedPage]:
    """Return one page an incident: first what nobody has, then the worst, then the oldest."""
    order = list(IncidentState)
    once = {page.incident_number: page for page in pages}
    return sorted(
        once.values(),
        key=lambda one: (
            order.index(one.state),
            -one.severity.urgency,
            one.opened_at,
            one.incident_number,
        ),
    )
