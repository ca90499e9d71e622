"""The rule mathematics of one SLO as PromQL: rates, ratios, burn, missing traffic.

Every expression weighs by events (mean of errors over mean of total, never a
mean of ratios), and has a value whenever there is traffic: no error series
counts as no errors, no traffic as no ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cached_property, lru_cache

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    Organisation,
    Place,
    RatioSli,
    RawSli,
    Service,
    Slo,
    UptimeSli,
)
from generator.naming import (
    STALE_SERIES,
    Events,
    rate_series,
    ratio_series,
    slo_labels,
    stored_series,
)
from generator.promql.check import Selector, with_label
from generator.promql.text import aggregate, matchers, over, select, set_window, sum_by
from generator.slo.burn import BurnWindow, error_budget, share_of
from generator.slo.percent import format_number


@dataclass(frozen=True, kw_only=True)
class SloExpressions:
    """One SLO of one service; every method returns PromQL."""

    organisation: Organisation
    service: Service
    slo: Slo

    @cached_property
    def kept_labels(self) -> tuple[str, ...]:
        """Return the labels each recorded series keeps: one budget for each of their values."""
        return (*self.organisation.series_labels, *self.slo.by)

    @cached_property
    def matchers(self) -> str:
        """Return what selects the SLO's own series."""
        return matchers(slo_labels(self.service.name, self.slo.name))

    @cached_property
    def _budget(self) -> str:
        return format_number(error_budget(self.slo.objective))

    def _series(self, name: str) -> str:
        return select(name, self.matchers)

    def _sum(self, expression: str) -> str:
        return sum_by(self.kept_labels, expression)

    def stale(self) -> str:
        """Return 1 where the last success is too old or was never seen, else 0.

        Source: what is absent cannot be asked for its age, so absence is asked
        for in each place where the service runs.
        """
        match self.slo.sli:
            case FreshnessSli(timestamp=timestamp, within=within):
                newest = aggregate("max", self.kept_labels, timestamp.text)
                missing = absent_somewhere(self.organisation, timestamp, self.service.places)
                old = f"(time() - {newest}) > bool {_seconds(within)}"
                return "\nor\n".join([old, *missing])
        raise TypeError("only freshness has an age")

    def total_rate(self, window: timedelta) -> str:
        """Return all events a second over a window, from the raw series."""
        match self.slo.sli:
            case RatioSli(total=total) | LatencySli(total=total):
                return self._sum(f"rate({over(total.text, window)})")
            case ExpressionSli(total=text):
                return self._sum(set_window(text, window))
            case UptimeSli(gauge=gauge):
                samples = self._sum(f"count_over_time({over(gauge.text, window)})")
                return f"{samples} / {_seconds(window)}"
            case FreshnessSli():
                samples = self._sum(f"count_over_time({self._stale_over(window)})")
                return f"{samples} / {_seconds(window)}"
        raise TypeError("a raw ratio counts no events")

    def errors_rate(self, window: timedelta) -> str:
        """Return bad events a second: none where there is traffic but no series of bad events.

        Where good events are counted, everything is bad until one is seen.
        `0 × total` and not `vector(0)`, which has no labels and would break
        grouped rules; the sum drops the recorded series' own labels.
        """
        total = self._sum(self._series(rate_series("total", window)))
        match self.slo.sli:
            case RatioSli(bad=Selector() as bad):
                return f"{self._sum(f'rate({over(bad.text, window)})')}\nor\n0 * {total}"
            case ExpressionSli(bad=str() as text):
                return f"{self._sum(set_window(text, window))}\nor\n0 * {total}"
            case RatioSli(good=Selector() as good) | LatencySli(good=good):
                return _rest(total, self._sum(f"rate({over(good.text, window)})"))
            case ExpressionSli(good=str() as text):
                return _rest(total, self._sum(set_window(text, window)))
            case UptimeSli(gauge=gauge):
                up = self._sum(f"sum_over_time({over(gauge.text, window)})")
                return f"clamp_min({total} - {up} / {_seconds(window)}, 0)"
            case FreshnessSli():
                stale = self._sum(f"sum_over_time({self._stale_over(window)})")
                return f"{stale} / {_seconds(window)}"
        raise TypeError("a raw ratio counts no events")

    def _stale_over(self, window: timedelta) -> str:
        return over(self._series(STALE_SERIES), window)

    def ratio(self, window: timedelta) -> str:
        """Return the error ratio over a window, 0..1; nothing without traffic."""
        if isinstance(self.slo.sli, RawSli):
            # Several series with one budget: the worst of them counts.
            worst = set_window(self.slo.sli.error_ratio, window)
            return aggregate("max", self.kept_labels, worst)
        if window in self.slo.rate_windows:
            errors = self._series(rate_series("errors", window))
            return f"{errors} / ({self._series(rate_series('total', window))} > 0)"
        if window in self.slo.windows and not self._is_burn_window(window):
            return self._ratio_over(self.stored_name("errors"), self.stored_name("total"), window)
        base = self.slo.base
        return self._ratio_over(rate_series("errors", base), rate_series("total", base), window)

    def _is_burn_window(self, window: timedelta) -> bool:
        return any(window in (pair.short, pair.long) for pair in self.slo.burn_windows)

    def stored_name(self, events: Events) -> str:
        """Return the name of the sparse copies that the whole windows are computed from."""
        return stored_series(events, self.slo.rate_windows[1], self.organisation.intervals.store)

    def copied_rate(self, events: Events) -> str:
        """Return the rate that the sparse copy repeats."""
        return self._series(rate_series(events, self.slo.rate_windows[1]))

    def _ratio_over(self, errors: str, total: str, window: timedelta) -> str:
        # Sums, so that a stretch in which only one of the two was recorded weighs as it should.
        bad = f"sum_over_time({over(self._series(errors), window)})"
        every = f"sum_over_time({over(self._series(total), window)})"
        return f"{bad}\n/\n({every} > 0)"

    def burn(self, pair: BurnWindow) -> str:
        """Return the alert's expression; its value is the error ratio over the long window."""
        threshold, fewest = _bounds(pair, self.slo.objective)
        parts = [
            f"{self._series(ratio_series(pair.long))} > {threshold}",
            f"{self._series(ratio_series(pair.short))} > {threshold}",
        ]
        if pair.bad_events and not isinstance(self.slo.sli, RawSli):
            parts.append(f"{self._bad_events(pair.long)} > {fewest}")
        return "\nand\n".join(parts)

    def _bad_events(self, window: timedelta) -> str:
        """Return how many bad events a window really held.

        Counted as sum × interval: an average times the window would
        extrapolate, and one failure soon after birth would look like many.
        """
        if window in self.slo.rate_windows:
            seconds = _seconds(window)
            return f"{self._series(rate_series('errors', window))} * {seconds}"
        base = over(self._series(rate_series("errors", self.slo.base)), window)
        return f"sum_over_time({base}) * {_seconds(self.organisation.intervals.fast)}"

    def seconds_of_budget(self, pair: BurnWindow, labels: str) -> tuple[str, int]:
        """Return how long the budget lasts at the present rate, and how often `labels` stand in it.

        Below 0 when it is gone. The budget left is what the whole window's
        ratio leaves of it, and what failed lately: that ratio is made of rates
        over an hour, which count it in full only an hour later. It burns at the
        ratio of the pair's long window. `labels` are the matchers of one alert.
        """
        slo = self.slo
        spent = [select(ratio_series(slo.window), labels)]
        if not isinstance(slo.sli, RawSli):
            lately = slo.rate_windows[1]
            spent.append(f"{select(ratio_series(lately), labels)} / {_times(slo.window, lately)}")
        rate = select(ratio_series(pair.long), labels)
        left = " - ".join([self._budget, *spent])
        return f"{_seconds(slo.window)} * ({left}) / {rate}", len(spent) + 1

    def no_traffic(self) -> str | None:
        """Return a result where targets are up and no event is counted; None when nothing tells.

        A value of `by` that was there and is gone counts too. It is known by
        the ratio over the whole window, which is recorded for as long as that
        window holds any event of it: one sample a value tells as much as a
        range would. The age of something missing is bad in itself, so
        freshness has no such alert.
        """
        counted = self._counted(self.kept_labels)
        if counted is None:
            return None
        # Without the recorded labels, so that `or` knows a place that both sides tell of.
        kept = ", ".join(self.kept_labels)
        remembered = f"max by ({kept}) ({self._series(ratio_series(self.slo.window))})"
        lost = f"{remembered}\nunless on ({kept})\n{counted}"
        targets = self.service.targets
        if targets is None:
            return lost
        places = self.organisation.series_labels
        up = f"{sum_by(places, targets.text)} > 0"
        everything = f"{up}\nunless\n{self._counted(places)}"
        if not self.slo.by:
            return everything
        lost_here = f"{lost}\nand on ({', '.join(places)})\n({up})"
        return f"(\n{_indent(everything)}\n)\nor\n(\n{_indent(lost_here)}\n)"

    def _counted(self, by: Sequence[str]) -> str | None:
        """Return a result for each combination of the labels `by` that is counted now."""
        match self.slo.sli:
            case RatioSli(total=total) | LatencySli(total=total) | UptimeSli(gauge=total):
                read = total.text
            case ExpressionSli():
                read = self._series(rate_series("total", self.slo.base))
            case RawSli():
                read = self._series(ratio_series(self.slo.base))
            case FreshnessSli():
                return None
        return aggregate("count", by, read)


def absent_somewhere(
    organisation: Organisation, selector: Selector, places: tuple[Place, ...]
) -> list[str]:
    """Return an expression for each place, which has a result where no series of it is there."""
    found = []
    for place in places:
        wanted = selector
        if organisation.environment_on_series:
            wanted = with_label(wanted, organisation.environment_label, place.environment)
        if organisation.regions is not None and place.region is not None:
            wanted = with_label(wanted, organisation.regions.label, place.region)
        found.append(sum_by(organisation.series_labels, f"absent({wanted.text})"))
    return list(dict.fromkeys(found))


def _rest(total: str, good: str) -> str:
    """Return what of the total is not good; the fallback stands inside, or failures turn green."""
    inside = f"  {total}\n  -\n  (\n    {good}\n    or\n    0 * {total}\n  ),\n  0"
    return f"clamp_min(\n{inside}\n)"


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


@lru_cache(maxsize=1024)  # most SLOs have the same few pairs and objectives
def _bounds(pair: BurnWindow, objective: Fraction) -> tuple[str, str]:
    """Return the error ratio and the number of bad events above which a pair alerts."""
    # One event reads as 0.95 to 1.05, hence half an event below the number.
    fewest = Fraction(2 * pair.bad_events - 1, 2)
    return format_number(pair.error_ratio(objective)), format_number(fewest)


@lru_cache(maxsize=1024)
def _times(whole: timedelta, length: timedelta) -> str:
    return format_number(share_of(whole, length))


@lru_cache(maxsize=1024)
def _seconds(length: timedelta) -> str:
    return format_number(Fraction(length // timedelta(milliseconds=1), 1000))
