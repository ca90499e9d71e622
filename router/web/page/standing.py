"""How an incident stands, in the one line that is read first: who has it, or whom it wakes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from router.catalog.todays import may_escalate
from router.incident.model import Event, EventKind, IncidentState
from router.language import Reader
from router.message.model import MessageKind, page_round
from router.oncall.model import PersonId, Roster
from router.phrase import Phrase
from router.store.messages import MessageState, StoredMessage
from router.store.timers import Timer
from router.web.api.incident_views import IncidentDetails
from router.web.page.incident_view import state_of

_NAMED: Final = 2  # of those who were paged; more are counted


def standing_of(found: IncidentDetails, reader: Reader) -> str:
    """Return who has it; while nobody has, also whom it wakes, or who was given it by whom."""
    state = state_of(found.incident, reader)
    if found.incident.state is not IncidentState.TRIGGERED:
        return state
    return _given(found, reader) or " ".join(filter(None, (state, _paged(found, reader))))


def has_next_step(found: IncidentDetails) -> bool:
    """Say whether somebody who wants the next step now gets one."""
    escalation = None if found.timer is None else found.timer.escalation
    return may_escalate(found.incident, escalation, found.catalog)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """Who gave an incident to whom, by the timeline; `to` is the id of a person."""

    by: str
    to: PersonId


def _given(found: IncidentDetails, reader: Reader) -> str:
    """Return to whom somebody gave it; empty once it wakes others too, or was not given."""
    timer, given = found.timer, _last_given(found.timeline)
    if timer is None or not timer.escalation.policy.given or given is None:
        return ""
    if {one.message.person for one in _pages(found.messages, timer)} - {given.to}:
        return ""
    return reader.text(
        "Given to {person} by {by}; not acknowledged.",
        person=found.catalog.roster.name_of(given.to),
        by=given.by,
    )


def _last_given(timeline: Iterable[Event]) -> _Given | None:
    """Return the last time that somebody gave it away, if that was to a person."""
    last = next((e for e in reversed([*timeline]) if e.kind is EventKind.REASSIGNED), None)
    if last is None or not isinstance(last.text, Phrase):
        return None
    said = last.text.parts[0].arguments
    if "person" not in said:
        return None
    return _Given(by=str(said["by"]), to=PersonId(str(said["person"])))


def _paged(found: IncidentDetails, reader: Reader) -> str:
    """Return whom this round of the escalation woke, and when it did last."""
    pages = _pages(found.messages, found.timer)
    if not pages:
        return reader.text("This wakes nobody.") if found.timer is None else ""
    people = _names(pages, found.catalog.roster, reader)
    at = reader.clock(pages[-1].created_at, now=found.at)
    if not any(one.state is MessageState.SENT or one.carried_by for one in pages):
        # What no provider has taken has woken nobody yet.
        return reader.text("Being paged since {at}: {people}.", people=people, at=at)
    if len({one.created_at for one in pages}) > 1:
        return reader.text("Paged, last at {at}: {people}.", people=people, at=at)
    return reader.text("Paged at {at}: {people}.", people=people, at=at)


def _names(pages: Iterable[StoredMessage], roster: Roster, reader: Reader) -> str:
    """Return the two who were woken; of more the last one, and how many: a phone has no room."""
    people = dict.fromkeys(one.message.person for one in pages)
    names = [roster.name_of(person) for person in people if person is not None]
    if len(names) <= _NAMED:
        return ", ".join(names)
    return reader.text("{person} and {count} more", person=names[-1], count=len(names) - 1)


def _pages(messages: Iterable[StoredMessage], timer: Timer | None) -> list[StoredMessage]:
    """Return the pages of the round that runs, the oldest first, but those not needed any more."""
    vain = (MessageState.DROPPED, MessageState.FAILED)
    found = [
        one
        for one in messages
        if one.message.kind is MessageKind.PAGE
        and (timer is None or page_round(one.message.dedup_key) == timer.round)
        and (one.state not in vain or one.carried_by is not None)
    ]
    return sorted(found, key=lambda one: one.created_at)
