"""How often strangers may show what does not count: each address, and all together."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

MOST_ADDRESSES: Final = 10_000  # that are remembered; beyond it the longest quiet are forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A bucket of `burst` tokens, one of which comes back `every` so often."""

    burst: int
    every: timedelta


# Behind one address may be a whole team. All together: too few to guess 120 random bits.
EACH: Final = Rate(burst=20, every=timedelta(seconds=15))
ALL: Final = Rate(burst=200, every=timedelta(seconds=1))


class FailureRate:
    """Token buckets in memory, of bounded size; each replica has its own.

    A token is what a failure takes: whoever does get in takes none and needs
    none, so that no stranger can lock others out, also not from many addresses.
    Where it costs somebody else to find out whether it fails, one is held until
    that is known, of the address alone: many at once are no more than in turn.

    A bucket is kept as the instant at which it is full again: exact, and a
    clock that is set back leaves it empty at most, never closed for longer.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        each: Rate = EACH,
        total: Rate = ALL,
        most: int = MOST_ADDRESSES,
    ) -> None:
        self._clock = clock
        self._each = each
        self._total = total
        self._most = most
        self._full_at: OrderedDict[str, datetime] = OrderedDict()
        self._total_full_at: datetime | None = None

    def take(self, address: str | None) -> timedelta:
        """Take a token and return no time; or take none and return how long to wait."""
        now, key = self._clock(), network_of(address)
        own = _bounded(self._full_at.get(key), self._each, now)
        total = _bounded(self._total_full_at, self._total, now)
        wait = max(_wait(own, self._each, now), _wait(total, self._total, now))
        taken = wait <= timedelta()
        # Kept also when none is taken: a bucket that is bounded anew at each look never fills.
        self._remember(key, own + self._each.every if taken else own)
        self._total_full_at = total + self._total.every if taken else total
        return wait

    def hold(self, address: str | None) -> timedelta:
        """Take a token of the address alone, whatever others do, as `take` does."""
        now, key = self._clock(), network_of(address)
        own = _bounded(self._full_at.get(key), self._each, now)
        wait = _wait(own, self._each, now)
        self._remember(key, own if wait else own + self._each.every)
        return wait

    def give_back(self, address: str | None) -> None:
        """Give back what was held: it was no failure."""
        key = network_of(address)
        if key in self._full_at:
            self._full_at[key] -= self._each.every

    def count_held(self) -> timedelta:
        """Take of all together for a failure whose address has a token held, as `take` does."""
        now = self._clock()
        total = _bounded(self._total_full_at, self._total, now)
        wait = _wait(total, self._total, now)
        self._total_full_at = total if wait else total + self._total.every
        return wait

    def __len__(self) -> int:
        """Return how many addresses are remembered."""
        return len(self._full_at)

    def _remember(self, key: str, full_at: datetime) -> None:
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)


def network_of(address: str | None) -> str:
    """Return what counts as one caller: of IPv6 the first 64 bits, all of which one has."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else str(IPv6Address(int(found) >> 64 << 64))


def _bounded(full_at: datetime | None, rate: Rate, now: datetime) -> datetime:
    """Return when it is full, between now and a whole filling from now."""
    if full_at is None:
        return now
    return min(max(full_at, now), now + rate.burst * rate.every)


def _wait(full_at: datetime, rate: Rate, now: datetime) -> timedelta:
    """Return how long until there is a token."""
    return max(timedelta(), full_at - (rate.burst - 1) * rate.every - now)
