"""An incident's timeline: what happened to it, oldest first.

Whoever appends to it has locked the incident's row (see router.store.incidents).
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, insert, select

from router.incident.model import Event, EventKind
from router.phrase import encode_phrase
from router.store.phrases import read_phrase
from router.store.tables import events

_RECORD_EVENTS: Final = insert(events)


def record_events(tx: Connection, number: int, happened: Iterable[Event]) -> None:
    """Append to an incident's timeline."""
    rows = [
        {
            "incident_number": number,
            "at": event.at,
            "kind": event.kind.value,
            "text": str(event.text),
            "phrase": encode_phrase(event.text),
        }
        for event in happened
    ]
    if rows:
        tx.execute(_RECORD_EVENTS, rows)


def is_on_timeline(tx: Connection, number: int, event: Event) -> bool:
    """Say whether an incident's timeline has told the same already, whenever that was."""
    same = (events.c.kind == event.kind.value, events.c.text == str(event.text))
    found = select(events.c.id).where(events.c.incident_number == number, *same).limit(1)
    return tx.execute(found).first() is not None


def list_timeline(tx: Connection, number: int) -> tuple[Event, ...]:
    """Return an incident's timeline, oldest first."""
    statement = select(events).where(events.c.incident_number == number).order_by(events.c.id)
    return tuple(
        Event(at=row.at, kind=EventKind(row.kind), text=read_phrase(row.phrase, row.text))
        for row in tx.execute(statement)
    )
