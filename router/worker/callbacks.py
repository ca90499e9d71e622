"""What a choice at a message of ours does: the work of one transaction, at most once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from router.incident.callbacks import Answered, Callback, CallbackRefused, Refused, admit
from router.incident.choices import SNOOZES, Choice, chosen_answer, read_choice
from router.incident.model import Incident, IncidentState
from router.message.model import is_digest_key
from router.oncall.model import Person
from router.phrase import phrase
from router.store.audit import Entry, record_audit
from router.store.incidents import find_incident
from router.store.provider_events import (
    find_standing,
    find_taken_at,
    list_paged_for,
    record_provider_event,
    record_taken_again,
)
from router.worker.answers import Answers

_LONGEST_NUMBER: Final = 18  # digits of an incident's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Makes a button or a link the same answer as from any other place, by a person of the catalog.

    An answer to a digest is one to each of its incidents that goes on.
    """

    answers: Answers
    installation: str

    def take(self, tx: Connection, given: Callback, *, now: datetime) -> Answered:
        """Give the answer, and keep that it is given; a crash before leaves neither.

        Raises CallbackRefused or AnswerRefused, and then nothing is changed.
        """
        person = self._admit(given)
        choice = read_choice(given.choice)
        found = self._find(tx, given)
        if choice is None or not found:
            reason = phrase("There is no such incident any more, or no such choice.")
            raise CallbackRefused(Refused.UNKNOWN, reason)
        taken_at = find_taken_at(tx, given.via, given.id)
        if given.lasts:
            taken_at = find_standing(tx, given.via, given.id, found)
        if taken_at is not None:
            reason = phrase(
                "{name} has done this already, at {at}: it counts once.",
                name=person.name,
                at=taken_at,
            )
            raise CallbackRefused(Refused.REPEATED, reason)
        going_on = [one for one in found if one.is_open]
        if not going_on:
            raise _over(found[0])
        for one in going_on:
            given_answer = chosen_answer(choice, by=person.name, now=now)
            self.answers.give(tx, one.stored_number, given_answer, now=now)
            record_audit(tx, _entry(given, person, choice, one, now=now))
        if not (given.lasts and record_taken_again(tx, given.via, given.id, now=now)):
            record_provider_event(
                tx, given.via, given.id, subject="", dedup_key=given.reference, now=now
            )
        return Answered(outcome=_outcome(choice, going_on), told=_told(choice, person, going_on))

    def _admit(self, given: Callback) -> Person:
        """Return who chose. Raises CallbackRefused for who is nobody here, or may only look."""
        people = self.answers.decisions.catalog.roster.people
        if given.person is None:
            reason = phrase("The on-call catalog does not know {name}.", name=given.name)
            raise CallbackRefused(Refused.STRANGER, reason)
        person = people.get(given.person)
        return admit(person, given.reference, installation=self.installation)

    def _find(self, tx: Connection, given: Callback) -> list[Incident]:
        """Return the incidents that the message tells, locked."""
        found = (find_incident(tx, number, to_change=True) for number in _numbers(tx, given))
        return [one for one in found if one is not None]


def _numbers(tx: Connection, given: Callback) -> list[int]:
    _, number, page = [*given.reference.split("/", 2), "", ""][:3]
    if page:
        is_whole = not is_digest_key(given.reference) or given.choice == Choice.ACKNOWLEDGE
        return list_paged_for(tx, given.via, given.reference) if is_whole else []
    readable = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
    return [int(number)] if readable else []


def _over(incident: Incident) -> CallbackRefused:
    if incident.resolved_at is None:
        raise ValueError("what is not open was resolved at some time")
    reason = phrase(
        "Incident {number} is over since {at}: there is nothing left to answer.",
        number=incident.stored_number,
        at=incident.resolved_at,
    )
    return CallbackRefused(Refused.OVER, reason)


def _entry(
    given: Callback, person: Person, choice: Choice, incident: Incident, *, now: datetime
) -> Entry:
    return Entry(
        at=now,
        actor=person.name,
        person=person.id,
        via=given.via,
        action=choice.value,
        incident_number=incident.stored_number,
        address=given.address,
    )


def _outcome(choice: Choice, before: list[Incident]) -> str:
    if choice is Choice.RESOLVE:
        return "resolved"
    takes = choice is Choice.ACKNOWLEDGE or choice in SNOOZES
    is_first = any(one.state is IncidentState.TRIGGERED for one in before)
    return "acknowledged" if takes and is_first else "noted"


def _told(choice: Choice, person: Person, before: list[Incident]) -> str:
    """Return who has had it already; for several, each message of theirs says so."""
    one = before[0]
    by, since = one.acknowledged_by, one.acknowledged_at
    if choice is not Choice.ACKNOWLEDGE or len(before) > 1 or by is None or since is None:
        return ""
    if by == person.name:
        return ""
    return phrase(
        "{name} has had incident {number} since {at}; that you have it too is recorded.",
        name=by,
        number=one.stored_number,
        at=since,
    )
