"""How many bad events pass a low-traffic guard, as a test at its pace counts them."""

from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from generator.catalog.model import FreshnessSli, Slo, UptimeSli
from generator.promtool.model import Pace
from generator.slo.burn import BurnWindow, share_of


class Guards:
    """The low-traffic guards of one SLO. `fast`: how often production evaluates its rates.

    Counted through a rate, one event reads as a little more or less than
    one, by up to one scrape in the window; a sample that is an event
    stands in up to one evaluation more. The numbers stay clear of that.
    """

    def __init__(self, slo: Slo, pace: Pace, fast: timedelta) -> None:
        self._slo, self._pace, self._fast = slo, pace, fast

    def too_few(self, pair: BurnWindow) -> int:
        """Return the largest number of bad events that leaves the pair silent for certain."""
        return ceil(self._wanted(pair) * (1 - self._blur())) - 1

    def enough(self, pair: BurnWindow) -> int:
        """Return the smallest number of bad events that passes the pair's guard for certain."""
        return max(1, floor(self._wanted(pair) / (1 - self._blur())) + 1)

    def is_reached(self, pair: BurnWindow, at: timedelta) -> bool:
        """Say whether so many bad events can have come for certain: some kinds bring few."""
        match self._slo.sli:
            case UptimeSli():
                return pair.bad_events < at // self._pace.scrape
            case FreshnessSli():  # one event an evaluation, after a first base
                return pair.bad_events < (at - self._slo.base) // self._pace.evaluation
        return True

    def _wanted(self, pair: BurnWindow) -> Fraction:
        """Return how many bad events the guard wants at the pace of this test.

        It counts each recorded rate as long as production's interval; a test
        whose evaluations are further apart, to stand on scrapes, sees fewer.
        """
        guard = Fraction(2 * pair.bad_events - 1, 2)
        if pair.long in self._slo.rate_windows:
            return guard
        return guard * share_of(self._pace.evaluation, self._fast)

    def _blur(self) -> Fraction:
        is_uptime = isinstance(self._slo.sli, UptimeSli)
        one = self._pace.evaluation if is_uptime else self._pace.scrape
        return share_of(one, self._slo.base)
