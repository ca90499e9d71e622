"""What follows from one attempt to send: the work of the transaction that records it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from router.address import Address
from router.catalog import OnCallCatalog
from router.channels.outcome import Outcome, Refused, Retry, Sent
from router.escalation.awake import quiet_first
from router.escalation.decide import start
from router.incident.model import Event, EventKind, IncidentState
from router.message.model import Message, MessageKind
from router.oncall.model import is_service
from router.phrase import phrase
from router.store.digests import (
    find_digest_key,
    list_carried_pages,
    list_digest,
    lock_incidents_of,
)
from router.store.incidents import find_incident
from router.store.leases import find_claimed, record_failure, record_sent
from router.store.messages import SENT_BEFORE, MessageState, StoredMessage, list_messages
from router.store.timeline import record_events
from router.store.timers import find_timer, record_escalation, record_started
from router.worker.digests import find_state
from router.worker.held import list_told
from router.worker.outbox import Outbox
from router.worker.retry import next_delay, repeat_at
from router.worker.told import message_name

# How long a page may stay unaccepted before the person's next address is tried too.
ELSEWHERE_AFTER: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Records outcomes, each under the lease of the attempt it belongs to (G6)."""

    outbox: Outbox
    catalog: OnCallCatalog

    def record(
        self, tx: Connection, claimed: StoredMessage, outcome: Outcome, *, now: datetime
    ) -> bool:
        """Record an outcome; False when the lease was lost, since then another one records it."""
        found = self._lock(tx, claimed)
        if found is None:
            return False
        current, state = found
        # As it was claimed: what changed since then is not in what was sent.
        current = replace(current, revision=claimed.revision)
        if isinstance(outcome, Sent):
            self._record_sent(tx, current, outcome, state, now=now)
        elif is_needless(current, state):
            # It may have been accepted without our knowing, so the provider is told as well.
            self.outbox.drop_page(tx, current, state, now=now)
        else:
            self._record_failure(tx, current, outcome, now=now)
        return True

    def _lock(
        self, tx: Connection, claimed: StoredMessage
    ) -> tuple[StoredMessage, IncidentState] | None:
        """Return a message under its lease and how what it tells stands; None: the lease is lost.

        What it tells is locked first, and then the message, as by whoever changes an incident.
        """
        if claimed.message.kind is MessageKind.DIGEST:
            lock_incidents_of(tx, claimed.message.dedup_key)
        incident = find_incident(tx, claimed.message.incident_number, to_change=True)
        current = find_claimed(tx, claimed)
        if incident is None or current is None:
            return None
        return current, find_state(tx, current.message, incident)

    def drop(self, tx: Connection, claimed: StoredMessage, *, now: datetime) -> bool:
        """Drop a page that is needless before this attempt; False when it is needed after all."""
        found = self._lock(tx, claimed)
        if found is None:
            return False
        current, state = found
        if not is_needless(current, state):
            return False
        # The claim counted an attempt that is not made.
        untried = replace(current, attempts=current.attempts - 1)
        self.outbox.drop_page(tx, untried, state, now=now)
        return True

    def _record_sent(
        self,
        tx: Connection,
        sent: StoredMessage,
        outcome: Sent,
        state: IncidentState,
        *,
        now: datetime,
    ) -> None:
        again_at = self._repeat_at(tx, sent, now=now)
        record_sent(tx, sent, provider_id=outcome.provider_id, again_at=again_at, now=now)
        if sent.detail != SENT_BEFORE:
            name = message_name(sent.message)
            text = phrase("{message} was accepted.", message=name)
            if again_at is not None:
                text = phrase(
                    "{message} was accepted, and is sent once more in a minute.", message=name
                )
            event = Event(at=now, kind=EventKind.MESSAGE_SENT, text=text)
            for number in list_told(tx, sent):
                record_events(tx, number, [event])
        if sent.message.kind.wakes:
            # Acknowledged or resolved while it was on its way: the provider must learn it.
            self.outbox.record_follow_up(tx, sent.message, state, now=now)

    def _repeat_at(self, tx: Connection, sent: StoredMessage, *, now: datetime) -> datetime | None:
        """Return when the end of a page is told once more, in case it came too early."""
        channel = self.outbox.channels.get(sent.message.address.channel)
        if channel is None or not channel.settles_within:
            return None
        kinds = [kind for kind in MessageKind if kind.wakes]
        pages = list_messages(tx, sent.message.incident_number, kinds=kinds)
        same = (sent.message.dedup_key, sent.message.address)
        ended = [one for one in pages if (one.message.dedup_key, one.message.address) == same]
        return repeat_at(
            sent.message.kind,
            page_ended_at=ended[0].ended_at if ended else None,
            settles_within=channel.settles_within,
            now=now,
        )

    def _record_failure(
        self,
        tx: Connection,
        failed: StoredMessage,
        outcome: Retry | Refused,
        *,
        now: datetime,
    ) -> None:
        kind, age = failed.message.kind, now - failed.created_at
        delay = next_delay(outcome, kind=kind, attempts=failed.attempts)
        record_failure(
            tx,
            failed,
            reason=outcome.reason.value,
            detail=outcome.detail,
            retry_at=None if delay is None else now + delay,
            now=now,
        )
        # Not a row for every retry: an outage of an hour would bury the timeline.
        if delay is None or failed.reason != outcome.reason.value:
            name, detail = message_name(failed.message), outcome.detail
            text = phrase("{message} failed, given up: {detail}", message=name, detail=detail)
            if delay is not None:
                text = phrase(
                    "{message} failed, it is tried again: {detail}", message=name, detail=detail
                )
            event = Event(at=now, kind=EventKind.MESSAGE_FAILED, text=text)
            for number in list_told(tx, failed):
                record_events(tx, number, [event])
        if kind.wakes and (isinstance(outcome, Refused) or age >= ELSEWHERE_AFTER):
            self._page_next(tx, failed, now=now)

    def page_elsewhere(self, tx: Connection, page: Message, *, now: datetime) -> bool:
        """Page the person at the next address too; False when that is done, or of no use."""
        address = self.next_address(page)
        if page.kind is MessageKind.DIGEST:
            lock_incidents_of(tx, page.dedup_key)
        incident = find_incident(tx, page.incident_number, to_change=True)
        if address is None or incident is None:
            return False
        if find_state(tx, page, incident) is not IncidentState.TRIGGERED:
            return False
        return self.outbox.record_page_elsewhere(tx, page, address, now=now)

    def next_address(self, page: Message) -> Address | None:
        """Return the person's address after the page's; the first when the page's is gone.

        Who is awake and cannot be told quietly is rung after all.
        """
        person = self.catalog.roster.people.get(page.person) if page.person else None
        addresses = () if person is None else person.addresses
        if page.is_quiet:
            addresses = quiet_first(addresses)
        if page.address in addresses:
            addresses = addresses[addresses.index(page.address) + 1 :]
        return addresses[0] if addresses else None

    def _page_next(self, tx: Connection, failed: StoredMessage, *, now: datetime) -> None:
        """Try the person's next address; when nobody of the step is left, the next step (G7)."""
        page = failed.message
        address = self.next_address(page)
        if address is not None:
            self.outbox.record_page_elsewhere(tx, page, address, now=now)
            return
        asked = [(page.incident_number, page.dedup_key)]
        if page.kind is MessageKind.DIGEST:
            carried = list_carried_pages(tx, [page.dedup_key])
            asked = [(one.incident_number, one.dedup_key) for one in carried]
        for number, dedup_key in asked:
            if page.person is not None and is_service(page.person):
                self._escalate_ourselves(tx, number, now=now)
            else:
                self._take_next_step(tx, number, _step(dedup_key), now=now)

    def _take_next_step(self, tx: Connection, number: int, step: str, *, now: datetime) -> None:
        """Make the next step due now when no page of `step`, the current one, was accepted."""
        timer = find_timer(tx, number)
        if timer is None or timer.escalation.due_at is None or timer.escalation.due_at <= now:
            return
        pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
        of_step = [
            one
            for one in pages
            if _step(one.message.dedup_key) == step
            and (one.state is not MessageState.DROPPED or one.carried_by is not None)
        ]
        is_current = step == f"{timer.escalation.next_step}.{timer.round}"
        if is_current and all(_was_refused(tx, one) for one in of_step):
            record_escalation(tx, number, replace(timer.escalation, due_at=now))
            text = phrase("No page of this step was accepted, so the next step does not wait.")
            event = Event(at=now, kind=EventKind.NOBODY_TO_PAGE, text=text)
            record_events(tx, number, [event])

    def _escalate_ourselves(self, tx: Connection, number: int, *, now: datetime) -> None:
        """Begin the default route's policy where PagerDuty does not take what it should escalate.

        The trigger is tried on all the same. Without such a policy nobody else is known (G7).
        """
        timer = find_timer(tx, number)
        if timer is None or not is_service(timer.escalation.policy.id):
            return  # that has begun already, or somebody gave it to another policy
        chosen = self.catalog.routes[-1].policy
        policy = None if chosen is None else self.catalog.policies[chosen]
        if policy is None or is_service(policy.id):
            return
        text = phrase(
            "PagerDuty has not accepted it: policy {policy} of the default route begins.",
            policy=policy.id,
        )
        record_events(tx, number, [Event(at=now, kind=EventKind.ROUTED, text=text)])
        record_started(tx, number, start(policy, catalog_version=self.catalog.version, now=now))


def is_needless(message: StoredMessage, state: IncidentState) -> bool:
    """Say whether this would wake somebody for what nobody has to be woken for.

    `state` is that of the message's incident, of a digest the joint one.
    """
    return message.message.kind.wakes and state is not IncidentState.TRIGGERED


def _was_refused(tx: Connection, page: StoredMessage) -> bool:
    """Say whether a page was tried in vain; one that a digest tells, at each of its addresses."""
    key = None if page.carried_by is None else find_digest_key(tx, page.carried_by)
    if key is None:
        return page.reason is not None
    return all(one.reason is not None for one in list_digest(tx, key))


def _step(dedup_key: str) -> str:
    """Return `step.round` of a page's dedup key."""
    return dedup_key.split("/")[2]
