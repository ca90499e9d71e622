"""Tokens that a command made: of programs that call the API, or of somebody who signs in once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from router.oncall.model import Role
from router.store.tables import sessions, tokens


class Purpose(StrEnum):
    """What a token is good for; it is good for nothing else."""

    API = "api"
    SIGN_IN = "sign-in"  # once, on the page's form


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token as it is known here: by a digest, which nobody can sign in with."""

    number: int
    name: str
    role: Role
    purpose: Purpose
    made_at: datetime
    made_by: str
    ends_at: datetime | None  # None: until somebody ends it
    used_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


_NOT_ENDED: Final = tokens.c.ended_at.is_(None)


def record_token(
    tx: Connection,
    *,
    digest: str,
    name: str,
    role: Role,
    purpose: Purpose,
    made_by: str,
    ends_at: datetime | None,
    now: datetime,
) -> StoredToken:
    """Keep a token and return it with its number; it counts from the commit on."""
    row = insert(tokens).values(
        digest=digest,
        name=name,
        role=role,
        purpose=purpose,
        made_at=now,
        made_by=made_by,
        ends_at=ends_at,
    )
    return _read(tx.execute(row.returning(*tokens.c)).one())


def find_api_token(tx: Connection, digest: str, *, now: datetime) -> StoredToken | None:
    """Return a program's token that counts now, or None."""
    statement = select(tokens).where(tokens.c.purpose == Purpose.API, *_counts(digest, now))
    row = tx.execute(statement).one_or_none()
    return None if row is None else _read(row)


def is_for_sign_in(tx: Connection, digest: str, now: datetime) -> bool:
    """Say whether a token would sign somebody in now."""
    statement = select(tokens.c.id).where(
        tokens.c.purpose == Purpose.SIGN_IN, tokens.c.used_at.is_(None), *_counts(digest, now)
    )
    return tx.execute(statement).first() is not None


def record_signed_in(tx: Connection, digest: str, *, now: datetime) -> StoredToken | None:
    """Use up a token for signing in and return it; None when it is unknown, used or over.

    Of two who show it at once, one gets it: the row is changed only while it is unused.
    """
    statement = (
        update(tokens)
        .where(
            tokens.c.purpose == Purpose.SIGN_IN, tokens.c.used_at.is_(None), *_counts(digest, now)
        )
        .values(used_at=now)
    )
    row = tx.execute(statement.returning(*tokens.c)).one_or_none()
    return None if row is None else _read(row)


def record_token_ended(
    tx: Connection, number: int, *, by: str, now: datetime
) -> StoredToken | None:
    """End a token and whoever is signed in with it; None for an unknown number.

    The first to end it stays the one.
    """
    this = update(tokens).where(tokens.c.id == number, _NOT_ENDED)
    tx.execute(this.values(ended_at=now, ended_by=by))
    tx.execute(delete(sessions).where(sessions.c.token_id == number))
    row = tx.execute(select(tokens).where(tokens.c.id == number)).one_or_none()
    return None if row is None else _read(row)


def list_tokens(tx: Connection, *, limit: int, before: int | None = None) -> list[StoredToken]:
    """Return those with the highest numbers below `before`, whatever has become of them."""
    statement = select(tokens).order_by(tokens.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(tokens.c.id < before)
    return [_read(row) for row in tx.execute(statement)]


def count_live_tokens(tx: Connection, *, now: datetime) -> int:
    """Return how many count now."""
    live = select(func.count()).select_from(tokens)
    unused = or_(tokens.c.purpose == Purpose.API, tokens.c.used_at.is_(None))
    return int(tx.execute(live.where(_NOT_ENDED, _lasts(now), unused)).scalar_one())


def _counts(digest: str, now: datetime) -> tuple[Any, ...]:
    return tokens.c.digest == digest, _NOT_ENDED, _lasts(now)


def _lasts(now: datetime) -> Any:
    return or_(tokens.c.ends_at.is_(None), tokens.c.ends_at > now)


def _read(row: Row[Any]) -> StoredToken:
    return StoredToken(
        number=row.id,
        name=row.name,
        role=Role(row.role),
        purpose=Purpose(row.purpose),
        made_at=row.made_at,
        made_by=row.made_by,
        ends_at=row.ends_at,
        used_at=row.used_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
