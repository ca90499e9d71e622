"""Stories that prove an SLO's alerts: they fire when they must, and stay silent when they must."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from generator.catalog.model import Catalog, Service, Slo
from generator.naming import (
    BURN_ALERT,
    NO_TRAFFIC_ALERT,
    OBJECTIVE_SERIES,
    ratio_series_pattern,
    slo_labels,
)
from generator.promql.example import Labels, counterexample_labels, example_labels
from generator.promql.text import matchers, quote, series
from generator.promtool.model import Case, Expectation, pace_of
from generator.slo.burn import BurnWindow, error_budget
from guardia.matcher import matches_all
from guardia.severity import Severity

Story = Callable[["SloStories"], Case]

# Beside a threshold: near enough to notice a wrong factor, far enough for floating point.
_NEAR = Fraction(2, 100)
# Ten times as many bad events in a scrape as the strictest low-traffic guard wants in all.
_ABOVE_GUARDS = 10
_FEW_SCRAPES = 10
_TICK = timedelta(milliseconds=1)


class SloStories:
    """The stories of one SLO in one environment.

    A window that is longer than the history sees the same ratio as a short
    one, so a constant ratio from the start proves every threshold in minutes.
    """

    def __init__(self, catalog: Catalog, service: Service, slo: Slo) -> None:
        self._service, self._slo = service, slo
        self._label = catalog.organisation.environment_label
        self._environment = service.environments[-1]
        self._pace = pace_of(catalog.organisation)
        self._base = slo.burn_windows[0].short
        self._end = self._pace.up_to(2 * self._base)
        strictest = max(pair.bad_events for pair in slo.burn_windows)
        self._plenty = max(1000, _ABOVE_GUARDS * strictest)

    def stories(self) -> Iterator[Case]:
        """Yield every story; the same names for every SLO, so that they can be told together."""
        for pair in self._slo.burn_windows:
            yield self._near(pair, above=False)
            yield self._near(pair, above=True)
            yield self._few_bad_events(pair, enough=False)
            yield self._few_bad_events(pair, enough=True)
        yield self._no_error_series()
        yield self._no_good_series()
        yield self._idle()
        yield self._one_failure_after_birth()
        yield self._recovery()
        yield self._no_traffic()

    def feeds(self, other: "SloStories") -> bool:
        """Say whether series of this SLO's stories are also counted by the other SLO."""
        sli = other._slo.sli
        return any(
            metric == selector.metric and matches_all(selector.matchers, labels)
            for metric, labels, _ in self._counters(good="", bad="")
            for selector in (sli.bad, sli.total)
        )

    def _near(self, pair: BurnWindow, *, above: bool) -> Case:
        budget = error_budget(self._slo.objective)
        threshold = pair.burn_rate(self._slo.window)
        most = 1 / budget  # all events fail
        higher = min(threshold * (1 + _NEAR), (threshold + most) / 2)
        burn_rate = higher if above else threshold * (1 - _NEAR)
        bad, total = self._counts(burn_rate * budget)
        firing = tuple(
            one.severity
            for one in self._slo.burn_windows
            if one.burn_rate(self._slo.window) < burn_rate
        )
        scrapes = self._pace.scrapes(self._end)
        return self._case(
            f"errors just {'above' if above else 'below'} the {pair.severity} threshold",
            self._traffic(bad=f"0+{bad}x{scrapes}", good=f"0+{total - bad}x{scrapes}"),
            self._firing(self._end, BURN_ALERT, firing),
        )

    def _few_bad_events(self, pair: BurnWindow, *, enough: bool) -> Case:
        """Nothing but a few failures: their number alone decides.

        Counted through a rate, one event reads as a little more or less than
        one, by up to one scrape in the window; so the numbers stay clear of that.
        """
        blur = Fraction(self._pace.scrape // _TICK, self._base // _TICK)
        guard = Fraction(2 * pair.bad_events - 1, 2)
        too_few = ceil(guard * (1 - blur)) - 1
        bad = max(1, floor(guard / (1 - blur)) + 1) if enough else max(0, too_few)
        before = self._pace.scrapes(self._base)
        steps = min(max(bad, 1), _FEW_SCRAPES)
        rising = " ".join(str(bad * step // steps) for step in range(1, steps + 1))
        after = self._pace.scrapes(self._base) + 4
        end = self._pace.up_to((before + steps + after) * self._pace.scrape)
        return self._case(
            f"{'enough' if enough else 'too few'} failures for {pair.severity}",
            self._traffic(bad=f"0x{before} {rising} {bad}x{after + 4}"),
            self._fired(end, pair.severity, fires=enough),
        )

    def _no_error_series(self) -> Case:
        scrapes = self._pace.scrapes(self._end)
        return self._case(
            "no series of bad events counts as no errors",
            self._traffic(good=f"0+{self._plenty}x{scrapes}"),
            self._firing(self._end, BURN_ALERT, ()),
            self._every_ratio(self._end, 0),
        )

    def _no_good_series(self) -> Case:
        scrapes = self._pace.scrapes(self._end)
        return self._case(
            "every event fails and no good one was ever counted",
            self._traffic(bad=f"0+{self._plenty}x{scrapes}"),
            self._firing(self._end, BURN_ALERT, tuple(Severity)),
            self._every_ratio(self._end, 1),
            self._objective(),
        )

    def _idle(self) -> Case:
        end = self._pace.up_to(self._slo.no_traffic_for) + 2 * self._pace.evaluation
        scrapes = self._pace.scrapes(end)
        return self._case(
            "no events: no ratio, no alert",
            {
                **self._traffic(bad=f"7x{scrapes}", good=f"7x{scrapes}"),
                **self._targets(f"1x{scrapes}"),
            },
            self._no_ratio(end),
            self._firing(end, BURN_ALERT, ()),
            self._firing(end, NO_TRAFFIC_ALERT, ()),
        )

    def _one_failure_after_birth(self) -> Case:
        scrapes = self._pace.scrapes(self._end)
        quiet = [pair.severity for pair in self._slo.burn_windows if pair.bad_events > 1]
        return self._case(
            "one failure soon after birth wakes nobody",
            self._traffic(bad=f"0x4 1x{scrapes}", good=f"0+9x{scrapes}"),
            *(self._fired(self._end, severity, fires=False) for severity in quiet),
        )

    def _recovery(self) -> Case:
        failing = self._pace.up_to(self._base)
        clean = failing + self._pace.up_to(self._base) + 2 * self._pace.evaluation
        bad, after = self._pace.scrapes(failing), self._pace.scrapes(clean - failing)
        most = self._plenty * bad
        return self._case(
            "the critical alert resets once the short window is clean",
            self._traffic(
                bad=f"0+{self._plenty}x{bad} {most}x{after}",
                good=f"0x{bad} {self._plenty}+{self._plenty}x{after}",
            ),
            self._firing(failing, BURN_ALERT, (Severity.CRITICAL,), only=Severity.CRITICAL),
            self._firing(clean, BURN_ALERT, (), only=Severity.CRITICAL),
        )

    def _no_traffic(self) -> Case:
        fires = self._pace.up_to(self._slo.no_traffic_for)
        return self._case(
            "targets are up but nothing is counted",
            self._targets(f"1x{self._pace.scrapes(fires)}"),
            self._firing(fires - self._pace.evaluation, NO_TRAFFIC_ALERT, ()),
            self._firing(fires, NO_TRAFFIC_ALERT, (Severity.LOW,)),
        )

    def _counts(self, ratio: Fraction) -> tuple[int, int]:
        """Return whole numbers of bad and all events a scrape with exactly this ratio."""
        times = -(-self._plenty // ratio.numerator)
        return ratio.numerator * times, ratio.denominator * times

    def _counters(
        self, *, good: str | None = None, bad: str | None = None
    ) -> list[tuple[str, Labels, str]]:
        """Return metric, labels and values of the counters of good and bad events."""
        sli = self._slo.sli
        total = example_labels(sli.total.matchers) or {}
        if sli.bad.metric == sli.total.metric:
            both = (*sli.total.matchers, *sli.bad.matchers)
            found = [
                (
                    sli.total.metric,
                    counterexample_labels(sli.total.matchers, sli.bad.matchers),
                    good,
                ),
                (sli.bad.metric, example_labels(both), bad),
            ]
        else:
            # A counter of its own for bad events: each of them is in the total too.
            apart = next(name for name in ("kind", "result", "events") if name not in total)
            found = [
                (sli.total.metric, {**total, apart: "good"}, good),
                (sli.total.metric, {**total, apart: "bad"}, bad),
                (sli.bad.metric, example_labels(sli.bad.matchers), bad),
            ]
        here = {self._label: self._environment}
        return [
            (metric, {**(labels or {}), **here}, values)
            for metric, labels, values in found
            if values is not None
        ]

    def _traffic(self, *, good: str | None = None, bad: str | None = None) -> dict[str, str]:
        counters = self._counters(good=good, bad=bad)
        return {series(metric, labels): values for metric, labels, values in counters}

    def _targets(self, values: str) -> dict[str, str]:
        targets = self._service.targets
        labels = {**(example_labels(targets.matchers) or {}), self._label: self._environment}
        return {series(targets.metric, labels): values}

    def _case(self, name: str, series_: Mapping[str, str], *expected: Expectation) -> Case:
        return Case(name=name, series=series_, expectations=expected)

    def _alerts(self, alert: str, only: Severity | None) -> str:
        labels = {
            "alertname": alert,
            "alertstate": "firing",
            self._label: self._environment,
            "team": self._service.team,
            **slo_labels(self._service.name, self._slo.name),
        }
        return series("ALERTS", labels | ({"severity": only.value} if only else {}))

    def _firing(
        self,
        at: timedelta,
        alert: str,
        severities: tuple[Severity, ...],
        *,
        only: Severity | None = None,
    ) -> Expectation:
        """At this instant exactly these severities fire."""
        return Expectation(
            at=at,
            expression=f"count by (severity) ({self._alerts(alert, only)})",
            samples=[(f"{{severity={quote(severity.value)}}}", 1) for severity in severities],
        )

    def _fired(self, at: timedelta, severity: Severity, *, fires: bool) -> Expectation:
        """Up to this instant the severity has, or has never, fired."""
        seconds = int(at.total_seconds()) + 1
        return Expectation(
            at=at,
            expression=f"count(count_over_time({self._alerts(BURN_ALERT, severity)}[{seconds}s]))",
            samples=[("{}", 1)] if fires else [],
        )

    def _ratios(self) -> str:
        labels = matchers(slo_labels(self._service.name, self._slo.name))
        return f"{{__name__=~{quote(ratio_series_pattern())},{labels}}}"

    def _no_ratio(self, at: timedelta) -> Expectation:
        """Nothing is recorded, not even NaN, which no comparison would ever show."""
        return Expectation(at=at, expression=f"count({self._ratios()})", samples=[])

    def _every_ratio(self, at: timedelta, value: int) -> Expectation:
        """The ratio of every window is recorded and has this value."""
        windows = {self._slo.window}
        windows |= {w for pair in self._slo.burn_windows for w in (pair.short, pair.long)}
        return Expectation(
            at=at,
            expression=f"count({self._ratios()} == {value})",
            samples=[("{}", len(windows))],
        )

    def _objective(self) -> Expectation:
        recorded = series(OBJECTIVE_SERIES, slo_labels(self._service.name, self._slo.name))
        return Expectation(
            at=self._end,
            expression=f"sum({recorded})",
            samples=[("{}", float(self._slo.objective))],
        )
