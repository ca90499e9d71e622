"""What an event of PagerDuty's does: the work of one transaction, at most once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec
from sqlalchemy import Connection

from router.incident.answers import LONGEST_COMMENT, Acknowledge, Answer, Resolve
from router.incident.model import Event, EventKind, IncidentState
from router.incident.pagerduty import (
    HEEDED,
    RINGING_AGAIN,
    decide_meaning,
    find_overtaking,
    is_of_a_person,
    tell_ended,
)
from router.intake.pagerduty import PagerDutyEvent
from router.message.model import MessageKind, is_digest_key, page_name, page_round
from router.store.audit import Entry, record_audit
from router.store.incidents import find_incident
from router.store.messages import list_messages, record_no_longer_acknowledged
from router.store.provider_events import (
    find_asked_at,
    find_by_subject,
    list_paged_for,
    lock_subject,
    record_early_event,
    record_provider_event,
    take_early_events,
)
from router.store.timeline import list_timeline, record_events
from router.store.timers import find_timer
from router.worker.answers import Answers

PAGERDUTY: Final = "pagerduty"

Acted = Literal["acknowledged", "resolved", "noted", "unchanged"]  # the first says most
Taken = Acted | Literal["repeated", "unknown", "ignored"]

_LONGEST_NUMBER: Final = 18  # digits of an incident's number


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyEvents:
    """Makes what people do in PagerDuty the same answer as from any other place.

    An answer to a digest is one to each of the incidents that it tells.
    """

    answers: Answers
    external_url: str | None  # what our links begin with

    def take(self, tx: Connection, event: PagerDutyEvent, *, now: datetime) -> Taken:
        """Do what an event asks for, and keep that it is done; a crash before leaves neither."""
        if event.kind not in HEEDED:
            return "ignored"
        lock_subject(tx, PAGERDUTY, event.incident_id)
        key = self._find(tx, event)
        numbers = None if key is None else list_paged_for(tx, PAGERDUTY, key)
        if key is None or numbers is None:
            self._keep(tx, event, now=now)
            return "unknown"
        for number in numbers:
            find_incident(tx, number, to_change=True)
        is_new = record_provider_event(
            tx, PAGERDUTY, event.id, subject=event.incident_id, dedup_key=key, now=now
        )
        told = [event] if is_new else []
        if event.incident_id:
            # What came before anybody could know of which page it is counts from here.
            kept = take_early_events(tx, PAGERDUTY, event.incident_id, dedup_key=key, now=now)
            told += [msgspec.convert(one, PagerDutyEvent) for one in kept]
            told = _that_stand(told, now=now)
        if not told:
            return "repeated"
        acted = [self._act(tx, number, key, one, now=now) for one in told for number in numbers]
        return min(acted, key=get_args(Acted).index, default="unchanged")

    def _keep(self, tx: Connection, event: PagerDutyEvent, *, now: datetime) -> None:
        """Keep what a person did to something that may yet turn out to be a page of ours.

        And what takes an answer back.
        """
        counts = is_of_a_person(event) or event.kind in RINGING_AGAIN
        if counts and event.incident_id:
            told = msgspec.to_builtins(replace(event, note=event.note[:LONGEST_COMMENT]))
            subject = event.incident_id
            record_early_event(tx, PAGERDUTY, event.id, subject=subject, told=told, now=now)

    def _find(self, tx: Connection, event: PagerDutyEvent) -> str | None:
        """Return the dedup key of our page that it is about: by it, by their id, by our link."""
        key = event.incident_key
        if key and list_paged_for(tx, PAGERDUTY, key) is not None:
            return key
        known = find_by_subject(tx, PAGERDUTY, event.incident_id) if event.incident_id else None
        return known or self._find_by_link(tx, event.client_url)

    def _find_by_link(self, tx: Connection, url: str) -> str | None:
        """Return the page or digest that our own link names, of its incident.

        A link of an earlier release names the incident alone: then its last page.
        """
        address, _, rest = url.rpartition("/incidents/")
        digits, _, name = rest.partition("#")
        if address != self.external_url or not digits.isascii() or not digits.isdigit():
            return None
        if len(digits) > _LONGEST_NUMBER:
            return None
        kind = MessageKind.DIGEST if name.startswith("digest.") else MessageKind.PAGE
        keys = [
            one.message.dedup_key
            for one in list_messages(tx, int(digits), kinds=[kind])
            if one.message.address.channel == PAGERDUTY
        ]
        return next((key for key in reversed(keys) if name in ("", page_name(key))), None)

    def _act(
        self, tx: Connection, number: int, key: str, event: PagerDutyEvent, *, now: datetime
    ) -> Acted:
        incident = find_incident(tx, number, to_change=True)
        if incident is None:
            return "unchanged"
        if event.kind in RINGING_AGAIN:
            record_no_longer_acknowledged(tx, key, channel=PAGERDUTY, now=now)
        of_digest = is_digest_key(key)
        meaning = decide_meaning(
            event,
            incident,
            since=_since(tx, number, key, now=now),
            of_digest=of_digest,
            ended_by_us=bool(list_messages(tx, number, kinds=[MessageKind.RESOLVE])),
            now=now,
        )
        match meaning:
            case None:
                return "unchanged"
            case Event():
                record_events(tx, number, [meaning])
                return "noted"
            case _:
                if of_digest and event.kind == "incident.resolved":
                    record_events(tx, number, [tell_ended(event, now=now)])
                self.answers.give(tx, number, meaning, now=now)
                record_audit(tx, _entry(meaning, number, now=now))
        if isinstance(meaning, Acknowledge) and incident.state is IncidentState.TRIGGERED:
            return "acknowledged"
        return "resolved" if isinstance(meaning, Resolve) and incident.is_open else "noted"


def _that_stand(told: list[PagerDutyEvent], *, now: datetime) -> list[PagerDutyEvent]:
    """Return what came together in the order in which it was done, without what was taken back."""
    done = sorted(told, key=lambda one: one.occurred_at or now)
    return [one for n, one in enumerate(done) if not _is_taken_back(one, done[n + 1 :])]


def _is_taken_back(event: PagerDutyEvent, later: Iterable[PagerDutyEvent]) -> bool:
    """Say whether what was answered rings again since: told only now, it would end the new ring."""
    kinds = {one.kind for one in later}
    if event.kind == "incident.resolved":
        return "incident.reopened" in kinds
    return event.kind == "incident.acknowledged" and not kinds.isdisjoint(RINGING_AGAIN)


def _entry(given: Answer, number: int, *, now: datetime) -> Entry:
    action = type(given).__name__.lower()
    return Entry(at=now, actor=given.by, via=PAGERDUTY, action=action, incident_number=number)


def _since(tx: Connection, number: int, key: str, *, now: datetime) -> dict[EventKind, datetime]:
    """Return when what overtakes an answer last happened since its page was asked for.

    Whoever answers a page that was asked for later than that answers to it,
    whatever the clocks say.
    """
    newest = find_overtaking(list_timeline(tx, number))
    timer = find_timer(tx, number)
    if timer is not None and timer.round > 1:
        pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
        of_round = [one for one in pages if page_round(one.message.dedup_key) == timer.round]
        newest[EventKind.PAGED] = min((one.created_at for one in of_round), default=now)
    asked_at = find_asked_at(tx, PAGERDUTY, key)
    return {kind: at for kind, at in newest.items() if asked_at is None or at > asked_at}
