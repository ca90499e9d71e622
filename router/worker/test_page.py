"""Sending a test page: the work of one transaction (G5)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from router.escalation.model import Page
from router.incident.apply import apply_notification
from router.incident.model import Event, EventKind, Incident
from router.incident.test_page import (
    LASTS,
    TEST_STEP,
    explain_page_test,
    find_test_key,
    open_page_test,
    refuse_too_soon,
    render_end,
)
from router.intake.notification import parse_notification
from router.oncall.model import Person
from router.phrase import Phrase, phrase
from router.store.incidents import find_incident, find_last_by_key, record_incident
from router.store.notifications import record_notification
from router.store.timeline import record_events
from router.worker.decisions import Decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTests:
    """Test pages take the road of all pages: outbox, channel, outcome, acknowledgement."""

    decisions: Decisions

    def send(self, tx: Connection, person: Person, *, by: str, now: datetime) -> Incident:
        """Open the incident of a test with a page to each of the person's addresses.

        Its end is stored with it, as a notification that is due later: a crash
        leaves both or neither. A test of the same person that is still open ends
        at once. Raises PageTestRefused, and then nothing is changed.
        """
        last = self._find_last(tx, person)
        refuse_too_soon(person, last, now=now)
        if last is not None and last.is_open:
            self._end(tx, last, now=now)
        change = open_page_test(person, by=by, now=now)
        opened = record_incident(tx, None, change.incident)
        if opened.number is None:
            raise ValueError("the store gives every incident a number")
        because = explain_page_test(by)
        pages = [
            Page(person=person.id, address=address, step=TEST_STEP, because=because)
            for address in person.addresses
        ]
        record_events(tx, opened.number, [*change.events, _paged(pages, because, now=now)])
        self.decisions.outbox.record_pages(tx, opened.number, pages, round_=1, now=now)
        # Nobody can send such a key: what is received has 64 hexadecimal digits.
        key = f"test-page/{opened.number}"
        record_notification(
            tx, body=render_end(opened), content_key=key, now=now, due_at=now + LASTS
        )
        return opened

    def _find_last(self, tx: Connection, person: Person) -> Incident | None:
        number = find_last_by_key(tx, find_test_key(person))
        return None if number is None else find_incident(tx, number, to_change=True)

    def _end(self, tx: Connection, test: Incident, *, now: datetime) -> None:
        change = apply_notification(test, parse_notification(render_end(test)), now=now)
        if change is not None:
            self.decisions.record(tx, test, change, now=now)


def _paged(pages: list[Page], because: Phrase, *, now: datetime) -> Event:
    places = ", ".join(f"{page.address.channel} {page.address.address}" for page in pages)
    text = phrase("Page to {places}: {because}", places=places, because=because)
    return Event(at=now, kind=EventKind.PAGED, text=text)
