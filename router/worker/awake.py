"""Who says "I am awake" has all that paged them, and is not rung for what comes next."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from router.incident.answers import Acknowledge
from router.oncall.model import Person
from router.store.audit import Entry, record_audit
from router.store.awake import list_untaken_pages, record_awake, record_not_awake
from router.worker.answers import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class AwakePeople:
    """Keeps who is awake, with what that answers."""

    answers: Answers

    def begin(
        self, tx: Connection, person: Person, *, by: str, via: str, until: datetime, now: datetime
    ) -> list[int]:
        """Keep it, and acknowledge what the person was paged for; return those incidents.

        A crash before the commit leaves neither.
        """
        record_awake(tx, person.id, until=until, now=now)
        numbers = list_untaken_pages(tx, person.id)
        for number in numbers:
            self.answers.give(tx, number, Acknowledge(by=person.name), now=now)
        detail = f"until {until.isoformat()}"
        record_audit(tx, _entry(person, by, via, "awake", detail, now=now))
        return numbers

    def end(self, tx: Connection, person: Person, *, by: str, via: str, now: datetime) -> bool:
        """Have the person rung again as ever; False when they were already."""
        was = record_not_awake(tx, person.id, now=now)
        if was:
            record_audit(tx, _entry(person, by, via, "awake-end", "", now=now))
        return was


def _entry(person: Person, by: str, via: str, action: str, detail: str, *, now: datetime) -> Entry:
    return Entry(at=now, actor=by, person=person.id, via=via, action=action, detail=detail)
