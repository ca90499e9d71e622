"""Pages in place of ringing somebody who is awake: when they begin, and when it rings after all."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from router.escalation.awake import QUIET
from router.escalation.model import Page
from router.incident.model import Event, EventKind, Incident, IncidentState
from router.message.model import Message, MessageKind, page_round, page_step
from router.oncall.model import Person, PersonId, Roster
from router.phrase import joined, phrase
from router.store.awake import read_awake
from router.store.incidents import find_incident
from router.store.messages import list_messages, record_page
from router.store.timeline import record_events
from router.store.timers import find_timer
from router.worker.digests import gather
from router.worker.outbox import Outbox


def quieten_unsent(
    tx: Connection, outbox: Outbox, number: int, person: Person, *, now: datetime
) -> None:
    """Tell somebody who is awake quietly of what was to ring them, and was not tried yet.

    Not by the last resort, and once an incident, as for what comes next.
    """
    incident, round_ = find_incident(tx, number), _round(tx, number)
    quiet = read_awake(tx, number, now=now).address_for(person, now=now)
    if incident is None or round_ is None or quiet is None:
        return
    for page in list_messages(tx, number, kinds=[MessageKind.PAGE]):
        message = page.message
        step = page_step(message.dedup_key)
        if message.person != person.id or page_round(message.dedup_key) != round_ or step == "last":
            continue
        reason = phrase("{person} is awake", person=person.name)
        if not outbox.take_back(tx, page, incident.state, reason=reason, now=now):
            continue
        because = message.because
        instead = Page(person=person.id, address=quiet, step=step, because=because, is_quiet=True)
        text = phrase(
            "{person} is awake: told by {channel} instead of a page. {because}",
            person=person.name,
            channel=quiet.channel,
            because=because,
        )
        record_events(tx, number, [Event(at=now, kind=EventKind.PAGED, text=text)])
        outbox.record_pages(tx, number, [instead], round_=round_, now=now, gathers=True)
        return


def ring_told_quietly(
    tx: Connection, outbox: Outbox, incident: Incident, roster: Roster, *, now: datetime
) -> None:
    """Ring those who were told of an incident only quietly, once it has risen; each once.

    A running escalation is not sent back to its first step by a rise, so nobody
    else would: what they were told of was milder. One that begins anew rings
    them itself, if they are still those to be told.
    """
    for person, quiet in _told_only_quietly(tx, incident).items():
        known = roster.people.get(person)
        if known is not None:
            rose = phrase("It has risen to {severity} since.", severity=str(incident.severity))
            _ring(tx, outbox, quiet, known, rose, now=now)


def find_told_only_quietly(tx: Connection, incident: Incident, person: PersonId) -> Message | None:
    """Return the quiet page of what nobody has, if nothing rang the person for it.

    By the escalation that runs: what is given to somebody else is not theirs any more.
    """
    return _told_only_quietly(tx, incident).get(person)


def _told_only_quietly(tx: Connection, incident: Incident) -> dict[PersonId, Message]:
    if incident.state is not IncidentState.TRIGGERED:
        return {}
    number = incident.stored_number
    round_ = _round(tx, number)
    quiet: dict[PersonId, Message] = {}
    rung: set[PersonId] = set()
    for page in list_messages(tx, number, kinds=[MessageKind.PAGE]):
        message, person = page.message, page.message.person
        if person is None or page_round(message.dedup_key) != round_ or not page.is_asked:
            continue
        if message.address.channel not in QUIET:
            rung.add(person)
        elif message.is_quiet:
            quiet.setdefault(person, message)
    return {person: message for person, message in quiet.items() if person not in rung}


def ring_after_all(
    tx: Connection, outbox: Outbox, quiet: Message, person: Person, *, now: datetime
) -> None:
    """Ring somebody who is awake no more for what they were told only quietly."""
    why = phrase("{person} is not awake any more, and nobody has it.", person=person.name)
    _ring(tx, outbox, quiet, person, why, now=now)


def _ring(
    tx: Connection, outbox: Outbox, quiet: Message, person: Person, why: str, *, now: datetime
) -> None:
    """Ring for what was told quietly, unless that was done before."""
    ringing = next((one for one in person.addresses if one.channel not in QUIET), None)
    if ringing is None:
        return
    because = joined(quiet.because, why)
    louder = replace(quiet, address=ringing, because=because)
    asked = record_page(tx, louder, now=now)
    if asked is None:
        return
    text = phrase(
        "Page to {person} by {channel}: {because}",
        person=person.name,
        channel=ringing.channel,
        because=because,
    )
    record_events(tx, quiet.incident_number, [Event(at=now, kind=EventKind.PAGED, text=text)])
    gather(tx, asked, louder, installation=outbox.installation, now=now)


def _round(tx: Connection, number: int) -> int | None:
    timer = find_timer(tx, number)
    return None if timer is None else timer.round
