"""When a page is sent by itself, and when one page tells it together with others."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from router.incident.model import IncidentState

STORM_FROM: Final = 5  # pages to one address within a minute; what comes beyond is gathered
STORM_WITHIN: Final = timedelta(minutes=1)
DIGEST_WAIT: Final = timedelta(seconds=10)  # from its first page on, so that others can join


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one address was asked to take: `pages` by themselves within STORM_WITHIN.

    Digests are not among them. `digest_at` is when the address's last digest
    is or was due, None without one; pages join it while it `waits`.
    """

    pages: int
    digest_at: datetime | None
    waits: bool


def decide_digest(asked: Asked, *, now: datetime) -> datetime | None:
    """Return when the digest is due that is to tell one more page; None: it is sent by itself.

    A digest that waits takes every page. Else the first STORM_FROM of a minute
    wake at once, and what comes beyond begins a digest: due DIGEST_WAIT from
    now, and a minute after the digest before. So an address rings at most
    STORM_FROM + 1 times within any minute, and no page waits longer than that
    minute. A digest whose instant is from a clock that was ahead counts as
    one of now.
    """
    if asked.waits and asked.digest_at is not None:
        return asked.digest_at
    if asked.pages < STORM_FROM:
        return None
    before = now - STORM_WITHIN if asked.digest_at is None else min(asked.digest_at, now)
    return max(now + DIGEST_WAIT, before + STORM_WITHIN)


def joint_state(states: Collection[IncidentState]) -> IncidentState:
    """Return how a digest stands, by its incidents: as the one that asks most of people.

    Resolved when all are, and when none is left in it.
    """
    for state in (IncidentState.TRIGGERED, IncidentState.ACKNOWLEDGED):
        if state in states:
            return state
    return IncidentState.RESOLVED
