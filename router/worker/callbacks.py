"""What a choice at a message of ours does: the work of one transaction, at most once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from router.incident.callbacks import (
    Answered,
    Callback,
    CallbackRefused,
    Refused,
    admit,
    nothing_there,
)
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
# Who was slower than the end is told so, and kept in the timeline, as on the page.
_AFTER_THE_END: Final = (Choice.ACKNOWLEDGE, Choice.RESOLVE)


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
            is_whole = is_digest_key(given.reference) and choice is Choice.ACKNOWLEDGE
            raise nothing_there(of_digest=is_whole)
        taken_at = find_taken_at(tx, given.via, given.id)
        if given.lasts:
            wakes = choice is Choice.ESCALATE
            taken_at = find_standing(tx, given.via, given.id, found, leaves_waiting=wakes)
        if taken_at is not None:
            reason = phrase(
                "{name} has done this already, at {at}: it counts once.",
                name=person.name,
                at=taken_at,
            )
            raise CallbackRefused(Refused.REPEATED, reason)
        going_on = [one for one in found if one.is_open]
        if not going_on and choice not in _AFTER_THE_END:
            raise _over(found[0])
        already = False
        for one in going_on or found:
            given_answer = chosen_answer(choice, by=person.name, now=now)
            recorded = self.answers.give(tx, one.stored_number, given_answer, now=now)
            already = recorded is not None and recorded.already
            record_audit(tx, _entry(given, person, choice, one, now=now))
        if not (given.lasts and record_taken_again(tx, given.via, given.id, now=now)):
            record_provider_event(
                tx, given.via, given.id, subject="", dedup_key=given.reference, now=now
            )
        if not going_on:
            return Answered(outcome="noted", told=_too_late(found[0]))
        told = _already(choice, going_on[0]) if already and len(going_on) == 1 else ""
        return Answered(outcome=_outcome(choice, going_on), told=told)

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
        found = list_paged_for(tx, given.via, given.reference) if is_whole else None
        return found or []
    readable = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
    return [int(number)] if readable else []


def _over(incident: Incident) -> CallbackRefused:
    reason = phrase(
        "Incident {number} is over since {at}: there is nothing left to answer.",
        number=incident.stored_number,
        at=_ended_at(incident),
    )
    return CallbackRefused(Refused.OVER, reason)


def _too_late(incident: Incident) -> str:
    return phrase(
        "Incident {number} was over already, since {at}. That is recorded.",
        number=incident.stored_number,
        at=_ended_at(incident),
    )


def _ended_at(incident: Incident) -> datetime:
    if incident.resolved_at is None:
        raise ValueError("what is not open was resolved at some time")
    return incident.resolved_at


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


def _already(choice: Choice, before: Incident) -> str:
    """Return why an answer comes second; of several, each message of theirs says so."""
    number, by, since = before.stored_number, before.acknowledged_by, before.acknowledged_at
    if choice is Choice.ESCALATE:
        return phrase(
            "The next step for incident {number} was taken a moment ago: that counts once.",
            number=number,
        )
    if by is None or since is None:
        return ""
    if choice in SNOOZES:
        return phrase(
            "{name} has had incident {number} since {at}:"
            " your snooze is recorded, and changes nothing.",
            name=by,
            number=number,
            at=since,
        )
    return phrase(
        "{name} has had incident {number} since {at}; that you have it too is recorded.",
        name=by,
        number=number,
        at=since,
    )
