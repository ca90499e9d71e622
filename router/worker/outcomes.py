"""What follows from one attempt to send: the work of the transaction that records it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from router.address import Address
from router.channels.outcome import Outcome, Refused, Retry, Sent
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.message.model import Message, MessageKind
from router.oncall.model import Roster
from router.store.incidents import find_incident, record_events
from router.store.leases import SENT_BEFORE, find_claimed, record_failure, record_sent
from router.store.messages import StoredMessage, list_messages
from router.store.timers import find_timer, record_escalation
from router.worker.held import list_told
from router.worker.outbox import Outbox
from router.worker.retry import next_delay, repeat_at

# How long a page may stay unaccepted before the person's next address is tried too.
ELSEWHERE_AFTER: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Records outcomes, each under the lease of the attempt it belongs to (G6)."""

    outbox: Outbox
    roster: Roster

    def record(
        self, tx: Connection, claimed: StoredMessage, outcome: Outcome, *, now: datetime
    ) -> bool:
        """Record an outcome; False when the lease was lost, since then another one records it."""
        incident = find_incident(tx, claimed.message.incident_number, to_change=True)
        current = find_claimed(tx, claimed)
        if incident is None or current is None:
            return False
        # As it was claimed: what changed since then is not in what was sent.
        current = replace(current, revision=claimed.revision)
        if isinstance(outcome, Sent):
            self._record_sent(tx, current, outcome, incident, now=now)
        elif is_needless(current, incident):
            # It may have been accepted without our knowing, so the provider is told as well.
            self.outbox.drop_page(tx, current, incident, now=now)
        else:
            self._record_failure(tx, current, outcome, incident, now=now)
        return True

    def drop(self, tx: Connection, claimed: StoredMessage, *, now: datetime) -> bool:
        """Drop a page that is needless before this attempt; False when it is needed after all."""
        incident = find_incident(tx, claimed.message.incident_number, to_change=True)
        current = find_claimed(tx, claimed)
        if incident is None or current is None or not is_needless(current, incident):
            return False
        # The claim counted an attempt that is not made.
        untried = replace(current, attempts=current.attempts - 1)
        self.outbox.drop_page(tx, untried, incident, now=now)
        return True

    def _record_sent(
        self,
        tx: Connection,
        sent: StoredMessage,
        outcome: Sent,
        incident: Incident,
        *,
        now: datetime,
    ) -> None:
        again_at = self._repeat_at(tx, sent, now=now)
        record_sent(tx, sent, provider_id=outcome.provider_id, again_at=again_at, now=now)
        if sent.detail != SENT_BEFORE:
            again = "" if again_at is None else ", and is sent once more in a minute"
            text = f"{_what(sent)} was accepted{again}."
            event = Event(at=now, kind=EventKind.MESSAGE_SENT, text=text)
            for number in list_told(tx, sent):
                record_events(tx, number, [event])
        if sent.message.kind is MessageKind.PAGE:
            # Acknowledged or resolved while it was on its way: the provider must learn it.
            self.outbox.record_follow_up(tx, sent.message, incident, now=now)

    def _repeat_at(self, tx: Connection, sent: StoredMessage, *, now: datetime) -> datetime | None:
        """Return when the end of a page is told once more, in case it came too early."""
        channel = self.outbox.channels.get(sent.message.address.channel)
        if channel is None or not channel.settles_within:
            return None
        pages = list_messages(tx, sent.message.incident_number, kinds=[MessageKind.PAGE])
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
        incident: Incident,
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
            ending = "given up" if delay is None else "it is tried again"
            text = f"{_what(failed)} failed, {ending}: {outcome.detail}"
            event = Event(at=now, kind=EventKind.MESSAGE_FAILED, text=text)
            for number in list_told(tx, failed):
                record_events(tx, number, [event])
        if kind is MessageKind.PAGE and (isinstance(outcome, Refused) or age >= ELSEWHERE_AFTER):
            self._page_next(tx, failed, now=now)

    def page_elsewhere(self, tx: Connection, page: Message, *, now: datetime) -> bool:
        """Page the person at the next address too; False when that is done, or of no use."""
        address = self.next_address(page)
        incident = find_incident(tx, page.incident_number, to_change=True)
        if address is None or incident is None or incident.state is not IncidentState.TRIGGERED:
            return False
        return self.outbox.record_page_elsewhere(tx, page, address, now=now)

    def next_address(self, page: Message) -> Address | None:
        """Return the person's address after the page's; the first when the page's is gone."""
        person = self.roster.people.get(page.person) if page.person else None
        addresses = () if person is None else person.addresses
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
        timer = find_timer(tx, page.incident_number)
        if timer is None or timer.escalation.due_at is None or timer.escalation.due_at <= now:
            return
        step = _step(page.dedup_key)
        pages = list_messages(tx, page.incident_number, kinds=[MessageKind.PAGE])
        of_step = [one for one in pages if _step(one.message.dedup_key) == step]
        is_current = step == f"{timer.escalation.next_step}.{timer.round}"
        if is_current and all(one.reason is not None for one in of_step):
            record_escalation(tx, page.incident_number, replace(timer.escalation, due_at=now))
            text = "No page of this step was accepted, so the next step does not wait."
            event = Event(at=now, kind=EventKind.NOBODY_TO_PAGE, text=text)
            record_events(tx, page.incident_number, [event])


def is_needless(message: StoredMessage, incident: Incident) -> bool:
    """Say whether this would wake somebody for an incident that nobody has to be woken for."""
    is_page = message.message.kind is MessageKind.PAGE
    return is_page and incident.state is not IncidentState.TRIGGERED


def _step(dedup_key: str) -> str:
    """Return `step.round` of a page's dedup key."""
    return dedup_key.split("/")[2]


def _what(message: StoredMessage) -> str:
    address = message.message.address
    return f"{message.message.kind.capitalize()} to {address.channel} {address.address}"
