"""Whoever is signed in on the page. What the browser shows is kept as a digest only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from router.oncall.model import PersonId, Role
from router.store.tables import sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A sign-in that counts until it ends.

    `person` is of the catalog, which says their role at each request; `role`
    counts for who is not of it. `name` is the one at sign-in.
    """

    digest: str
    person: PersonId | None
    name: str
    role: Role
    via: str  # oidc, proxy, token
    made_at: datetime
    ends_at: datetime
    token_number: int | None = None  # of the token that was used


def record_session(tx: Connection, session: Session) -> None:
    """Keep a session; it counts from the commit on."""
    tx.execute(
        insert(sessions).values(
            digest=session.digest,
            person=session.person,
            name=session.name,
            role=session.role,
            via=session.via,
            token_id=session.token_number,
            made_at=session.made_at,
            ends_at=session.ends_at,
        )
    )


def find_session(tx: Connection, digest: str, *, now: datetime) -> Session | None:
    """Return a session that has not ended, or None."""
    session = find_past_session(tx, digest)
    return None if session is None or session.ends_at <= now else session


def find_past_session(tx: Connection, digest: str) -> Session | None:
    """Return a session, also when it has ended; None when it was never, or is deleted."""
    row = tx.execute(select(sessions).where(sessions.c.digest == digest)).one_or_none()
    if row is None:
        return None
    return Session(
        digest=row.digest,
        person=None if row.person is None else PersonId(row.person),
        name=row.name,
        role=Role(row.role),
        via=row.via,
        made_at=row.made_at,
        ends_at=row.ends_at,
        token_number=row.token_id,
    )


def delete_session(tx: Connection, digest: str) -> None:
    """End a session at once; one that is not there is ended already."""
    tx.execute(delete(sessions).where(sessions.c.digest == digest))
