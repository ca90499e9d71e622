"""What the page of an incident says was done: only what was, and while it still stands."""

from datetime import timedelta
from typing import Final

from router.incident.acknowledgement import tells_longer
from router.incident.again import tells_again
from router.incident.answerer import is_same_person
from router.incident.describe import one_line
from router.incident.model import Event, EventKind, IncidentState
from router.incident.test_page import find_test_key
from router.language import Reader
from router.phrase import Phrase
from router.web.access.caller import Caller
from router.web.api.incident_views import IncidentDetails

RECENT: Final = timedelta(minutes=5)  # for so long, what somebody did is news to them
_ANSWERS: Final = frozenset(
    {
        EventKind.ACKNOWLEDGED,
        EventKind.SNOOZED,
        EventKind.ESCALATED,
        EventKind.REASSIGNED,
        EventKind.RESOLVED,
    }
)


def notice_of(done: str, found: IncidentDetails, caller: Caller) -> str | None:
    """Return what an answer did, by the word behind the address; None where it is not so.

    Anybody can make such an address, and a page stays open for hours: so the
    word counts with a row of the timeline that is recent and this reader's,
    and with the incident as it stands.
    """
    reader = found.catalog.reader(caller.person)
    told = {
        "acknowledge": _acknowledged,
        "resolve": _resolved,
        "escalate": _escalated,
        "snooze": _snoozed,
        "reassign": _reassigned,
        "comment": _commented,
    }.get(done)
    return None if told is None else told(found, one_line(caller.name), reader)


def is_recent_test(found: IncidentDetails, caller: Caller) -> bool:
    """Say whether the incident is a test of this reader's own notifications, just made."""
    people = found.catalog.roster.people
    person = None if caller.person is None else people.get(caller.person)
    if person is None or found.incident.key != find_test_key(person):
        return False
    return found.at - found.incident.opened_at <= RECENT


def _acknowledged(found: IncidentDetails, name: str, reader: Reader) -> str | None:
    incident = found.incident
    is_theirs = is_same_person(incident.acknowledged_by, name)
    if incident.state is IncidentState.ACKNOWLEDGED and is_theirs:
        return reader.text("You have it. Nobody else is paged.")
    row = _last_of(EventKind.ACKNOWLEDGED, found, name)
    if row is None or incident.state is IncidentState.TRIGGERED:
        return None
    if incident.state is IncidentState.RESOLVED:
        was_over = incident.resolved_at is not None and row.at >= incident.resolved_at
        return reader.text("It was over already. That is recorded.") if was_over else None
    return _who_was_first(found, row, reader)


def _who_was_first(found: IncidentDetails, row: Event, reader: Reader) -> str | None:
    """Return who had it already when the reader answered."""
    incident = found.incident
    if incident.acknowledged_at is None or row.at < incident.acknowledged_at:
        return None
    first = incident.acknowledged_by or ""
    if tells_longer(row):
        # The reader holds it longer: nobody is to believe that it is all the first one's.
        return reader.text("Recorded: you have it too. {name} was first.", name=first)
    return reader.text("Recorded. {name} was first, and has it.", name=first)


def _resolved(found: IncidentDetails, name: str, reader: Reader) -> str | None:
    if found.incident.is_open or _last_of(EventKind.RESOLVED, found, name) is None:
        return None
    return reader.text("It is recorded as resolved.")


def _snoozed(found: IncidentDetails, name: str, reader: Reader) -> str | None:
    incident, row = found.incident, _last_of(EventKind.SNOOZED, found, name)
    if row is None or incident.state is not IncidentState.ACKNOWLEDGED:
        return None
    if not is_same_person(incident.acknowledged_by, name):
        return _who_was_first(found, row, reader)
    later = _last_of(EventKind.ACKNOWLEDGED, found, name)
    if incident.acknowledged_until is None or (later is not None and later.at > row.at):
        return None
    return reader.text("It is snoozed, and you have it.")


def _escalated(found: IncidentDetails, name: str, reader: Reader) -> str | None:
    if not _is_paged_again(EventKind.ESCALATED, found, name):
        return None
    if _is_told_again(found, name):
        return reader.text("The next step was taken a moment ago: that counts once.")
    return reader.text("The next step is taken now.")


def _reassigned(found: IncidentDetails, name: str, reader: Reader) -> str | None:
    if not _is_paged_again(EventKind.REASSIGNED, found, name):
        return None
    if _is_told_again(found, name):
        return reader.text("It was given to them a moment ago: that counts once.")
    return reader.text("It is given to them, and they are paged now.")


def _commented(found: IncidentDetails, name: str, reader: Reader) -> str | None:
    if _last_of(EventKind.COMMENTED, found, name) is None:
        return None
    return reader.text("The comment is in the timeline.")


def _is_paged_again(kind: EventKind, found: IncidentDetails, name: str) -> bool:
    """Say whether the reader had it paged anew, and nobody has answered since."""
    answers = [one for one in found.timeline if one.kind in _ANSWERS]
    own = _last_of(kind, found, name)
    return found.incident.state is IncidentState.TRIGGERED and answers[-1:] == [own]


def _is_told_again(found: IncidentDetails, name: str) -> bool:
    """Say whether the last of the reader's rows tells of what they asked for twice."""
    last = next((one for one in reversed(found.timeline) if _is_by(name, one)), None)
    return last is not None and tells_again(last)


def _last_of(kind: EventKind, found: IncidentDetails, name: str) -> Event | None:
    """Return the reader's last answer of a kind; None when there is none, or it is old."""
    since = found.at - RECENT
    rows = (one for one in reversed(found.timeline) if one.kind is kind and one.at >= since)
    return next((one for one in rows if _is_by(name, one)), None)


def _is_by(name: str, event: Event) -> bool:
    if not isinstance(event.text, Phrase):
        return event.text.startswith(f"{name}: ")  # a comment
    by = (part.arguments.get("by") for part in event.text.parts)
    return any(isinstance(one, str) and is_same_person(one, name) for one in by)
