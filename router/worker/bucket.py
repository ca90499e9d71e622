"""A token bucket for each address: who may send now, and else when."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.address import Address
from router.channels.rate import Rate
from router.worker.retry import LONGEST_DELAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What was taken, as the instant at which the bucket would be full again.

    An instant instead of a number of tokens: exact, and the same however
    often it is looked at. `closed_at` and `closed_until` are of the last time
    that the provider refused for the rate.
    """

    full_at: datetime
    closed_at: datetime
    closed_until: datetime


def full_bucket(now: datetime) -> Bucket:
    """Return a bucket from which nothing was taken."""
    return Bucket(full_at=now, closed_at=now, closed_until=now)


def free_at(bucket: Bucket, rate: Rate, *, wakes: bool, now: datetime) -> datetime:
    """Return from when a message may be sent; `now` for at once.

    Pages (`wakes`) use the last token, others leave `rate.spared`. A provider
    that asks for an hour holds pages up for LONGEST_DELAY only, as it does the
    page that it refused.
    """
    free = max(_refilled_at(bucket, rate, 1 if wakes else 1 + rate.spared), now)
    if now >= bucket.closed_until:
        return free
    reopens = bucket.closed_until
    if wakes:
        reopens = min(reopens, bucket.closed_at + LONGEST_DELAY)
    return max(free, reopens)


def take(bucket: Bucket, rate: Rate, *, now: datetime) -> Bucket:
    """Return the bucket with one token less."""
    return replace(bucket, full_at=max(bucket.full_at, now) + rate.every)


def close(bucket: Bucket, rate: Rate, *, after: timedelta, now: datetime) -> Bucket:
    """Return it empty, since more was sent than the provider takes, and closed for `after`."""
    empty = now + rate.burst * rate.every
    return replace(bucket, full_at=empty, closed_at=now, closed_until=now + after)


def corrected(bucket: Bucket, rate: Rate, *, now: datetime) -> Bucket:
    """Return it without what was noted by a clock that was ahead: at most empty, and open.

    To be kept, not only looked at: a bucket that is empty anew at each look never fills.
    """
    empty = now + rate.burst * rate.every
    if bucket.closed_at > now:
        bucket = replace(bucket, closed_at=now, closed_until=now)
    return replace(bucket, full_at=min(bucket.full_at, empty))


def _refilled_at(bucket: Bucket, rate: Rate, tokens: int) -> datetime:
    """Return when there will be that many tokens."""
    return bucket.full_at - (rate.burst - tokens) * rate.every


class Buckets:
    """The buckets of all addresses, in memory: a restart or another replica begins with full ones.

    Safe to use from any thread. What is taken within a transaction that fails
    stays taken, which only makes what follows a little later.
    """

    def __init__(self, rates: Mapping[str, Rate]) -> None:
        """`rates` are by channel; a channel without one is not limited."""
        self._rates = rates
        self._buckets: dict[Address, Bucket] = {}
        self._lock = threading.Lock()

    def take(self, address: Address, *, wakes: bool, now: datetime) -> datetime | None:
        """Take a token and return None; or take none and return from when there will be one."""
        rate = self._rates.get(address.channel)
        if rate is None:
            return None
        with self._lock:
            bucket = corrected(self._buckets.get(address) or full_bucket(now), rate, now=now)
            free = free_at(bucket, rate, wakes=wakes, now=now)
            self._buckets[address] = bucket if free > now else take(bucket, rate, now=now)
            return free if free > now else None

    def close(self, address: Address, *, after: timedelta | None, now: datetime) -> None:
        """Send nothing more to an address that refused for the rate, for as long as it asked."""
        rate = self._rates.get(address.channel)
        if rate is None:
            return
        with self._lock:
            bucket = self._buckets.get(address) or full_bucket(now)
            self._buckets[address] = close(bucket, rate, after=after or timedelta(), now=now)

    def distance(self, channel: str) -> timedelta:
        """Return how far apart messages to one address of the channel are, once they wait."""
        rate = self._rates.get(channel)
        return timedelta() if rate is None else rate.every
