"""Who says "I am awake" has all that they were told of, and is not rung for what comes next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from router.incident.answers import Acknowledge
from router.incident.model import Event, EventKind, Incident
from router.oncall.model import Person, PersonId
from router.phrase import phrase
from router.store.audit import Entry, record_audit
from router.store.awake import (
    list_untaken_told,
    lock_untaken,
    record_awake,
    record_not_awake,
    record_ring_later,
    record_rings,
)
from router.store.incidents import find_incident
from router.store.timeline import record_events
from router.store.timers import find_timer
from router.worker.answers import Answers
from router.worker.quiet_pages import (
    find_told_only_quietly,
    quieten_unsent,
    ring_after_all,
)

# As often as a step looks whether a maintenance was called off.
_LOOK_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakePeople:
    """Keeps who is awake, with what that answers.

    Each locks the person's incidents in order before it changes anything.
    """

    answers: Answers

    def begin(
        self, tx: Connection, person: Person, *, entry: Entry, until: datetime, now: datetime
    ) -> list[int]:
        """Keep it, and acknowledge what the person was told of; return those incidents.

        What is asked for and nobody has tried to send goes out quietly: nobody
        has what they do not know of. `entry` is the row of the audit; there is
        another one for each incident. A crash before the commit leaves nothing.
        """
        untaken = lock_untaken(tx, person.id)
        record_awake(tx, person.id, until=until, now=now)
        told = list_untaken_told(tx, person.id)
        for number in told:
            self._acknowledge(tx, number, person, entry, now=now)
        outbox = self.answers.decisions.outbox
        for number in untaken:
            if number not in told:
                quieten_unsent(tx, outbox, number, person, now=now)
        record_audit(tx, _told(entry, f"{person.name} until {until.isoformat()}"))
        return told

    def end(self, tx: Connection, person: Person, *, entry: Entry, now: datetime) -> bool:
        """Have the person rung again as ever; False when they were already."""
        untaken = lock_untaken(tx, person.id)
        was = record_not_awake(tx, person.id, now=now)
        self._ring(tx, untaken, person.id, now=now)
        if was:
            record_audit(tx, _told(entry, person.name))
        return was

    def end_over(self, tx: Connection, person: PersonId, *, now: datetime) -> bool:
        """Have somebody rung again whose time has come; False when another replica has."""
        untaken = lock_untaken(tx, person)
        if not record_rings(tx, person, now=now):
            return False
        self._ring(tx, untaken, person, now=now)
        return True

    def _acknowledge(
        self, tx: Connection, number: int, person: Person, entry: Entry, *, now: datetime
    ) -> None:
        if entry.actor != person.name:
            text = phrase("{by} says that {person} is awake.", by=entry.actor, person=person.name)
            event = Event(at=now, kind=EventKind.COMMENTED, text=text)
            record_events(tx, number, [event])
        self.answers.give(tx, number, Acknowledge(by=person.name), now=now)
        of_this = replace(entry, action="acknowledge", incident_number=number)
        record_audit(tx, _told(of_this, f"{person.name} is awake"))

    def _ring(
        self, tx: Connection, numbers: Iterable[int], person: PersonId, *, now: datetime
    ) -> None:
        """Ring for what may wake people now, and look again in a minute if there is more."""
        decisions = self.answers.decisions
        known = decisions.catalog.roster.people.get(person)
        if known is None:
            return
        waits = False
        for number in numbers:
            incident = find_incident(tx, number)
            quiet = None if incident is None else find_told_only_quietly(tx, incident, person)
            if incident is None or quiet is None:
                continue
            if self._wakes_nobody_yet(tx, incident, now=now):
                waits = True
            else:
                ring_after_all(tx, decisions.outbox, quiet, known, now=now)
        if waits:
            record_ring_later(tx, person, at=now + _LOOK_EVERY, now=now)

    def _wakes_nobody_yet(self, tx: Connection, incident: Incident, *, now: datetime) -> bool:
        """Say whether nobody is to be woken, or a step that is due decides whom to wake."""
        if incident.is_quiet or self.answers.decisions.find_mute(incident, now=now) is not None:
            return True
        timer = find_timer(tx, incident.stored_number)
        due_at = None if timer is None else timer.escalation.due_at
        return due_at is not None and due_at <= now


def _told(entry: Entry, what: str) -> Entry:
    """Return the row with what was done, before what it says already of who said so."""
    return replace(entry, detail=f"{what}; {entry.detail}" if entry.detail else what)
