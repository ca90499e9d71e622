"""Tests that an SLO's alerts fire when they must and stay silent when they must."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from generator.catalog.model import Catalog, Service, Slo
from generator.naming import (
    BURN_ALERT,
    NO_TRAFFIC_ALERT,
    TARGETS_DOWN_ALERT,
    ratio_series,
    ratio_series_pattern,
    slo_labels,
)
from generator.promql.example import counterexample_labels, example_labels
from generator.promql.text import matchers, quote, series
from generator.promtool.model import Case, Expectation
from generator.slo.burn import error_budget
from generator.slo.percent import format_number, format_percent
from guardia.severity import Severity

# Bad events an interval: far above every low-traffic guard, so that only the ratio decides.
_PLENTY = 1000


class SloCases:
    """The stories of one SLO in one environment.

    A window that is longer than the history sees the same ratio as a short
    one, so constant ratios from the start prove all thresholds in minutes.
    """

    def __init__(self, catalog: Catalog, service: Service, slo: Slo) -> None:
        self._service, self._slo = service, slo
        self._label = catalog.organisation.environment_label
        self._environment = service.environments[-1]
        self.interval = test_interval(slo)
        self._end = 10 * self.interval

    def cases(self) -> Iterator[Case]:
        """Yield every story of this SLO."""
        yield from self._constant_ratios()
        yield self._no_error_series()
        yield self._no_good_series()
        yield self._idle()
        yield self._one_failure_after_birth()
        yield self._recovery()
        yield self._targets_gone()
        yield self._no_traffic()

    def _constant_ratios(self) -> Iterator[Case]:
        slo = self._slo
        budget = error_budget(slo.objective)
        for burn_rate, firing in _levels(slo):
            ratio = burn_rate * budget
            bad, total = _counts(ratio)
            yield self._case(
                f"errors at {format_number(burn_rate)} times the budget ({format_percent(ratio)})",
                self._traffic(bad=f"0+{bad}x10", good=f"0+{total - bad}x10"),
                self._firing(self._end, BURN_ALERT, firing),
            )

    def _no_error_series(self) -> Case:
        window = min(pair.short for pair in self._slo.burn_windows)
        return self._case(
            "no series of bad events counts as no errors",
            self._traffic(good=f"0+{_PLENTY}x10"),
            self._firing(self._end, BURN_ALERT, ()),
            self._ratio(self._end, window, 0.0),
        )

    def _no_good_series(self) -> Case:
        window = min(pair.short for pair in self._slo.burn_windows)
        return self._case(
            "every event fails and no good one was ever counted",
            self._traffic(bad=f"0+{_PLENTY}x10"),
            self._firing(self._end, BURN_ALERT, tuple(Severity)),
            self._ratio(self._end, window, 1.0),
        )

    def _idle(self) -> Case:
        return self._case(
            "no events: no ratio, no alert",
            {**self._traffic(bad="7x10", good="7x10"), **self._targets("1x10")},
            self._no_ratio(self._end),
            self._firing(self._end, BURN_ALERT, ()),
            self._firing(self._end, TARGETS_DOWN_ALERT, ()),
            self._firing(self._end, NO_TRAFFIC_ALERT, ()),
        )

    def _one_failure_after_birth(self) -> Case:
        # One failure in ten events an interval is far above every threshold; the
        # number of bad events must hold the alerts back.
        guarded = tuple(pair.severity for pair in self._slo.burn_windows if not pair.bad_events)
        return self._case(
            "one failure soon after birth wakes nobody",
            self._traffic(bad="0x4 1x5", good="0+9x10"),
            self._firing(6 * self.interval, BURN_ALERT, guarded),
        )

    def _recovery(self) -> Case:
        critical = self._slo.burn_windows[0]
        gone = 5 * self.interval + critical.short + 2 * self.interval
        steps = gone // self.interval + 1
        return self._case(
            "the critical alert resets once the short window is clean",
            self._traffic(
                bad=f"0+{_PLENTY}x5 {5 * _PLENTY}x{steps}", good=f"0+{_PLENTY}x{steps + 6}"
            ),
            self._firing(
                5 * self.interval, f"{BURN_ALERT}", (Severity.CRITICAL,), only_critical=True
            ),
            self._firing(gone, BURN_ALERT, (), only_critical=True),
        )

    def _targets_gone(self) -> Case:
        wait = self._intervals(self._slo.no_data_for)
        end = (4 + wait) * self.interval
        return self._case(
            "all targets gone",
            {
                **self._traffic(good=f"0+{_PLENTY}x3 stale"),
                **self._targets(f"1x3 0x{wait + 2}"),
            },
            self._firing(3 * self.interval, TARGETS_DOWN_ALERT, ()),
            self._firing(end, TARGETS_DOWN_ALERT, (Severity.CRITICAL,)),
        )

    def _no_traffic(self) -> Case:
        wait = self._intervals(self._slo.no_traffic_for)
        return self._case(
            "targets are up but nothing is counted",
            self._targets(f"1x{wait + 2}"),
            self._firing(wait * self.interval, NO_TRAFFIC_ALERT, (Severity.LOW,)),
            self._firing(wait * self.interval, TARGETS_DOWN_ALERT, ()),
        )

    def _intervals(self, length: timedelta) -> int:
        """Return how many intervals cover a length of time."""
        return -(-length // self.interval)

    def _traffic(self, *, good: str | None = None, bad: str | None = None) -> dict[str, str]:
        """Return the counters of good and bad events; total counts both."""
        sli = self._slo.sli
        here = {self._label: self._environment}
        both = (*sli.total.matchers, *sli.bad.matchers)
        found: list[tuple[str, dict[str, str] | None, str | None]]
        if sli.bad.metric == sli.total.metric:
            good_labels = counterexample_labels(sli.total.matchers, sli.bad.matchers)
            found = [
                (sli.total.metric, good_labels, good),
                (sli.bad.metric, example_labels(both), bad),
            ]
        else:
            # A counter of its own for bad events: each of them is in the total too.
            labels = example_labels(sli.total.matchers) or {}
            found = [
                (sli.total.metric, {**labels, "kind": "good"}, good),
                (sli.total.metric, {**labels, "kind": "bad"}, bad),
                (sli.bad.metric, example_labels(sli.bad.matchers), bad),
            ]
        return {
            series(metric, {**(labels or {}), **here}): values
            for metric, labels, values in found
            if values is not None
        }

    def _targets(self, values: str) -> dict[str, str]:
        targets = self._service.targets
        labels = {**(example_labels(targets.matchers) or {}), self._label: self._environment}
        return {series(targets.metric, labels): values}

    def _case(self, name: str, traffic: Mapping[str, str], *expected: Expectation) -> Case:
        return Case(
            name=f"{self._service.name} {self._slo.name}: {name}",
            series=traffic,
            expectations=expected,
        )

    def _firing(
        self,
        at: timedelta,
        alert: str,
        severities: tuple[Severity, ...],
        *,
        only_critical: bool = False,
    ) -> Expectation:
        labels = {
            "alertname": alert,
            "alertstate": "firing",
            self._label: self._environment,
            **slo_labels(self._service.name, self._slo.name),
        }
        if only_critical:
            labels["severity"] = Severity.CRITICAL.value
        return Expectation(
            at=at,
            expression=f"count by (severity) ({series('ALERTS', labels)})",
            samples=[(f"{{severity={quote(severity.value)}}}", 1) for severity in severities],
        )

    def _no_ratio(self, at: timedelta) -> Expectation:
        """Nothing is recorded, not even NaN, which no comparison would ever show."""
        labels = matchers(slo_labels(self._service.name, self._slo.name))
        recorded = f"{{__name__=~{quote(ratio_series_pattern())},{labels}}}"
        return Expectation(at=at, expression=f"count({recorded})", samples=[])

    def _ratio(self, at: timedelta, window: timedelta, value: float) -> Expectation:
        recorded = series(ratio_series(window), slo_labels(self._service.name, self._slo.name))
        return Expectation(at=at, expression=f"sum({recorded})", samples=[("{}", value)])


def test_interval(slo: Slo) -> timedelta:
    """Return the time between samples: a fifth of the shortest window.

    So a range holds enough samples on Prometheus 2.x, where both ends belong
    to it, and on 3.x, where the left end does not.
    """
    return min(pair.short for pair in slo.burn_windows) / 5


def _levels(slo: Slo) -> list[tuple[Fraction, tuple[Severity, ...]]]:
    """Return burn rates below, between and above the thresholds, and what each must fire."""
    thresholds = {pair.severity: pair.burn_rate(slo.window) for pair in slo.burn_windows}
    rates = sorted(set(thresholds.values()))
    most = 1 / error_budget(slo.objective)  # all events fail
    above = (rates[-1] + min(most, rates[-1] * 2)) / 2
    between = [(low + high) / 2 for low, high in pairwise(rates)]
    return [
        (level, tuple(severity for severity, rate in thresholds.items() if rate < level))
        for level in (rates[0] / 2, *between, above)
    ]


def _counts(ratio: Fraction) -> tuple[int, int]:
    """Return whole numbers of bad and all events an interval with exactly this ratio."""
    times = -(-_PLENTY // ratio.numerator)
    return ratio.numerator * times, ratio.denominator * times
