"""How long an SLO's alerts take to notice a fault, as the rules see it: scrapes, windows, guards.

The model computes what the generated rules record: rates of counters between
scrapes, extrapolated as Prometheus does; the longer windows as sums of the
recorded base rates. `tests/contract/test_explain_slo.py` holds it to promtool.

Source: Prometheus, promql/functions.go, extrapolatedRate: a rate is stretched
to both ends of its window, but not back beyond where a counter was 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import gcd
from typing import Protocol

_TICK = timedelta(milliseconds=1)  # all instants below are whole milliseconds
_SECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """From `begins_ms` (excluded) to `ends_ms` this share of events fails, in (0, 1]."""

    share: float
    begins_ms: int = 0
    ends_ms: int | None = None

    def failing_ms(self, until_ms: int) -> int:
        """Return for how long events had been failing at an instant."""
        end = until_ms if self.ends_ms is None else min(until_ms, self.ends_ms)
        return max(0, end - self.begins_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrapes:
    """The samples that a range over raw series holds: one each `every_ms`, one of them at `at_ms`.

    `closed`: a range holds a sample at its very start, as before Prometheus 3.
    """

    every_ms: int
    at_ms: int
    closed: bool

    def within(self, window_ms: int, until_ms: int) -> range:
        """Return the instants of the samples in a window, newest first."""
        newest = until_ms - (until_ms - self.at_ms) % self.every_ms
        start = until_ms - window_ms
        return range(newest, start - 1 if self.closed else start, -self.every_ms)


class Events(Protocol):
    """What an SLI counts, of one event a second."""

    def rates(
        self, window_ms: int, at_ms: int, fault: Fault, scrapes: Scrapes
    ) -> tuple[float, float]:
        """Return bad and all events a second, as recorded over a window that ends at an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """How much one good and one bad event add to a counter."""

    good: float
    bad: float

    def rate(self, window_ms: int, at_ms: int, fault: Fault, scrapes: Scrapes) -> float:
        """Return what `rate()` gives after a long history without failures."""
        seen = scrapes.within(window_ms, at_ms)
        if len(seen) < 2:
            raise ValueError("a rate needs two scrapes in its window")
        newest, oldest = seen[0], seen[-1]
        sampled = newest - oldest
        failing = fault.failing_ms(newest) - fault.failing_ms(oldest)
        grown = (
            self.good * (sampled - failing * fault.share) + self.bad * failing * fault.share
        ) / _SECOND
        if not grown:
            return 0.0
        to_start = float(oldest - (at_ms - window_ms))
        if not self.good:  # it was 0 until the fault began, and is not stretched beyond that
            counted = self.bad * fault.failing_ms(oldest) * fault.share / _SECOND
            to_start = min(to_start, sampled * counted / grown)
        stretched = (sampled + to_start + (at_ms - newest)) / sampled
        return grown * stretched / (window_ms / _SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEvents:
    """Events that counters count: all of them in `total`, and either the bad or the good ones."""

    total: tuple[Counter, ...]
    bad: tuple[Counter, ...] = ()
    good: tuple[Counter, ...] = ()

    def rates(
        self, window_ms: int, at_ms: int, fault: Fault, scrapes: Scrapes
    ) -> tuple[float, float]:
        """Return bad and all events a second."""

        def add(counters: tuple[Counter, ...]) -> float:
            return sum(one.rate(window_ms, at_ms, fault, scrapes) for one in counters)

        total = add(self.total)
        return (add(self.bad) if self.bad else max(0.0, total - add(self.good))), total


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledEvents:
    """Samples that are events themselves; of as many series as make one sample a second."""

    def rates(
        self, window_ms: int, at_ms: int, fault: Fault, scrapes: Scrapes
    ) -> tuple[float, float]:
        """Return bad and all samples a second."""
        seen = scrapes.within(window_ms, at_ms)
        each = scrapes.every_ms / window_ms
        # Newest first: how many lie in (begins, ends].
        failing = len(range(seen.start, max(seen.stop, fault.begins_ms), seen.step))
        if fault.ends_ms is not None:
            failing -= len(range(seen.start, max(seen.stop, fault.ends_ms), seen.step))
        return failing * fault.share * each, len(seen) * each


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One alert: the error ratios of both windows are above `threshold`.

    `more_than`, the low-traffic guard: and the long one holds more bad events,
    unless it is None. `evaluated` is how often the alert's group runs.
    """

    threshold: float
    long: timedelta
    short: timedelta
    more_than: float | None
    evaluated: timedelta
    keep_firing_for: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """How an SLO is recorded: two windows from raw series, the longer ones from recorded rates.

    `derived` False: every window reads the raw series. `closed`: a range holds
    a sample at its very start, as before Prometheus 3.
    """

    events: Events
    events_per_second: float
    scrape: timedelta
    recorded: timedelta  # how often the rates are evaluated
    rate_windows: tuple[timedelta, ...]  # the first is the base
    derived: bool = True
    closed: bool = False
    by_rules: bool = False  # the samples are made by the rules, at the moment of evaluation

    def scraped_before_ms(self) -> tuple[int, ...]:
        """Return how long before an evaluation the last scrape can be: the two bounds at least.

        Where evaluations fall between the scrapes now here, now there, the
        bounds need not be the extremes.
        """
        if self.by_rules:
            return (0,)
        latest = _ms(self.scrape) - 1
        if _ms(self.recorded) % _ms(self.scrape) == 0:
            return (0, latest)
        return tuple(latest * step // _PHASES for step in range(_PHASES + 1))

    def holds(self, pair: Pair, at_ms: int, fault: Fault, scraped_at_ms: int) -> bool:
        """Say whether a pair's alert has a result when it is evaluated at an instant.

        The rates are recorded at that instant too; one scrape is at `scraped_at_ms`.
        """
        errors, total = self.events_in(pair.long, at_ms, fault, scraped_at_ms)
        if errors <= pair.threshold * total:
            return False
        if pair.more_than is not None and errors * self.events_per_second <= pair.more_than:
            return False
        errors, total = self.events_in(pair.short, at_ms, fault, scraped_at_ms)
        return errors > pair.threshold * total

    def events_in(
        self, window: timedelta, at_ms: int, fault: Fault, scraped_at_ms: int
    ) -> tuple[float, float]:
        """Return how many bad and how many events the rules see in a window, at one a second."""
        if window in self.rate_windows or not self.derived:
            errors, total = self.rates_at(window, at_ms, fault, scraped_at_ms)
            seconds = window / timedelta(seconds=1)
            return errors * seconds, total * seconds
        every = _ms(self.recorded)
        recorded = Scrapes(every_ms=every, at_ms=at_ms, closed=self.closed)
        left = len(recorded.within(_ms(window), at_ms))
        errors = total = 0.0
        tick = at_ms
        # So many recordings in a row fall differently between the scrapes; then it repeats.
        period = _ms(self.scrape) // gcd(every, _ms(self.scrape))
        while left:
            steady = min(left, self._steady(tick, fault))
            for number in range(min(steady, period)):
                alike = (steady - number - 1) // period + 1
                bad, all_events = self.rates_at(
                    self.rate_windows[0], tick - number * every, fault, scraped_at_ms
                )
                errors += bad * alike
                total += all_events * alike
            tick -= steady * every
            left -= steady
        return errors * every / _SECOND, total * every / _SECOND

    def rates_at(
        self, window: timedelta, at_ms: int, fault: Fault, scraped_at_ms: int
    ) -> tuple[float, float]:
        """Return bad and all events a second from the raw series, at one event a second."""
        scrapes = Scrapes(every_ms=_ms(self.scrape), at_ms=scraped_at_ms, closed=self.closed)
        return self.events.rates(_ms(window), at_ms, fault, scrapes)

    def _steady(self, tick: int, fault: Fault) -> int:
        """Return how many recordings in a row, from `tick` back, saw the same share of failures."""
        every, scrape = _ms(self.recorded), _ms(self.scrape)
        if tick <= fault.begins_ms:
            return _FOREVER  # clean as far back as anybody looks
        before = tick - _ms(self.rate_windows[0]) - scrape  # older than all that the rate saw
        if fault.ends_ms is not None and before >= fault.ends_ms:
            return (before - fault.ends_ms) // every + 1
        if before >= fault.begins_ms and (fault.ends_ms is None or tick <= fault.ends_ms):
            return (before - fault.begins_ms) // every + 1
        return 1


_FOREVER = 2**62
_PHASES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Between which two times after its cause an alert fires."""

    earliest: timedelta
    latest: timedelta


def detection(recording: Recording, pair: Pair, share: float) -> Delay | None:
    """Return how long after a share of events began to fail the alert fires; None for never.

    Before that nothing had failed for longer than any window. The earliest is
    a scrape and an evaluation at the right moment; at the latest the fault
    begins just after a scrape, and the groups run one after the other.
    """

    def fires(after_ms: int, scraped_before_ms: int) -> bool:
        fault = Fault(share=share)
        return recording.holds(pair, after_ms, fault, after_ms - scraped_before_ms)

    longest = _ms(pair.long + recording.rate_windows[0] + 2 * recording.scrape)
    if not fires(longest, 0):
        return None
    times = [
        _first(partial(fires, scraped_before_ms=before), longest)
        for before in recording.scraped_before_ms()
    ]
    return Delay(earliest=min(times) * _TICK, latest=max(times) * _TICK + _wait(recording, pair))


def reset(recording: Recording, pair: Pair, share: float) -> timedelta | None:
    """Return how long after the end of a long fault the alert has ended at the latest.

    Long: both windows are full of it. None where such a fault raises no alert.
    """
    full = _ms(pair.long + recording.rate_windows[0] + 2 * recording.scrape)

    fault = Fault(share=share, begins_ms=-2 * full, ends_ms=0)

    def ended(after_ms: int, scraped_before_ms: int) -> bool:
        return not recording.holds(pair, after_ms, fault, after_ms - scraped_before_ms)

    if ended(0, 0):
        return None
    last = max(
        _first(partial(ended, scraped_before_ms=before), full)
        for before in recording.scraped_before_ms()
    )
    kept = -(-pair.keep_firing_for // pair.evaluated) * pair.evaluated
    return last * _TICK + _wait(recording, pair) + kept


def _wait(recording: Recording, pair: Pair) -> timedelta:
    """Return how much later than possible an alert is evaluated.

    One in another group than the rates may read them just before they are renewed.
    """
    other_group = timedelta() if pair.evaluated == recording.recorded else recording.recorded
    return pair.evaluated + other_group


def _first(holds: Callable[[int], bool], longest: int) -> int:
    """Return the first instant up to `longest` from which on something holds."""
    low, high = 0, longest
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _ms(length: timedelta) -> int:
    return length // _TICK
