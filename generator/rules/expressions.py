"""The rule mathematics of one SLO as PromQL: rates, ratios, burn, missing traffic.

Every expression weighs by events (mean of errors over mean of total, never a
mean of ratios), and has a value whenever there is traffic: no error series
counts as no errors, no traffic as no ratio.
"""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from generator.catalog.model import Organisation, Service, Slo
from generator.naming import Events, rate_series, ratio_series, slo_labels, stored_series
from generator.promql.text import aggregate, over, series, sum_by
from generator.slo.burn import BurnWindow
from generator.slo.percent import format_number
from guardia.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SloExpressions:
    """One SLO of one service; every method returns PromQL."""

    organisation: Organisation
    service: Service
    slo: Slo

    @property
    def base(self) -> timedelta:
        """Return critical's short window, the shortest of all: the others derive from it."""
        return self._pair(Severity.CRITICAL).short

    @property
    def counted(self) -> tuple[timedelta, timedelta]:
        """Return the windows counted from raw counters.

        The critical pair must not be late: from stored 5m rates its long
        window would page 2 to 2.5 minutes later.
        """
        return self.base, self._pair(Severity.CRITICAL).long

    @property
    def kept_labels(self) -> tuple[str, ...]:
        """Return the labels each recorded series keeps: one budget for each of their values."""
        return (self.organisation.environment_label,)

    def _pair(self, severity: Severity) -> BurnWindow:
        return next(pair for pair in self.slo.burn_windows if pair.severity is severity)

    def _series(self, name: str) -> str:
        return series(name, slo_labels(self.service.name, self.slo.name))

    def total_rate(self, window: timedelta) -> str:
        """Return all events a second over a window, from the raw counters."""
        return sum_by(self.kept_labels, f"rate({over(self.slo.sli.total.text, window)})")

    def errors_rate(self, window: timedelta) -> str:
        """Return bad events a second: none where there is traffic but no series of bad events.

        `0 × total` and not `vector(0)`, which has no labels and would break
        grouped rules; the sum drops the recorded series' own labels.
        """
        counted = sum_by(self.kept_labels, f"rate({over(self.slo.sli.bad.text, window)})")
        none = sum_by(self.kept_labels, self._series(rate_series("total", window)))
        return f"{counted}\nor\n0 * {none}"

    def rate_ratio(self, window: timedelta) -> str:
        """Return the error ratio of a window whose rates are recorded; nothing without traffic."""
        errors = self._series(rate_series("errors", window))
        return f"{errors} / ({self._series(rate_series('total', window))} > 0)"

    def derived_ratio(self, window: timedelta) -> str:
        """Return the error ratio of a longer window, from the base rates."""
        return self._ratio_over(
            rate_series("errors", self.base), rate_series("total", self.base), window
        )

    def window_ratio(self) -> str:
        """Return the error ratio over the SLO's whole window, from the sparse copies."""
        return self._ratio_over(
            self.stored_name("errors"), self.stored_name("total"), self.slo.window
        )

    def stored_name(self, events: Events) -> str:
        """Return the name of the sparse copies that the whole window is computed from."""
        return stored_series(events, self.counted[1], self.organisation.intervals.store)

    def copied_rate(self, events: Events) -> str:
        """Return the rate that the sparse copy repeats."""
        return self._series(rate_series(events, self.counted[1]))

    def _ratio_over(self, errors: str, total: str, window: timedelta) -> str:
        # Sums, so that a stretch in which only one of the two was recorded weighs as it should.
        bad = f"sum_over_time({over(self._series(errors), window)})"
        every = f"sum_over_time({over(self._series(total), window)})"
        return f"{bad}\n/\n({every} > 0)"

    def burn(self, pair: BurnWindow) -> str:
        """Return the alert's expression; its value is the error ratio over the long window."""
        threshold = format_number(pair.error_ratio(self.slo.window, self.slo.objective))
        parts = [
            f"{self._series(ratio_series(pair.long))} > {threshold}",
            f"{self._series(ratio_series(pair.short))} > {threshold}",
        ]
        if pair.bad_events:
            # One event reads as 0.95 to 1.05, hence half an event below the number.
            fewest = format_number(Fraction(2 * pair.bad_events - 1, 2))
            parts.append(f"{self._bad_events(pair.long)} > {fewest}")
        return "\nand\n".join(parts)

    def _bad_events(self, window: timedelta) -> str:
        """Return how many bad events a window really held.

        Counted as sum × interval: an average times the window would
        extrapolate, and one failure soon after birth would look like many.
        """
        if window in self.counted:
            seconds = _seconds(window)
            return f"{self._series(rate_series('errors', window))} * {seconds}"
        base = over(self._series(rate_series("errors", self.base)), window)
        return f"sum_over_time({base}) * {_seconds(self.organisation.intervals.fast)}"

    def no_traffic(self) -> str:
        """Return a result for each environment where targets are up and no event is counted."""
        counted = aggregate("count", self.kept_labels, self.slo.sli.total.text)
        return f"{sum_by(self.kept_labels, self.service.targets.text)} > 0\nunless\n{counted}"


def _seconds(length: timedelta) -> str:
    return format_number(Fraction(length // timedelta(milliseconds=1), 1000))
