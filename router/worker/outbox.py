"""Which messages a change of an incident asks for, and which it makes needless."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from router.address import Address
from router.channels.channel import Channel
from router.escalation.model import Decision, Page
from router.escalation.storm import joint_state
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.message.model import Message, MessageKind
from router.message.summary import shown_instant
from router.store.digests import (
    find_digest_key,
    list_carried_pages,
    list_digest,
    record_taken_out,
)
from router.store.held import record_held, release_held
from router.store.incidents import list_channels, record_events
from router.store.messages import (
    MessageState,
    StoredMessage,
    list_messages,
    record_dropped,
    record_message,
    record_notice,
    record_page,
)
from router.worker.digests import gather
from router.worker.held import list_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Writes messages within the transaction of what caused them (G5)."""

    installation: str
    channels: Mapping[str, Channel]

    def record_pages(
        self,
        tx: Connection,
        incident: int,
        pages: Iterable[Page],
        *,
        round_: int,
        now: datetime,
        gathers: bool = False,
    ) -> None:
        """Ask for pages; the round keeps a second escalation's keys apart from the first's.

        When it `gathers`, an address that is asked to take many is told the
        rest by digests; what a person asks for goes out by itself.
        """
        for page in pages:
            key = f"{self.installation}/{incident}/{page.step}.{round_}/{page.person}"
            message = Message(
                incident_number=incident,
                kind=MessageKind.PAGE,
                address=page.address,
                dedup_key=key,
                person=page.person,
                because=page.because,
            )
            asked = record_page(tx, message, now=now)
            if gathers and asked is not None:
                gather(tx, asked, message, installation=self.installation, now=now)

    def record_page_elsewhere(
        self, tx: Connection, page: Message, address: Address, *, now: datetime
    ) -> bool:
        """Page the same person at another address while the first is retried; False when asked."""
        because = f"{page.because} ({page.address.channel} did not accept the page.)"
        elsewhere = replace(page, address=address, because=because)
        return record_page(tx, elsewhere, now=now) is not None

    def end_pages(self, tx: Connection, incident: Incident, *, now: datetime) -> None:
        """Drop what still waits to wake people, and tell the providers of what was tried.

        A page that is being sent right now is settled when its outcome is
        known: told before that, the provider would know no such page.
        """
        number = _number(incident)
        if incident.state is IncidentState.RESOLVED:
            acknowledges = list_messages(tx, number, kinds=[MessageKind.ACKNOWLEDGE])
            _supersede(tx, [one for one in acknowledges if not one.message.is_of_digest], now=now)
        pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
        self._end(tx, pages, incident.state, now=now)
        for page in pages:
            self._settle(tx, self._lock_digest(tx, page), now=now)

    def _end(
        self, tx: Connection, pages: Iterable[StoredMessage], state: IncidentState, *, now: datetime
    ) -> None:
        for page in pages:
            if page.state is MessageState.PENDING:
                self.drop_page(tx, page, state, now=now)
            elif page.state is not MessageState.SENDING and page.attempts:
                self.record_follow_up(tx, page.message, state, now=now)

    def _lock_digest(self, tx: Connection, page: StoredMessage) -> list[StoredMessage]:
        """Return the digest that tells a page, at each of its addresses; nothing when none does.

        Locked before anybody looks at its other incidents: of two that end at
        once, the second to get here sees the end of the first.
        """
        key = None if page.carried_by is None else find_digest_key(tx, page.carried_by)
        return [] if key is None else list_digest(tx, key, to_change=True)

    def _settle(self, tx: Connection, digest: list[StoredMessage], *, now: datetime) -> None:
        """End a digest, as a page, once no incident in it has to wake anybody."""
        if not digest:
            return
        key = digest[0].message.dedup_key
        state = joint_state({page.state for page in list_carried_pages(tx, [key])})
        if state is IncidentState.TRIGGERED:
            return
        if state is IncidentState.RESOLVED:
            number = digest[0].message.incident_number
            acknowledges = list_messages(tx, number, kinds=[MessageKind.ACKNOWLEDGE])
            same = [one for one in acknowledges if one.message.dedup_key == key]
            _supersede(tx, same, now=now)
        self._end(tx, digest, state, now=now)

    def withdraw_pages(self, tx: Connection, incident: Incident, *, now: datetime) -> None:
        """End the pages of those who do not have to care any more, though the incident goes on."""
        for page in list_messages(tx, _number(incident), kinds=[MessageKind.PAGE]):
            reason = "it was given to somebody else"
            # One that is being sent too: its lease ends here, so nobody tries it again.
            if page.state in (MessageState.PENDING, MessageState.SENDING):
                self.drop_page(tx, page, incident.state, reason=reason, now=now)
            if page.attempts:
                self._tell_provider(tx, page.message, MessageKind.RESOLVE, now=now)
            digest = self._lock_digest(tx, page)
            if digest:
                record_taken_out(tx, page.id, reason=reason)
                self._settle(tx, digest, now=now)

    def drop_pages(self, tx: Connection, incident: Incident, *, reason: str, now: datetime) -> bool:
        """Drop the pages that wait to be sent, also in a digest; False when none did.

        One that is being sent loses its lease: should it fail, it is not tried again.
        """
        pages = list_messages(tx, _number(incident), kinds=[MessageKind.PAGE])
        unsent = (MessageState.PENDING, MessageState.SENDING)
        waiting = [page for page in pages if page.state in unsent]
        for page in waiting:
            self.drop_page(tx, page, incident.state, reason=reason, now=now)
        taken_out = [self._take_out(tx, page, reason=reason, now=now) for page in pages]
        return bool(waiting) or any(taken_out)

    def _take_out(self, tx: Connection, page: StoredMessage, *, reason: str, now: datetime) -> bool:
        """Take a page out of a digest that waits to be sent; False when none does with it."""
        digest = self._lock_digest(tx, page)
        if not digest or any(one.state is not MessageState.PENDING for one in digest):
            return False
        record_taken_out(tx, page.id, reason=reason)
        record_events(tx, page.message.incident_number, [_unsent(page.message, reason, now=now)])
        self._settle(tx, digest, now=now)
        return True

    def drop_page(
        self,
        tx: Connection,
        page: StoredMessage,
        state: IncidentState,
        *,
        now: datetime,
        reason: str = "",
    ) -> None:
        """Take a page out that nobody needs; one that was tried may have been accepted unseen.

        `state` is that of its incident, of a digest the joint one.
        """
        reason = reason or f"{state} before it was accepted"
        record_dropped(tx, [page.id], reason=reason, now=now)
        for number in list_told(tx, page):
            record_events(tx, number, [_unsent(page.message, reason, now=now)])
        if page.attempts:
            self.record_follow_up(tx, page.message, state, now=now)

    def record_follow_up(
        self, tx: Connection, page: Message, state: IncidentState, *, now: datetime
    ) -> None:
        """Tell the provider of a page that somebody has the incident, or that it is over."""
        kind = _follow_up(state)
        if kind is not None:
            self._tell_provider(tx, page, kind, now=now)

    def _tell_provider(
        self, tx: Connection, page: Message, kind: MessageKind, *, now: datetime
    ) -> None:
        channel = self.channels.get(page.address.channel)
        if channel is None or not channel.closes_pages:
            return
        message = Message(
            incident_number=page.incident_number,
            kind=kind,
            address=page.address,
            dedup_key=page.dedup_key,
            person=page.person,
        )
        record_message(tx, message, now=now)

    def record_step(
        self,
        tx: Connection,
        number: int,
        decision: Decision,
        *,
        round_: int,
        waits: Mapping[Address, datetime],
        now: datetime,
    ) -> None:
        """Tell a step: in each notice that is edited in place, and in its thread where it has one.

        A notice that was not posted yet tells the step itself when it is, and
        an incident's first pages are part of its notice. To be called before
        the step's pages are recorded. `waits` is as for record_notices; the
        step's own channels do not wait, and those that do get no replies.
        """
        is_first = not list_messages(tx, number, kinds=[MessageKind.PAGE])
        posted = {
            one.message.address
            for one in list_messages(tx, number, kinds=[MessageKind.NOTICE])
            if one.provider_id is not None
        }
        key = f"{self.installation}/{number}/step/{_taken(decision)}.{round_}"
        told = "" if is_first else " ".join(event.text for event in decision.events)
        for address in list_channels(tx, number):
            until = None if address in decision.channels else waits.get(address)
            if self._edits(address):
                self._record_edited(tx, number, address, until, now=now)
            channel = self.channels.get(address.channel)
            has_thread = channel is not None and channel.has_threads and address in posted
            if told and has_thread and until is None:
                record_message(tx, _reply(number, address, key, told), now=now)

    def record_notices(
        self,
        tx: Connection,
        incident: Incident,
        change: Change,
        *,
        waits: Mapping[Address, datetime],
        now: datetime,
    ) -> None:
        """Bring every informed channel up to date; those in `waits` only from then on.

        What a channel shows already is edited at any time: that disturbs nobody.
        """
        number = _number(incident)
        for address in list_channels(tx, number):
            until = waits.get(address)
            if self._edits(address):
                self._record_edited(tx, number, address, until, now=now)
            else:
                self._record_letter(tx, incident, change, address, until, now=now)

    def _record_edited(
        self,
        tx: Connection,
        number: int,
        address: Address,
        until: datetime | None,
        *,
        now: datetime,
    ) -> None:
        notice = _notice(number, address, self._notice_key(number, address))
        record_notice(tx, notice, now=now)
        if until is None:
            release_held(tx, number, address, now=now)
        elif record_held(tx, notice, until=until):
            record_events(tx, number, [_held(address, until, now=now)])

    def _edits(self, address: Address) -> bool:
        channel = self.channels.get(address.channel)
        return channel is None or channel.edits_notices

    def _notice_key(self, number: int, address: Address) -> str:
        return f"{self.installation}/{number}/notice/{address.channel}/{address.address}"

    def _record_letter(
        self,
        tx: Connection,
        incident: Incident,
        change: Change,
        address: Address,
        until: datetime | None,
        *,
        now: datetime,
    ) -> None:
        """Write a notice of its own for what is worth one; for a new reader, anything is."""
        number = _number(incident)
        if until is None:
            release_held(tx, number, address, now=now)
        before = [
            one
            for one in list_messages(tx, number, kinds=[MessageKind.NOTICE])
            if one.message.address == address
        ]
        occasion = _occasion(incident, change) or (None if before else "joined")
        if occasion is None:
            return
        waiting = [one for one in before if one.state is MessageState.PENDING]
        superseded = [one.id for one in waiting]
        record_dropped(tx, superseded, reason="superseded by a newer notice", now=now)
        # Counted, because the same can happen twice in one incident.
        key = f"{self._notice_key(number, address)}/{len(before) + 1}-{occasion}"
        notice = _notice(number, address, key)
        record_message(tx, notice, now=now)
        held = until is not None and record_held(tx, notice, until=until)
        if until is not None and held and all(one.held_until is None for one in waiting):
            record_events(tx, number, [_held(address, until, now=now)])


def _taken(decision: Decision) -> str:
    """Return which step was taken; the last resort leaves no time at which another is due."""
    return "last" if decision.escalation.due_at is None else str(decision.escalation.next_step)


def _notice(number: int, address: Address, key: str) -> Message:
    return Message(incident_number=number, kind=MessageKind.NOTICE, address=address, dedup_key=key)


def _reply(number: int, address: Address, key: str, told: str) -> Message:
    return Message(
        incident_number=number,
        kind=MessageKind.ESCALATION,
        address=address,
        dedup_key=key,
        because=told,
    )


def _held(address: Address, until: datetime, *, now: datetime) -> Event:
    text = (
        f"{address.channel} {address.address} is told at {shown_instant(until)},"
        " when its hours begin."
    )
    return Event(at=now, kind=EventKind.ROUTED, text=text)


def _occasion(incident: Incident, change: Change) -> str | None:
    """Return what makes a notice worth writing: an end, a beginning, a rise."""
    if change.resolved:
        return "resolved"
    if change.opened:
        return "opened"
    if change.reopened:
        return f"reopened-{incident.reopened}"
    return f"rose-to-{incident.severity}" if change.severity_rose else None


def _follow_up(state: IncidentState) -> MessageKind | None:
    match state:
        case IncidentState.TRIGGERED:
            return None
        case IncidentState.ACKNOWLEDGED:
            return MessageKind.ACKNOWLEDGE
        case IncidentState.RESOLVED:
            return MessageKind.RESOLVE
        case _:
            assert_never(state)


def _supersede(tx: Connection, acknowledges: Iterable[StoredMessage], *, now: datetime) -> None:
    waiting = [one.id for one in acknowledges if one.state is MessageState.PENDING]
    record_dropped(tx, waiting, reason="superseded by the resolve", now=now)


def _unsent(page: Message, reason: str, *, now: datetime) -> Event:
    text = f"{page.kind.capitalize()} to {_place(page)} not sent: {reason}."
    return Event(at=now, kind=EventKind.MESSAGE_DROPPED, text=text)


def _place(message: Message) -> str:
    return f"{message.address.channel} {message.address.address}"


def _number(incident: Incident) -> int:
    if incident.number is None:
        raise ValueError("an incident gets its number before its messages")
    return incident.number
