"""What follows when somebody answers: the work of one transaction (G5)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from router.escalation.decide import hasten, reassigned, start
from router.escalation.model import Policy, Step
from router.incident.answers import Answer, AnswerRefused, Escalate, Reassign, answer
from router.incident.model import Change, Incident
from router.oncall.model import PersonId
from router.phrase import phrase
from router.routing import PolicyId
from router.store.incidents import find_incident
from router.store.timers import find_timer, record_escalation, record_started
from router.worker.decisions import Decisions

_WAIT: Final = timedelta(minutes=15)  # where no policy says how long


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One function for all channels, so that every place agrees about an incident."""

    decisions: Decisions

    def give(self, tx: Connection, number: int, given: Answer, *, now: datetime) -> Incident | None:
        """Record an answer with all that follows; None for an unknown incident.

        Raises AnswerRefused, and then nothing is changed.
        """
        incident = find_incident(tx, number, to_change=True)
        if incident is None:
            return None
        timer = find_timer(tx, number)
        lasts = None if timer is None else timer.escalation.policy.acknowledge_timeout
        change = answer(incident, given, now=now, lasts=lasts)
        match given:
            case Escalate():
                self._escalate(tx, incident, change, now=now)
            case Reassign():
                self._reassign(tx, incident, change, given, now=now)
            case _:
                self.decisions.record(tx, incident, change, now=now)
        return find_incident(tx, number)

    def _escalate(
        self, tx: Connection, incident: Incident, change: Change, *, now: datetime
    ) -> None:
        """Take the next step now; after the last resort, begin again with the first."""
        number = incident.stored_number
        timer = find_timer(tx, number)
        hastened = None if timer is None else hasten(timer.escalation, now=now)
        policy = self._policy(tx, incident)
        if hastened is None and policy is None:
            raise AnswerRefused(
                phrase("No policy escalates this incident: give it to a person instead.")
            )
        self.decisions.record(tx, incident, change, now=now)
        if hastened is not None:
            record_escalation(tx, number, hastened)
        elif policy is not None:
            self._start(tx, number, policy, now=now)
        # A person asks for it: no announced maintenance keeps the next one asleep.
        self.decisions.take_step(tx, number, now=now, muted=False)

    def _reassign(
        self, tx: Connection, incident: Incident, change: Change, given: Reassign, *, now: datetime
    ) -> None:
        number = incident.stored_number
        policy = (
            self._given_policy(given) if given.is_policy else self._to_person(tx, incident, given)
        )
        after = self.decisions.record(tx, incident, change, now=now)
        self.decisions.outbox.withdraw_pages(tx, after, now=now)
        self._start(tx, number, policy, now=now)
        self.decisions.take_step(tx, number, now=now, muted=False)

    def _given_policy(self, given: Reassign) -> Policy:
        policy = self.decisions.catalog.policies.get(PolicyId(given.to))
        if policy is None:
            raise AnswerRefused(phrase("There is no policy {policy}.", policy=given.to))
        return replace(policy, given=True)

    def _to_person(self, tx: Connection, incident: Incident, given: Reassign) -> Policy:
        person = self.decisions.catalog.roster.people.get(PersonId(given.to))
        if person is None:
            raise AnswerRefused(phrase("There is no person {person}.", person=given.to))
        if not person.addresses:
            raise AnswerRefused(phrase("{person} has no address for pages.", person=person.name))
        policy = self._policy(tx, incident)
        if policy is None:
            alone = Step(schedules=(), people=(person.id,), wait=timedelta())
            policy = Policy(id=PolicyId("none"), steps=(), last_resort=alone)
        wait = policy.steps[0].wait if policy.steps else _WAIT
        return reassigned(policy, person.id, wait=wait)

    def _policy(self, tx: Connection, incident: Incident) -> Policy | None:
        """Return the policy that runs, else the one that today's routes lead to."""
        timer = find_timer(tx, incident.stored_number)
        if timer is not None:
            return timer.escalation.policy
        return self.decisions.todays_policy(incident)

    def _start(self, tx: Connection, number: int, policy: Policy, *, now: datetime) -> None:
        version = self.decisions.catalog.version
        record_started(tx, number, start(policy, catalog_version=version, now=now))
