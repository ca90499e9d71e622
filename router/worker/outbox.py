"""Which pages are asked for, which a change of an incident makes needless, and how they end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from sqlalchemy import Connection

from router.address import Address
from router.channels.channel import Channel
from router.escalation.model import Page
from router.escalation.storm import joint_state
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.incident.words import state_word
from router.message.model import Message, MessageKind
from router.phrase import joined, phrase
from router.store.digests import (
    find_digest_key,
    list_carried_pages,
    list_digest,
    record_taken_out,
)
from router.store.messages import (
    MessageState,
    StoredMessage,
    list_messages,
    record_dropped,
    record_page,
    record_told_of_page,
)
from router.store.timeline import record_events
from router.worker.digests import gather
from router.worker.held import list_told
from router.worker.notices import Notices
from router.worker.told import message_name

_UNSENT: Final = (MessageState.PENDING, MessageState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Writes messages within the transaction of what caused them (G5)."""

    installation: str
    channels: Mapping[str, Channel]

    @property
    def notices(self) -> Notices:
        """Return what writes the messages that wake nobody."""
        return Notices(installation=self.installation, channels=self.channels)

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
            quiet = "/awake" if page.is_quiet else ""
            key = f"{self.installation}/{incident}/{page.step}.{round_}/{page.person}{quiet}"
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
        refused = phrase("({channel} did not accept the page.)", channel=page.address.channel)
        elsewhere = replace(page, address=address, because=joined(page.because, refused))
        return record_page(tx, elsewhere, now=now) is not None

    def end_pages(self, tx: Connection, incident: Incident, *, now: datetime) -> None:
        """Drop what still waits to wake people, and tell the providers of what was tried.

        A page that is being sent right now is settled when its outcome is
        known: told before that, the provider would know no such page.
        """
        number = incident.stored_number
        if incident.state is IncidentState.RESOLVED:
            acknowledges = list_messages(tx, number, kinds=[MessageKind.ACKNOWLEDGE])
            _supersede(tx, [one for one in acknowledges if not one.message.is_of_digest], now=now)
        pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
        self._end(tx, pages, incident.state, now=now)
        for page in pages:
            self._settle(tx, self._lock_digest(tx, page), now=now)

    def _end(
        self,
        tx: Connection,
        pages: Iterable[StoredMessage],
        state: IncidentState,
        *,
        now: datetime,
        reason: str = "",
    ) -> None:
        for page in pages:
            if page.state is MessageState.PENDING:
                self.drop_page(tx, page, state, reason=reason, now=now)
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
        pages = list_carried_pages(tx, [key])
        state = joint_state({page.state for page in pages})
        if state is IncidentState.TRIGGERED:
            return
        reason = "" if pages else phrase("none of its incidents is left in it")
        if state is IncidentState.RESOLVED:
            number = digest[0].message.incident_number
            acknowledges = list_messages(tx, number, kinds=[MessageKind.ACKNOWLEDGE])
            same = [one for one in acknowledges if one.message.dedup_key == key]
            _supersede(tx, same, now=now)
        self._end(tx, digest, state, reason=reason, now=now)

    def withdraw_pages(self, tx: Connection, incident: Incident, *, now: datetime) -> None:
        """End the pages of those who do not have to care any more, though the incident goes on."""
        for page in list_messages(tx, incident.stored_number, kinds=[MessageKind.PAGE]):
            reason = phrase("it was given to somebody else")
            # One that is being sent too: its lease ends here, so nobody tries it again.
            if page.state in _UNSENT:
                self.drop_page(tx, page, incident.state, reason=reason, now=now)
            if page.attempts:
                self._tell_provider(tx, page.message, MessageKind.RESOLVE, now=now)
            digest = self._lock_digest(tx, page)
            if digest:
                record_taken_out(tx, page.id, reason=reason)
                self._settle(tx, digest, now=now)

    def drop_pages(
        self, tx: Connection, incident: Incident, *, reason: str, now: datetime
    ) -> list[StoredMessage]:
        """Drop the pages that wait to be sent, also in a digest; return them.

        One that is being sent loses its lease: should it fail, it is not tried again.
        """
        pages = list_messages(tx, incident.stored_number, kinds=[MessageKind.PAGE])
        waiting = [page for page in pages if page.state in _UNSENT]
        for page in waiting:
            self.drop_page(tx, page, incident.state, reason=reason, now=now)
        return waiting + [
            page for page in pages if self._take_out(tx, page, reason=reason, now=now)
        ]

    def take_back(
        self,
        tx: Connection,
        page: StoredMessage,
        state: IncidentState,
        *,
        reason: str,
        now: datetime,
    ) -> bool:
        """Take back a page that nobody has tried to send; False when it may have been sent."""
        if page.state is MessageState.PENDING and not page.attempts:
            self.drop_page(tx, page, state, reason=reason, now=now)
            return True
        return self._take_out(tx, page, reason=reason, now=now)

    def _take_out(self, tx: Connection, page: StoredMessage, *, reason: str, now: datetime) -> bool:
        """Take a page out of a digest that nobody has accepted; False when none has it.

        One that is being sent tells it perhaps, but not again should it fail.
        """
        digest = self._lock_digest(tx, page)
        if not digest or any(one.state not in _UNSENT for one in digest):
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
        reason = reason or phrase("{state} before it was accepted", state=state_word(state))
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
        record_told_of_page(tx, message, now=now)


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
    text = phrase("{message} not sent: {reason}.", message=message_name(page), reason=reason)
    return Event(at=now, kind=EventKind.MESSAGE_DROPPED, text=text)
