"""Events beside a threshold: how many, and of which share bad, so that nothing is in doubt."""

from fractions import Fraction
from math import ceil

from generator.catalog.model import FreshnessSli, Slo
from generator.slo.burn import BurnWindow

# Beside a threshold: near enough to notice a wrong factor, far enough for floating point.
NEAR = Fraction(2, 100)
# Ten times as many bad events in a scrape as a low-traffic guard wants in all.
_ABOVE_GUARDS = 10


def plenty(slo: Slo) -> int:
    """Return so many events a scrape that at any threshold no guard is in doubt at once."""
    needed = [
        ceil(_ABOVE_GUARDS * pair.bad_events / pair.error_ratio(slo.objective))
        for pair in slo.burn_windows
    ]
    return max([1000, *needed])


def just_above(pair: BurnWindow, slo: Slo) -> Fraction:
    """Return an error ratio a little above a pair's threshold, and below 1."""
    threshold = pair.error_ratio(slo.objective)
    return min(threshold * (1 + NEAR), (threshold + 1) / 2)


def harmless_ratio(slo: Slo) -> Fraction:
    """Return an error ratio at which nothing alerts; all or nothing, where it is one thing."""
    if isinstance(slo.sli, FreshnessSli):
        return Fraction(1)
    if not slo.burn_windows:
        return Fraction(1, 100)
    return slo.burn_windows[-1].error_ratio(slo.objective) / 2


def counts(ratio: Fraction, least: int) -> tuple[int, int]:
    """Return whole numbers of bad and good events a scrape with exactly this ratio."""
    times = -(-least // ratio.numerator)
    return ratio.numerator * times, (ratio.denominator - ratio.numerator) * times


def worst_pair(slo: Slo) -> BurnWindow | None:
    """Return the pair that alerts and ends at once; None where that one is off."""
    pairs = slo.burn_windows
    at_once = bool(pairs) and (pairs[0].short, pairs[0].long) == slo.rate_windows
    return pairs[0] if at_once else None
