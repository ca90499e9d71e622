"""Who did what, from where, and what was refused: rows that are added and never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from router.oncall.model import PersonId
from router.store.tables import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One action. `actor` is the name as shown; of a stranger, what they claimed to be."""

    at: datetime
    actor: str
    via: str  # by which way: page, api, slack, email, pagerduty
    action: str  # one or two words: acknowledge, override, sign-in, token-make
    done: bool = True  # else it was refused, and `detail` says why
    detail: str = ""
    person: PersonId | None = None  # None: nobody of the catalog
    incident_number: int | None = None
    address: str | None = None  # of the network


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with its number."""

    number: int
    entry: Entry


def record_audit(tx: Connection, entry: Entry) -> None:
    """Add a row, in the transaction of what it tells of: a crash leaves both or neither."""
    tx.execute(
        insert(audit).values(
            at=entry.at,
            actor=entry.actor,
            person=entry.person,
            via=entry.via,
            action=entry.action,
            incident_number=entry.incident_number,
            done=entry.done,
            detail=entry.detail,
            address=entry.address,
        )
    )


def list_audit(tx: Connection, *, limit: int, before: int | None = None) -> list[StoredEntry]:
    """Return the rows with the highest numbers below `before`, the newest first."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [_read(row) for row in tx.execute(statement)]


def _read(row: Row[Any]) -> StoredEntry:
    entry = Entry(
        at=row.at,
        actor=row.actor,
        person=None if row.person is None else PersonId(row.person),
        via=row.via,
        action=row.action,
        incident_number=row.incident_number,
        done=row.done,
        detail=row.detail,
        address=row.address,
    )
    return StoredEntry(number=row.id, entry=entry)
