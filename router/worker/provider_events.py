"""What an event of PagerDuty's does: the work of one transaction, at most once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection

from router.incident.answers import Acknowledge, Resolve
from router.incident.model import Event, Incident, IncidentState
from router.incident.pagerduty import HEEDED, decide_meaning
from router.intake.pagerduty import PagerDutyEvent
from router.message.model import MessageKind
from router.store.incidents import find_incident, record_events
from router.store.messages import list_messages
from router.store.provider_events import (
    find_by_page,
    find_by_subject,
    record_provider_event,
)
from router.store.timers import find_timer
from router.worker.answers import Answers

PAGERDUTY: Final = "pagerduty"

Taken = Literal["acknowledged", "resolved", "noted", "unchanged", "repeated", "unknown", "ignored"]

_LONGEST_NUMBER: Final = 18  # digits of an incident's number


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyEvents:
    """Makes what people do in PagerDuty the same answer as from any other place."""

    answers: Answers
    external_url: str | None  # what our links begin with

    def take(self, tx: Connection, event: PagerDutyEvent, *, now: datetime) -> Taken:
        """Do what an event asks for, and keep that it is done; a crash before leaves neither."""
        if event.kind not in HEEDED:
            return "ignored"
        number = self._find(tx, event)
        incident = None if number is None else find_incident(tx, number, to_change=True)
        if number is None or incident is None:
            return "unknown"
        is_new = record_provider_event(
            tx,
            PAGERDUTY,
            event.id,
            subject=event.incident_id,
            incident_number=number,
            now=now,
        )
        return self._act(tx, number, incident, event, now=now) if is_new else "repeated"

    def _find(self, tx: Connection, event: PagerDutyEvent) -> int | None:
        """Return which incident of ours it is about: by our key, by theirs, by our link."""
        if event.incident_key:
            found = find_by_page(tx, PAGERDUTY, event.incident_key)
            if found is not None:
                return found
        if event.incident_id:
            found = find_by_subject(tx, PAGERDUTY, event.incident_id)
            if found is not None:
                return found
        return self._find_by_link(tx, event.client_url)

    def _find_by_link(self, tx: Connection, url: str) -> int | None:
        """Return the incident that our own link names, if PagerDuty was ever told of it."""
        ours = f"{self.external_url}/incidents/"
        digits = url.removeprefix(ours)
        if self.external_url is None or not url.startswith(ours):
            return None
        if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
            return None
        pages = list_messages(tx, int(digits), kinds=[MessageKind.PAGE])
        told = any(page.message.address.channel == PAGERDUTY for page in pages)
        return int(digits) if told else None

    def _act(
        self,
        tx: Connection,
        number: int,
        incident: Incident,
        event: PagerDutyEvent,
        *,
        now: datetime,
    ) -> Taken:
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
        if isinstance(meaning, Acknowledge) and incident.state is IncidentState.TRIGGERED:
            return "acknowledged"
        return "resolved" if isinstance(meaning, Resolve) and incident.is_open else "noted"


def _paged_since(tx: Connection, number: int, *, now: datetime) -> datetime | None:
    """Return when the escalation that runs first woke somebody; None when it is the first one."""
    timer = find_timer(tx, number)
    if timer is None or timer.round == 1:
        return None
    pages = list_messages(tx, number, kinds=[MessageKind.PAGE])
    asked = (page.created_at for page in pages if _round(page.message.dedup_key) == timer.round)
    return min(asked, default=now)


def _round(dedup_key: str) -> int | None:
    """Return which escalation of its incident a page is of: installation/N/step.ROUND/person."""
    parts = dedup_key.split("/")
    digits = parts[2].rpartition(".")[2] if len(parts) > 2 else ""
    return int(digits) if digits.isdigit() else None
