"""Which notices a change of an incident, or a step of its escalation, asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from router.address import Address
from router.channels.channel import Channel
from router.escalation.model import Decision
from router.incident.model import Change, Event, EventKind, Incident
from router.message.model import Message, MessageKind
from router.phrase import joined, phrase
from router.store.held import record_held, release_held
from router.store.incidents import list_channels
from router.store.messages import (
    MessageState,
    list_messages,
    record_dropped,
    record_message,
    record_notice,
)
from router.store.timeline import record_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Writes what informs channels, within the transaction of what caused it (G5)."""

    installation: str
    channels: Mapping[str, Channel]

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
        told = "" if is_first else joined(*(event.text for event in decision.events))
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
        number = incident.stored_number
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
        number = incident.stored_number
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
    text = phrase(
        "{place} is told at {at}, when its hours begin.",
        place=f"{address.channel} {address.address}",
        at=until,
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
