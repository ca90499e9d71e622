"""What an event of PagerDuty's does: the work of one transaction, at most once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from sqlalchemy import Connection

from router.incident.answers import Acknowledge, Answer, Resolve
from router.incident.model import Event, Incident, IncidentState
from router.incident.pagerduty import HEEDED, decide_meaning
from router.intake.pagerduty import PagerDutyEvent
from router.message.model import MessageKind, page_round
from router.store.audit import Entry, record_audit
from router.store.incidents import find_incident
from router.store.messages import list_messages
from router.store.provider_events import (
    find_by_subject,
    list_paged_for,
    record_provider_event,
)
from router.store.timeline import record_events
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
        key = self._find(tx, event)
        numbers = [] if key is None else list_paged_for(tx, PAGERDUTY, key)
        found = [(number, find_incident(tx, number, to_change=True)) for number in numbers]
        incidents = [(number, incident) for number, incident in found if incident is not None]
        if key is None or not incidents:
            return "unknown"
        is_new = record_provider_event(
            tx, PAGERDUTY, event.id, subject=event.incident_id, dedup_key=key, now=now
        )
        if not is_new:
            return "repeated"
        acted = [self._act(tx, number, one, event, now=now) for number, one in incidents]
        return min(acted, key=get_args(Acted).index)

    def _find(self, tx: Connection, event: PagerDutyEvent) -> str | None:
        """Return the dedup key of our page that it is about: by it, by their id, by our link."""
        key = event.incident_key
        if key and list_paged_for(tx, PAGERDUTY, key):
            return key
        known = find_by_subject(tx, PAGERDUTY, event.incident_id) if event.incident_id else None
        return known or self._find_by_link(tx, event.client_url)

    def _find_by_link(self, tx: Connection, url: str) -> str | None:
        """Return the last page of the incident that our own link names, or the digest."""
        address, _, rest = url.rpartition("/incidents/")
        digits, _, digest = rest.partition("#")
        if address != self.external_url or not digits.isascii() or not digits.isdigit():
            return None
        if len(digits) > _LONGEST_NUMBER:
            return None
        kind = MessageKind.DIGEST if digest else MessageKind.PAGE
        keys = [
            one.message.dedup_key
            for one in list_messages(tx, int(digits), kinds=[kind])
            if one.message.address.channel == PAGERDUTY
        ]
        return next((key for key in reversed(keys) if digest in ("", key.split("/")[2])), None)

    def _act(
        self,
        tx: Connection,
        number: int,
        incident: Incident,
        event: PagerDutyEvent,
        *,
        now: datetime,
    ) -> Acted:
        meaning = decide_meaning(
            event,
            incident,
            paged_since=_paged_since(tx, number, now=now),
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
                self.answers.give(tx, number, meaning, now=now)
                record_audit(tx, _entry(meaning, number, now=now))
        if isinstance(meaning, Acknowledge) and incident.state is IncidentState.TRIGGERED:
            return "acknowledged"
        return "resolved" if isinstance(meaning, Resolve) and incident.is_open else "noted"


def _entry(given: Answer, number: int, *, now: datetime) -> Entry:
    action = type(given).__name__.lower()
    return Entry(at=now, actor=given.by, via=PAGERDUTY, action=action, incident_number=number)


def _paged_since(tx: Connection, number: int, *, now: datetime) -> datetime | None:
    """Return when the escalation that runs first woke somebody; None when it is the first one."""
    timer = find_timer(tx, number)
    if timer is None or timer.round == 1:
        return None
    pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
    asked = (page.created_at for page in pages if page_round(page.message.dedup_key) == timer.round)
    return min(asked, default=now)
