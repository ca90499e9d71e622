"""What follows when somebody answers: the work of one transaction (G5)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from router.catalog.todays import may_escalate
from router.escalation.decide import NOBODY_ASKED, hasten, start
from router.escalation.given import NO_POLICY, alone, reassigned, split_given
from router.escalation.model import Policy
from router.incident.answers import (
    Acknowledge,
    Answer,
    AnswerRefused,
    Escalate,
    Reassign,
    Recorded,
    Snooze,
    answer,
)
from router.incident.model import Change, Incident
from router.incident.test_page import is_page_test
from router.oncall.model import PersonId
from router.oncall.overrides import find_obstacle_of_role, meant
from router.phrase import joined, phrase
from router.routing import PolicyId
from router.store.asked import find_asked
from router.store.incidents import find_incident
from router.store.timeline import list_timeline
from router.store.timers import Timer, find_timer, record_escalation, record_started
from router.worker.decisions import Decisions

_WAIT: Final = timedelta(minutes=15)  # where no policy says how long


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One function for all channels, so that every place agrees about an incident."""

    decisions: Decisions

    def give(self, tx: Connection, number: int, given: Answer, *, now: datetime) -> Recorded | None:
        """Record an answer with all that follows; None for an unknown incident.

        Raises AnswerRefused, and then nothing is changed.
        """
        incident = find_incident(tx, number, to_change=True)
        if incident is None:
            return None
        timer = find_timer(tx, number)
        lasts = None if timer is None else timer.escalation.policy.acknowledge_timeout
        timeline = list_timeline(tx, number)
        change = answer(incident, given, now=now, lasts=lasts, timeline=timeline)
        match given:
            case Escalate() if not change.already:
                self._escalate(tx, incident, timer, change, now=now)
            case Reassign() if not change.already:
                self._reassign(tx, incident, timer, change, given, now=now)
            case _:
                after = self.decisions.record(tx, incident, change, now=now)
                if isinstance(given, Acknowledge | Snooze) and not change.acknowledged:
                    # Where it rings again by the provider's own clock, this ends it once more.
                    self.decisions.outbox.end_pages(tx, after, now=now)
        stands = find_incident(tx, number)
        return None if stands is None else Recorded(incident=stands, already=change.already)

    def _escalate(
        self,
        tx: Connection,
        incident: Incident,
        timer: Timer | None,
        change: Change,
        *,
        now: datetime,
    ) -> None:
        """Take the next step now; after the last resort, begin again with the first."""
        number = incident.stored_number
        escalation = None if timer is None else timer.escalation
        if is_page_test(incident):
            raise AnswerRefused(
                phrase("This is a test page: nothing is wrong, and nobody else is to be paged.")
            )
        if not may_escalate(incident, escalation, self.decisions.catalog):
            raise AnswerRefused(
                phrase("No policy escalates this incident: give it to a person instead.")
            )
        asked = NOBODY_ASKED if timer is None else find_asked(tx, number, timer)
        hastened = None if escalation is None else hasten(escalation, asked=asked, now=now)
        policy = self._policy(incident, timer)
        self.decisions.record(tx, incident, change, now=now)
        if hastened is not None:
            record_escalation(tx, number, hastened)
        elif policy is not None:
            self._start(tx, number, policy, now=now)
        # A person asks for it: no announced maintenance keeps the next one asleep.
        self.decisions.take_step(tx, number, now=now, muted=False)

    def _reassign(
        self,
        tx: Connection,
        incident: Incident,
        timer: Timer | None,
        change: Change,
        given: Reassign,
        *,
        now: datetime,
    ) -> None:
        number = incident.stored_number
        policy = (
            self._given_policy(given)
            if given.is_policy
            else self._to_person(self._policy(incident, timer), given)
        )
        after = self.decisions.record(tx, incident, change, now=now)
        self.decisions.outbox.withdraw_pages(tx, after, now=now)
        self._start(tx, number, policy, now=now)
        self.decisions.take_step(tx, number, now=now, muted=False)

    def _given_policy(self, given: Reassign) -> Policy:
        policy = self.decisions.catalog.policies.get(PolicyId(given.to))
        if policy is None:
            unknown = phrase("There is no policy {policy}.", policy=given.to)
            raise AnswerRefused(joined(unknown, meant(given.to, self.decisions.catalog.policies)))
        return replace(policy, given=True)

    def _to_person(self, policy: Policy | None, given: Reassign) -> Policy:
        people = self.decisions.catalog.roster.people
        person = people.get(PersonId(given.to))
        if person is None:
            unknown = phrase("There is no person {person}.", person=given.to)
            raise AnswerRefused(joined(unknown, meant(given.to, people)))
        if not person.addresses:
            raise AnswerRefused(phrase("{person} has no address for pages.", person=person.name))
        if obstacle := find_obstacle_of_role(person):
            raise AnswerRefused(obstacle)
        if policy is None or split_given(policy.id)[0] == NO_POLICY:
            policy = Policy(id=NO_POLICY, steps=(), last_resort=alone(person.id))
        wait = policy.steps[0].wait if policy.steps else _WAIT
        return reassigned(policy, person.id, wait=wait)

    def _policy(self, incident: Incident, timer: Timer | None) -> Policy | None:
        """Return the policy that runs, else the one that today's routes lead to."""
        if timer is not None:
            return timer.escalation.policy
        return self.decisions.todays_policy(incident)

    def _start(self, tx: Connection, number: int, policy: Policy, *, now: datetime) -> None:
        version = self.decisions.catalog.version
        record_started(tx, number, start(policy, catalog_version=version, now=now))
