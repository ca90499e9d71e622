"""What was told quietly and got worse: who is awake is rung for it after all."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from router.escalation.awake import QUIET
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.message.model import MessageKind
from router.oncall.model import Roster
from router.phrase import joined, phrase
from router.store.incidents import record_events
from router.store.messages import MessageState, list_messages, record_page


def ring_told_quietly(tx: Connection, incident: Incident, roster: Roster, *, now: datetime) -> None:
    """Ring those who were told of an incident quietly, once it has risen; each once.

    A running escalation is not sent back to its first step by a rise, so nobody
    else would: what they were told of was milder.
    """
    if incident.state is not IncidentState.TRIGGERED:
        return
    for page in list_messages(tx, incident.stored_number, kinds=[MessageKind.PAGE]):
        person = roster.people.get(page.message.person) if page.message.person else None
        is_told = page.state is not MessageState.DROPPED or page.carried_by is not None
        if person is None or not page.message.is_quiet or not is_told:
            continue
        ringing = next((one for one in person.addresses if one.channel not in QUIET), None)
        if ringing is None:
            continue
        rose = phrase("It has risen to {severity} since.", severity=str(incident.severity))
        because = joined(page.message.because, rose)
        louder = replace(page.message, address=ringing, because=because)
        if record_page(tx, louder, now=now) is None:
            continue
        text = phrase(
            "Page to {person} by {channel}: {because}",
            person=person.name,
            channel=ringing.channel,
            because=because,
        )
        event = Event(at=now, kind=EventKind.PAGED, text=text)
        record_events(tx, incident.stored_number, [event])
