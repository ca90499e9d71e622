"""What a message is rendered from: its incident, as it is when the message is sent."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from router.catalog import OnCallCatalog
from router.catalog.todays import may_escalate
from router.escalation.model import Foreseen
from router.escalation.outlook import Today, foresee
from router.incident.model import Incident
from router.message.model import Carried, MessageContext, MessageKind
from router.message.own_templates import OwnTemplates
from router.oncall.model import PersonId
from router.store.awake import read_awake
from router.store.incidents import find_incident
from router.store.messages import MessageState, StoredMessage, list_messages
from router.store.overrides import read_roster
from router.store.timeline import list_timeline
from router.store.timers import find_timer
from router.worker.digests import find_state, read_digest
from router.worker.held import read_carried
from router.worker.outcomes import is_needless
from router.worker.told import incident_url


def read_context(
    tx: Connection,
    claimed: StoredMessage,
    catalog: OnCallCatalog,
    *,
    external_url: str | None,
    templates: OwnTemplates,
    now: datetime,
) -> MessageContext | None:
    """Return what to render, or None for a page that nobody needs any more."""
    number = claimed.message.incident_number
    incident = find_incident(tx, number)
    if incident is None or is_needless(claimed, find_state(tx, claimed.message, incident)):
        return None
    pages = list_messages(tx, number, kinds=[kind for kind in MessageKind if kind.wakes])
    return MessageContext(
        message=claimed.message,
        incident=incident,
        timeline=list_timeline(tx, number),
        incident_url=incident_url(number, external_url),
        names=catalog.names,
        paged=_paged(pages),
        following=_following(tx, incident, number, catalog, now=now),
        has_next_step=_has_next_step(tx, incident, catalog),
        sent_before=claimed.provider_id or _followed(pages, claimed),
        thread=_thread(tx, claimed),
        maybe_sent_since=claimed.created_at if claimed.attempts > 1 else None,
        now=now,
        reader=catalog.reader(claimed.message.person),
        templates=templates,
        carried=_carried(tx, claimed, incident, external_url=external_url),
    )


def _carried(
    tx: Connection, claimed: StoredMessage, incident: Incident, *, external_url: str | None
) -> Carried | None:
    if claimed.message.is_of_digest:
        return read_digest(tx, claimed.message, external_url=external_url)
    if claimed.message.kind is MessageKind.SUMMARY:
        return read_carried(tx, claimed, incident, external_url=external_url)
    return None


def _following(
    tx: Connection, incident: Incident, number: int, catalog: OnCallCatalog, *, now: datetime
) -> Foreseen | None:
    timer = find_timer(tx, number)
    if timer is None or timer.escalation.due_at is None:
        return None
    roster = read_roster(tx, catalog.roster, at=now)
    awake = read_awake(tx, number, now=now)
    today = Today(roster=roster, policy=None, maintenance=catalog.maintenance, awake=awake)
    return foresee(timer.escalation, incident, today, now=now)


def _has_next_step(tx: Connection, incident: Incident, catalog: OnCallCatalog) -> bool:
    timer = find_timer(tx, incident.stored_number)
    return may_escalate(incident, None if timer is None else timer.escalation, catalog)


def _paged(pages: Iterable[StoredMessage]) -> tuple[PersonId, ...]:
    """Return whom a page went to, or is on its way to; each person once, the first paged first.

    Also those whom a digest tells, which may be a row of another incident.
    """
    vain = (MessageState.DROPPED, MessageState.FAILED)
    people = (
        page.message.person
        for page in pages
        if page.message.kind is MessageKind.PAGE
        and (page.state not in vain or page.carried_by is not None)
    )
    return tuple(dict.fromkeys(person for person in people if person is not None))


def _followed(pages: Iterable[StoredMessage], claimed: StoredMessage) -> str | None:
    """Return the provider's id of the page that is acknowledged or resolved."""
    message = claimed.message
    if message.kind not in (MessageKind.ACKNOWLEDGE, MessageKind.RESOLVE):
        return None
    same = (message.dedup_key, message.address)
    found = (one for one in pages if (one.message.dedup_key, one.message.address) == same)
    return next((one.provider_id for one in found), None)


def _thread(tx: Connection, claimed: StoredMessage) -> str | None:
    """Return the provider's id of the notice under which a step is told."""
    message = claimed.message
    if message.kind is not MessageKind.ESCALATION:
        return None
    notices = list_messages(tx, message.incident_number, kinds=[MessageKind.NOTICE])
    found = (one for one in notices if one.message.address == message.address)
    return next((one.provider_id for one in found), None)
