"""A press that comes twice: what somebody has just asked for counts once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from router.incident.model import Event, EventKind, Incident, IncidentState
from router.phrase import Phrase, phrase

# Longer than somebody waits who is then told to press again, though the first press still
# comes to be stored: the store is given ten seconds for each.
AGAIN_WITHIN: Final = timedelta(seconds=30)

# After which the same wish is a new one: whom it paged has answered, or it is not what it was.
_NEWS: Final = frozenset(
    {
        EventKind.ACKNOWLEDGED,
        EventKind.ACKNOWLEDGEMENT_ENDED,
        EventKind.SNOOZED,
        EventKind.SEVERITY_ROSE,
        EventKind.RESOLVED,
        EventKind.REOPENED,
    }
)
_WISHES: Final = frozenset({EventKind.ESCALATED, EventKind.REASSIGNED})


def escalated_again(by: str) -> Phrase:
    """Return the row of a next step that somebody asks for twice."""
    return phrase("{by} wants the next step again within seconds: that counts once.", by=by)


def given_again(by: str, person: str) -> Phrase:
    """Return the row of what somebody gives to the same person twice."""
    return phrase(
        "{by} gave it to {person} again within seconds: that counts once.", by=by, person=person
    )


def given_to_policy_again(by: str, policy: str) -> Phrase:
    """Return the row of what somebody gives to the same policy twice."""
    return phrase(
        "{by} gave it to policy {policy} again within seconds: that counts once.",
        by=by,
        policy=policy,
    )


def is_again(wish: Event, incident: Incident, timeline: Sequence[Event]) -> bool:
    """Say whether the same person asked for it a moment ago, and that stands.

    Whatever anybody wished or answered between two equal wishes, or what became
    worse, makes the second a new one; what somebody has, it always wakes people
    for. A row that tells of one that counted once is no wish: who presses on
    and on gets the next step once in AGAIN_WITHIN.
    """
    if incident.state is IncidentState.ACKNOWLEDGED:
        return False
    last = next((one for one in reversed(timeline) if one.kind in _WISHES | _NEWS), None)
    if last is None or last.kind is not wish.kind or str(last.text) != str(wish.text):
        return False
    # A clock that was set back in between makes nothing of it longer.
    return abs(wish.at - last.at) < AGAIN_WITHIN


def tells_again(event: Event) -> bool:
    """Say whether a row tells of what counted once."""
    return isinstance(event.text, Phrase) and _template(event.text) in _TEMPLATES


def said_by(event: Event) -> str | None:
    """Return who said what a row tells; None where it does not say so in a way to be read."""
    if not isinstance(event.text, Phrase):
        return None
    by = event.text.parts[0].arguments.get("by")
    return by if isinstance(by, str) else None


def _template(row: Phrase) -> str:
    return row.parts[0].template


_TEMPLATES: Final = frozenset(
    _template(row)
    for row in (escalated_again(""), given_again("", ""), given_to_policy_again("", ""))
)
