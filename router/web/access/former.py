"""Whose session it had been that has ended: what they sent too late is shown to nobody else."""

from functools import partial
from typing import Final

from router.store.sessions import Session, find_past_session
from router.store.store import Store
from router.web.access import credentials

LONGEST_BY: Final = 16


def whose(session: Session) -> str:
    """Return by what somebody is known again at their next sign-in, without their name."""
    shown = f"name {session.name}" if session.person is None else f"person {session.person}"
    return credentials.digest(shown)[:LONGEST_BY]


async def find_former(store: Store, secret: str) -> str:
    """Return whose session it was, by what the browser still shows; empty for nobody known."""
    if not secret or len(secret) > credentials.LONGEST:
        return ""
    past = await store.read(partial(find_past_session, digest=credentials.digest(secret)))
    return "" if past is None else whose(past)
