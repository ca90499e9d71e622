"""Where a story of an SLO plays, and what can be expected there.

Each story has a place of its own: a value of the environment's label (or of
the region's) that no other story has. So all stories run side by side in one
test, which costs as much as one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from functools import cached_property

from generator.catalog.model import Organisation, Service, Slo
from generator.naming import (
    EVENTS,
    OBJECTIVE_SERIES,
    rate_series,
    ratio_series,
    ratio_series_pattern,
    slo_labels,
)
from generator.promql.example import Labels, counterexample_labels, example_labels
from generator.promql.text import matchers, quote, series
from generator.promtool.model import Case, Expectation, Pace
from generator.promtool.traffic import Stretch, is_own, own_labels, strange_series, traffic_series
from generator.slo.percent import format_number
from guardia.severity import Severity


def story_label(organisation: Organisation) -> str | None:
    """Return the label whose values keep stories apart; None when series carry no place."""
    return next(iter(organisation.series_labels), None)


def recorded_windows(slo: Slo) -> set[timedelta]:
    """Return every window whose error ratio is recorded."""
    pairs = {window for pair in slo.burn_windows for window in (pair.short, pair.long)}
    return {*slo.windows, *slo.rate_windows, *pairs}


def target_series(service: Service, values: str, place: Labels) -> dict[str, str]:
    """Return the series of one of the service's targets, by name."""
    targets = service.targets
    if targets is None:
        return {}
    labels = {**(example_labels(targets.matchers) or {}), **place}
    return {series(targets.metric, labels): values}


def strange_target_series(service: Service, values: str, place: Labels) -> dict[str, str]:
    """Return series that each lack one thing which the selector of the targets wants."""
    targets = service.targets
    if targets is None:
        return {}
    found = {}
    for matcher in targets.matchers:
        others = [one for one in targets.matchers if one is not matcher]
        strange = counterexample_labels(others, [matcher])
        if strange is not None:
            found[series(targets.metric, {**strange, **place})] = values
    return found


def counts_targets(service: Service, slo: Slo) -> bool:
    """Say whether the SLI counts a target's own series: then neither is there without the other."""
    return any(is_own(slo.sli, text) for text in target_series(service, "1", {}))


@dataclass(frozen=True, kw_only=True)  # without slots, so that its labels are made once
class Scene:
    """One SLO in the place of one story; `pace` is that of the test."""

    organisation: Organisation
    service: Service
    slo: Slo
    name: str  # of the story
    pace: Pace
    by: Mapping[str, str] = field(default_factory=dict)  # values of some of the SLO's `by` labels

    @cached_property
    def labels(self) -> Labels:
        """Return the labels that the rules keep, as this scene's series carry them."""
        own = own_labels(self.slo.sli)
        kept = {label: own.get(label, "one") for label in self.slo.by}
        if self.organisation.environment_on_series:
            kept[self.organisation.environment_label] = self.service.places[-1].environment
        if self.organisation.regions is not None:
            kept[self.organisation.regions.label] = self.organisation.regions.names[-1]
        apart = story_label(self.organisation)
        place = {} if apart is None else {apart: self.name}
        return {**kept, **place, **self.by}

    def traffic(
        self,
        stretches: Sequence[Stretch],
        *,
        lazily: bool = False,
        counts: bool = False,
        split: bool = False,
        born_late: bool = False,
    ) -> dict[str, str]:
        """Return the series of the SLI; see `traffic_series`."""
        return traffic_series(
            self.slo.sli,
            stretches,
            self.labels,
            scrape=self.pace.scrape,
            lazily=lazily,
            counts=counts,
            split=split,
            born_late=born_late,
        )

    def strangers(self, stretch: Stretch) -> dict[str, str]:
        """Return series in the same place that the SLI must not take for its own."""
        return strange_series(self.slo.sli, stretch, self.labels)

    def recorded(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return series as the SLO's own rules would record them here, by the names of `values`."""
        return {series(name, self._recorded()): given for name, given in values.items()}

    def rates_of_others(self) -> dict[str, str]:
        """Return rates in the same place as other SLOs record them: no rule may copy them."""
        return {
            series(rate_series(events, window), labels): "7x100"
            for window in self.slo.rate_windows
            for events in EVENTS
            for labels in self._labels_of_others()
        }

    def ratios_of_others(self, values: str, windows: Iterable[timedelta]) -> dict[str, str]:
        """Return ratios in the same place as other SLOs record them over each window."""
        return {
            series(ratio_series(window), labels): values
            for window in windows
            for labels in self._labels_of_others()
        }

    def _labels_of_others(self) -> list[Labels]:
        others = ((self.service.name, f"not-{self.slo.name}"), ("another", self.slo.name))
        return [{**slo_labels(*other), **self.labels} for other in others]

    def targets(self, values: str) -> dict[str, str]:
        """Return the series of a scrape target; none for a service without."""
        return target_series(self.service, values, self._place())

    def targets_of_others(self, values: str) -> dict[str, str]:
        """Return series of targets in the same place that are not the service's."""
        return strange_target_series(self.service, values, self._place())

    def _place(self) -> Labels:
        places = self.organisation.series_labels
        return {name: value for name, value in self.labels.items() if name in places}

    def case(self, series_: Mapping[str, str], *expected: Expectation) -> Case:
        """Return the story."""
        return Case(name=self.name, series=series_, expectations=expected)

    def firing(
        self,
        at: timedelta,
        alert: str,
        severities: Sequence[Severity],
        *,
        only: Severity | None = None,
        anywhere: bool = False,
    ) -> Expectation:
        """At this instant exactly these severities fire; `only` looks at one of them.

        `anywhere`: whatever the values of `by`, which an alert about targets lacks.
        """
        return Expectation(
            at=at,
            expression=f"count by (severity) ({self._alerts(alert, only, anywhere=anywhere)})",
            samples=[(f"{{severity={quote(severity.value)}}}", 1) for severity in severities],
        )

    def fired(self, at: timedelta, alert: str, severity: Severity, *, fires: bool) -> Expectation:
        """Up to this instant the severity has, or has never, fired."""
        seconds = int(at.total_seconds()) + 1
        return Expectation(
            at=at,
            expression=f"count(count_over_time({self._alerts(alert, severity)}[{seconds}s]))",
            samples=[("{}", 1)] if fires else [],
        )

    def _alerts(self, alert: str, only: Severity | None, *, anywhere: bool = False) -> str:
        by = self.slo.by if anywhere else ()
        labels = {
            "alertname": alert,
            "alertstate": "firing",
            **{name: value for name, value in self.labels.items() if name not in by},
            "team": self.slo.team,
            **slo_labels(self.service.name, self.slo.name),
            **self.slo.extras.labels,
        }
        return series("ALERTS", labels | ({"severity": only.value} if only else {}))

    def no_ratio(self, at: timedelta) -> Expectation:
        """Nothing is recorded, not even NaN, which no comparison would ever show."""
        return Expectation(at=at, expression=f"count({self._every()})", samples=[])

    def every_ratio(self, at: timedelta, value: int) -> Expectation:
        """The ratio of every window is recorded and has this value."""
        return Expectation(
            at=at,
            expression=f"count({self._every()} == {value})",
            samples=[("{}", len(recorded_windows(self.slo)))],
        )

    def every_ratio_between(self, at: timedelta, low: Fraction, high: Fraction) -> Expectation:
        """The ratio of every window is recorded and lies between the two."""
        inside = f"{self._every()} > {format_number(low)} < {format_number(high)}"
        number = len(recorded_windows(self.slo))
        return Expectation(at=at, expression=f"count({inside})", samples=[("{}", number)])

    def ratio_between(
        self, at: timedelta, window: timedelta, low: Fraction, high: Fraction
    ) -> Expectation:
        """The ratio over one window lies between the two."""
        ratio = series(ratio_series(window), self._recorded())
        inside = f"{ratio} > {format_number(low, digits=6)} < {format_number(high, digits=6)}"
        return Expectation(at=at, expression=f"count({inside})", samples=[("{}", 1)])

    def ratio_is(self, at: timedelta, window: timedelta, value: int) -> Expectation:
        """The ratio over one window is exactly this."""
        ratio = series(ratio_series(window), self._recorded())
        return Expectation(at=at, expression=f"count({ratio} == {value})", samples=[("{}", 1)])

    def objective(self, at: timedelta) -> Expectation:
        """The objective is recorded."""
        recorded = series(OBJECTIVE_SERIES, slo_labels(self.service.name, self.slo.name))
        return Expectation(
            at=at, expression=f"sum({recorded})", samples=[("{}", float(self.slo.objective))]
        )

    def _recorded(self) -> Labels:
        return {**slo_labels(self.service.name, self.slo.name), **self.labels}

    def _every(self) -> str:
        pattern = quote(ratio_series_pattern())
        return f"{{__name__=~{pattern},{matchers(self._recorded())}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One SLO at the pace of one test: where all its scenes are set."""

    organisation: Organisation
    service: Service
    slo: Slo
    pace: Pace

    def scene(self, name: str, by: Mapping[str, str] | None = None) -> Scene:
        """Return the place of the story with this name."""
        return Scene(
            organisation=self.organisation,
            service=self.service,
            slo=self.slo,
            name=name,
            pace=self.pace,
            by=by or {},
        )
