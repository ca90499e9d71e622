"""The last editions of the catalog that were in force, for a start while the files are bad (G9).

What is kept is the text of `catalog.yaml` and `oncall/*.yaml`. These files name
people, addresses and rules, and secrets only by the names of their files, so
nothing here is to be kept more closely than the incidents beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from router.store.tables import editions

MOST_EDITIONS: Final = 5  # one is read; the others say what was in force before it


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEdition:
    """A catalog without problems, as the router went by it."""

    version: str
    files: Mapping[str, str]  # texts by their path within the catalog's folder
    taken_up_at: datetime


def record_edition(tx: Connection, edition: KeptEdition) -> None:
    """Keep an edition that was taken up, as the last one, and let the oldest go.

    The last one again changes nothing: neither restarts nor other replicas
    push out the editions before it. A crash leaves what was kept before.
    """
    last = find_last_edition(tx)
    if last is not None and (last.version, last.files) == (edition.version, edition.files):
        return
    tx.execute(
        insert(editions).values(
            version=edition.version,
            files=dict(edition.files),
            taken_up_at=edition.taken_up_at,
        )
    )
    newest = select(editions.c.id).order_by(editions.c.id.desc()).limit(MOST_EDITIONS)
    kept = tx.execute(newest).scalars().all()
    tx.execute(delete(editions).where(editions.c.id < min(kept)))


def find_last_edition(tx: Connection) -> KeptEdition | None:
    """Return the edition that was taken up last, by whichever replica, or None before the first."""
    columns = (editions.c.version, editions.c.files, editions.c.taken_up_at)
    row = tx.execute(select(*columns).order_by(editions.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return KeptEdition(version=row.version, files=row.files, taken_up_at=row.taken_up_at)
