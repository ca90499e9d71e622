"""What becomes of each page, however many come."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.escalation.storm import (
    DIGEST_WAIT,
    STORM_FROM,
    STORM_WITHIN,
    Asked,
    decide_digest,
)
from tests.router.making import NOON

SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Address:
    """What one address got: when each page went by itself, and the digests by when they go."""

    alone: list[datetime] = field(default_factory=list)
    digests: dict[datetime, list[datetime]] = field(default_factory=dict)

    def ask(self, now: datetime) -> None:
        last = max(self.digests, default=None)
        asked = Asked(
            pages=sum(at > now - STORM_WITHIN for at in self.alone),
            digest_at=last,
            waits=last is not None and last > now,
        )
        due = decide_digest(asked, now=now)
        if due is None:
            self.alone.append(now)
        else:
            self.digests.setdefault(due, []).append(now)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (Asked(pages=STORM_FROM - 1, digest_at=None, waits=False), None),
        (Asked(pages=STORM_FROM, digest_at=None, waits=False), 10),
        (Asked(pages=STORM_FROM, digest_at=NOON - 30 * SECOND, waits=False), 30),
        (Asked(pages=STORM_FROM, digest_at=NOON - 55 * SECOND, waits=False), 10),
        (Asked(pages=0, digest_at=NOON - 1 * SECOND, waits=False), None),
        (Asked(pages=0, digest_at=NOON + 7 * SECOND, waits=True), 7),
        (Asked(pages=0, digest_at=NOON - 7 * SECOND, waits=True), -7),  # held up by a rate limit
        (Asked(pages=STORM_FROM, digest_at=NOON + 3600 * SECOND, waits=False), 60),
    ],
)
def test_the_first_of_a_minute_wake_at_once_and_a_digest_takes_the_rest(
    asked: Asked, seconds: int | None
) -> None:
    due = decide_digest(asked, now=NOON)

    assert due == (None if seconds is None else NOON + seconds * SECOND)


@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=80))
def test_however_pages_come_each_is_told_once_in_time_and_few_ring(gaps: list[int]) -> None:
    address, now = Address(), NOON
    for milliseconds in gaps:
        now += timedelta(milliseconds=milliseconds if len(gaps) < 20 else milliseconds % 3000)
        address.ask(now)

    joined = [(due, at) for due, ats in address.digests.items() for at in ats]
    assert len(address.alone) + len(joined) == len(gaps)
    assert all(timedelta() <= due - at <= STORM_WITHIN for due, at in joined)
    assert all(due - ats[0] >= DIGEST_WAIT for due, ats in address.digests.items())
    rings = sorted([*address.alone, *address.digests])
    for at in rings:
        assert sum(at <= ring < at + STORM_WITHIN for ring in rings) <= STORM_FROM + 1


@given(st.integers(0, 40))
def test_of_many_at_once_the_first_wake_and_one_digest_tells_the_others(count: int) -> None:
    address = Address()
    for _ in range(count):
        address.ask(NOON)

    assert len(address.alone) == min(count, STORM_FROM)
    assert list(address.digests) == ([NOON + DIGEST_WAIT] if count > STORM_FROM else [])
