"""What the worker decides about an incident: each function is the work of one transaction (G5)."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from router.address import Address
from router.catalog import OnCallCatalog
from router.catalog.todays import todays_destination, todays_policy
from router.escalation.awake import NOBODY
from router.escalation.decide import decide, start, stop
from router.escalation.given import policy_name
from router.escalation.model import Asked, Decision, Escalation, Policy
from router.incident.acknowledgement import without_acknowledgement
from router.incident.destination import Destination, decide_notice_times
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.incident.mute import Mute, find_mute
from router.incident.revisit import revisit
from router.logs import context
from router.metrics import Metrics
from router.oncall.model import Roster
from router.phrase import phrase
from router.routing import PolicyId
from router.store.asked import find_asked
from router.store.awake import read_awake
from router.store.incidents import find_incident, list_channels, record_channels, record_incident
from router.store.overrides import read_roster
from router.store.timeline import is_on_timeline, record_events
from router.store.timers import (
    Timer,
    find_timer,
    record_escalation,
    record_failed_decision,
    record_started,
)
from router.worker.outbox import Outbox
from router.worker.pauses import pause_or_resume
from router.worker.quiet_pages import ring_told_quietly
from router.worker.retry import backoff

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The rules in force: one edition of the catalog, and where messages are written."""

    catalog: OnCallCatalog
    outbox: Outbox
    metrics: Metrics | None = None  # None: nothing is counted

    def revisit(self, tx: Connection, number: int, *, now: datetime) -> bool:
        """Do to an incident what only time asks for; False when nothing is due any more."""
        incident = find_incident(tx, number, to_change=True)
        if incident is None:
            return False
        timer = find_timer(tx, number)
        given = timer is not None and timer.escalation.policy.given
        wakes = given or (bool(incident.alerts) and self._policy_of(incident) is not None)
        change = revisit(incident, now=now, wakes=wakes)
        if change is None:
            return False
        self.record(tx, incident, change, now=now)
        return True

    def take_step(self, tx: Connection, number: int, *, now: datetime, muted: bool = True) -> None:
        """Page whom the due step names and set the next.

        While a maintenance is announced that `muted` pages heed, the step waits
        for its end, and is looked at every minute: what is announced can be
        called off, and what it does not cover can join. An escalation at its end
        without any page in its last resort is an error, whoever asked for it (G7).
        """
        incident = find_incident(tx, number, to_change=True)
        timer = find_timer(tx, number)
        if incident is None or timer is None:
            return
        due_at = timer.escalation.due_at
        if due_at is None or due_at > now:
            return
        mute = self.find_mute(incident, now=now) if muted else None
        if mute is not None:
            record_escalation(tx, number, replace(timer.escalation, due_at=mute.asked_at))
            if not is_on_timeline(tx, number, mute.event):
                record_events(tx, number, [mute.event])
            return
        # What a person asks for rings also who is awake.
        awake = read_awake(tx, number, now=now) if muted else NOBODY
        roster = self._roster(tx, now=now)
        round_ = timer.round
        asked = find_asked(tx, number, timer)
        decision = decide(timer.escalation, incident, roster, now=now, awake=awake, asked=asked)
        record_events(tx, number, decision.events)
        if _reaches_nobody(decision, incident, asked):
            instead = self._decide_instead(tx, number, incident, decision.escalation, now=now)
            if instead is not None:
                decision, round_ = instead, round_ + 1
        record_escalation(tx, number, decision.escalation)
        record_channels(tx, number, decision.channels)
        waits = self._notice_times(incident, now=now)
        self.outbox.notices.record_step(tx, number, decision, round_=round_, waits=waits, now=now)
        # What a person asks for is one page, and is not to wait for others.
        self.outbox.record_pages(tx, number, decision.pages, round_=round_, now=now, gathers=muted)
        if _reaches_nobody(decision, incident, asked):
            self._tell_unreached(number)

    def _tell_unreached(self, number: int) -> None:
        if self.metrics is not None:
            self.metrics.failures.labels("nobody_reached").inc()
        logger.error(
            "an escalation ended without a page: its last resort reaches nobody",
            extra=context(incident=number),
        )

    def find_mute(self, incident: Incident, *, now: datetime) -> Mute | None:
        """Return the announced maintenance that an incident's pages wait for."""
        return find_mute(incident, self.catalog.maintenance, now=now)

    def _decide_instead(
        self, tx: Connection, number: int, incident: Incident, ended: Escalation, *, now: datetime
    ) -> Decision | None:
        """Begin the policy of today's catalog where the incident's own copy reaches nobody.

        The copy names people and schedules, and those may have been renamed or
        have left since. None when today's policy is that copy, or there is none.
        """
        policy = self.todays_policy(incident)
        if policy is None or policy == replace(ended.policy, given=False):
            return None
        text = phrase(
            "What is left of the policy reaches nobody: policy {policy} of today begins.",
            policy=policy.id,
        )
        record_events(tx, number, [Event(at=now, kind=EventKind.ROUTED, text=text)])
        begun = start(policy, catalog_version=self.catalog.version, now=now)
        record_started(tx, number, begun)
        decision = decide(begun, incident, self._roster(tx, now=now), now=now)
        record_events(tx, number, decision.events)
        return decision

    def todays_policy(self, incident: Incident) -> Policy | None:
        """Return the policy that today's routes give the incident, else the default route's."""
        return todays_policy(incident, self.catalog)

    def record(
        self, tx: Connection, before: Incident | None, change: Change, *, now: datetime
    ) -> Incident:
        """Keep a change of an incident with everything that follows from it."""
        incident = record_incident(tx, before, change.incident)
        number = incident.stored_number
        record_events(tx, number, change.events)
        if incident.is_open and (change.newly_firing or change.severity_rose or change.pages_anew):
            incident = self._route(tx, number, before, incident, change, now=now)
        if incident.is_open and change.newly_ended:
            self._stop_if_nobody_to_wake(tx, number, incident, now=now)
        if change.acknowledged or change.resolved:
            timer = find_timer(tx, number)
            if timer is not None:
                record_escalation(tx, number, stop(timer.escalation))
            self.outbox.end_pages(tx, incident, now=now)
        else:
            was_quiet = before is not None and before.is_quiet and not change.pages_anew
            pause_or_resume(tx, self.outbox, incident, was_quiet=was_quiet, now=now)
        if change.severity_rose and not incident.is_quiet and not self.find_mute(incident, now=now):
            ring_told_quietly(tx, self.outbox, incident, self.catalog.roster, now=now)
        if change.is_visible and (before is None or incident != before):
            waits = self._notice_times(incident, now=now)
            self.outbox.notices.record_notices(tx, incident, change, waits=waits, now=now)
        return incident

    def _route(
        self,
        tx: Connection,
        number: int,
        before: Incident | None,
        incident: Incident,
        change: Change,
        *,
        now: datetime,
    ) -> Incident:
        """Choose channels and policy, at opening and whenever an alert newly fires.

        Somebody who has the incident is left alone, unless nothing in it woke
        people until now: then it was something milder that they took. So is
        whom a person gave it to.
        """
        destination = self._destination(incident)
        policy = destination.policy
        led_to = None if before is None or not before.alerts else self._policy_of(before)
        woke_nobody = led_to is None
        milder = woke_nobody and not change.is_taken
        if policy is not None and milder and incident.acknowledged_by is not None:
            text = phrase(
                "{by} had acknowledged what wakes nobody: people are paged.",
                by=incident.acknowledged_by,
            )
            record_events(tx, number, [Event(at=now, kind=EventKind.ROUTED, text=text)])
            incident = record_incident(tx, incident, without_acknowledgement(incident))
        timer = find_timer(tx, number)
        begins = None if policy is None else self.catalog.policies[policy]
        if timer is not None and change.pages_anew and not change.reopened:
            # Who was given it and snoozed it has it still.
            begins = timer.escalation.policy if timer.escalation.policy.given else begins
        starts = incident.state is IncidentState.TRIGGERED and _may_start(
            timer,
            begins,
            moved=led_to != policy,
            again=woke_nobody or change.severity_rose or change.pages_anew,
        )
        told = list_channels(tx, number)
        record_channels(tx, number, destination.channels)
        by_route = starts and begins is not None and not begins.given
        if change.opened or by_route or told != list_channels(tx, number):
            event = Event(at=now, kind=EventKind.ROUTED, text=destination.because)
            record_events(tx, number, [event])
        if begins is not None and starts:
            begun = start(begins, catalog_version=self.catalog.version, now=now)
            record_started(tx, number, begun)
        return incident

    def _stop_if_nobody_to_wake(
        self, tx: Connection, number: int, incident: Incident, *, now: datetime
    ) -> None:
        """Wake nobody any more when no alert that goes on has a route that wakes people.

        Whom a person gave it to is not paged by any route, and so not spared by one.
        """
        timer = find_timer(tx, number)
        if timer is None or timer.escalation.policy.given:
            return
        if self._policy_of(incident) is not None:
            return
        reason = phrase("no alert that goes on wakes people")
        dropped = self.outbox.drop_pages(tx, incident, reason=reason, now=now)
        if stop(timer.escalation) == timer.escalation and not dropped:
            return
        record_escalation(tx, number, stop(timer.escalation))
        text = phrase(
            "The escalation of policy {policy} is stopped:"
            " no alert that goes on has a route that wakes people.",
            policy=policy_name(timer.escalation.policy),
        )
        event = Event(at=now, kind=EventKind.ESCALATION_ENDED, text=text)
        record_events(tx, number, [event])

    def _roster(self, tx: Connection, *, now: datetime) -> Roster:
        """Return who is on call with what was changed at run time, by this transaction."""
        return read_roster(tx, self.catalog.roster, at=now)

    def _policy_of(self, incident: Incident) -> PolicyId | None:
        return self._destination(incident).policy

    def _notice_times(self, incident: Incident, *, now: datetime) -> dict[Address, datetime]:
        return decide_notice_times(incident, self.catalog.routes, self.catalog.severities, now=now)

    def _destination(self, incident: Incident) -> Destination:
        return todays_destination(incident, self.catalog)


def record_untaken(tx: Connection, number: int, *, now: datetime) -> None:
    """Put a step off whose decision raised an error, if it is still due at `now`.

    It may be taken all the same, by another replica or by a commit whose answer
    was lost: then the next one keeps its time.
    """
    timer = find_timer(tx, number)
    due_at = None if timer is None else timer.escalation.due_at
    if timer is not None and due_at is not None and due_at <= now:
        record_failed_decision(tx, number, due_at=now + backoff(timer.attempts + 1))


def _reaches_nobody(decision: Decision, incident: Incident, asked: Asked) -> bool:
    """Say whether an incident that still has to wake somebody is at its end without a page.

    A last resort that is taken again pages nobody where all whom it asked stand.
    """
    waits = incident.state is IncidentState.TRIGGERED
    asks = decision.pages or asked.people.get("last")
    return waits and not asks and decision.escalation.due_at is None


def _may_start(timer: Timer | None, policy: Policy | None, *, moved: bool, again: bool) -> bool:
    """Say whether the policy is to begin.

    One that is at work is never sent back to its first step. One that has
    ended begins `again` only for something worse than what it paged for. What
    a person gave it to counts as the policy of its routes until those have
    `moved` to another one.
    """
    if policy is None:
        return False
    if timer is None:
        return True
    runs = timer.escalation.policy
    if moved if runs.given else runs.id != policy.id:
        return True
    return again and timer.escalation.due_at is None
