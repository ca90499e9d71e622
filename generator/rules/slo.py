"""The three rule groups of one SLO, and its alerts."""

from datetime import timedelta

from generator.catalog.model import Organisation, Service, Slo
from generator.naming import (
    BURN_ALERT,
    NO_TRAFFIC_ALERT,
    OBJECTIVE_SERIES,
    Events,
    GroupPart,
    rate_series,
    ratio_series,
    slo_group,
    slo_labels,
)
from generator.rules.annotations import dashboard_url, label_value, runbook_url, template_text
from generator.rules.expressions import SloExpressions
from generator.rules.model import AlertingRule, RecordingRule, RuleGroup
from generator.slo.burn import BurnWindow
from generator.slo.percent import format_number, format_percent
from guardia.duration import format_duration
from guardia.severity import Severity

_EVENTS: tuple[Events, Events] = ("total", "errors")  # errors read total: this order


def slo_groups(organisation: Organisation, service: Service, slo: Slo) -> tuple[RuleGroup, ...]:
    """Return an SLO's groups: fast (rates, critical, high), store (copies), slow (the rest)."""
    rules = _SloRules(organisation, service, slo)
    intervals = organisation.intervals
    parts: tuple[tuple[GroupPart, timedelta, tuple[RecordingRule | AlertingRule, ...]], ...] = (
        ("fast", intervals.fast, rules.fast()),
        ("store", intervals.store, rules.store()),
        ("slow", intervals.slow, rules.slow()),
    )
    return tuple(
        RuleGroup(name=slo_group(service.name, slo.name, part), interval=interval, rules=found)
        for part, interval, found in parts
    )


class _SloRules:
    """One SLO's rules; the fast group must record what the others read."""

    def __init__(self, organisation: Organisation, service: Service, slo: Slo) -> None:
        self._organisation, self._service, self._slo = organisation, service, slo
        self._labels = slo_labels(service.name, slo.name)
        self._promql = SloExpressions(organisation=organisation, service=service, slo=slo)
        self._urgent = self._pairs(Severity.CRITICAL, Severity.HIGH)
        self._patient = self._pairs(Severity.MEDIUM, Severity.LOW)

    def _pairs(self, *severities: Severity) -> tuple[BurnWindow, ...]:
        return tuple(pair for pair in self._slo.burn_windows if pair.severity in severities)

    def fast(self) -> tuple[RecordingRule | AlertingRule, ...]:
        """Return rates and ratios of the counted windows, and what must not be late."""
        rates = [
            self._record(rate_series(events, window), self._rate(events, window))
            for window in self._promql.counted
            for events in _EVENTS
        ]
        ratios = [
            self._record(ratio_series(window), self._promql.rate_ratio(window))
            for window in self._promql.counted
        ]
        derived = self._derived_ratios(_windows(self._urgent))
        burns = [self._burn_alert(pair) for pair in self._urgent]
        return (*rates, *ratios, *derived, *burns, self._no_traffic())

    def store(self) -> tuple[RecordingRule, ...]:
        """Return the sparse copies that the ratio over the whole window is computed from."""
        return tuple(
            self._record(self._promql.stored_name(events), self._promql.copied_rate(events))
            for events in _EVENTS
        )

    def slow(self) -> tuple[RecordingRule | AlertingRule, ...]:
        """Return the long windows and the alerts that may wait."""
        urgent = _windows(self._urgent)
        derived = self._derived_ratios(
            [window for window in _windows(self._patient) if window not in urgent]
        )
        taken = {*urgent, *_windows(self._patient), *self._promql.counted}
        whole = (
            []
            if self._slo.window in taken
            else [self._record(ratio_series(self._slo.window), self._promql.window_ratio())]
        )
        objective = self._record(OBJECTIVE_SERIES, f"vector({format_number(self._slo.objective)})")
        burns = [self._burn_alert(pair) for pair in self._patient]
        return (*derived, *whole, objective, *burns)

    def _rate(self, events: Events, window: timedelta) -> str:
        if events == "total":
            return self._promql.total_rate(window)
        return self._promql.errors_rate(window)

    def _derived_ratios(self, windows: list[timedelta]) -> list[RecordingRule]:
        return [
            self._record(ratio_series(window), self._promql.derived_ratio(window))
            for window in windows
            if window not in self._promql.counted
        ]

    def _record(self, name: str, expression: str) -> RecordingRule:
        return RecordingRule(record=name, expression=expression, labels=self._labels)

    def _burn_alert(self, pair: BurnWindow) -> AlertingRule:
        slo, long = self._slo, format_duration(pair.long)
        rate = pair.burn_rate(slo.window)
        return self._alert(
            BURN_ALERT,
            pair.severity,
            self._promql.burn(pair),
            summary=f"{self._subject()}: {{{{ $value | humanizePercentage }}}} of events failed"
            f" in the last {long}.",
            description=f"{self._promise()} More than {format_percent(pair.budget_spent)} of the"
            f" error budget went within {long}: {format_number(rate)} times the rate that lasts"
            f" {format_duration(slo.window)}.",
            keep_firing_for=pair.keep_firing_for,
        )

    def _no_traffic(self) -> AlertingRule:
        return self._alert(
            NO_TRAFFIC_ALERT,
            Severity.LOW,
            self._promql.no_traffic(),
            summary=f"{self._subject()}: targets are up, but no event is counted.",
            description=f"{self._promise()} There was no traffic since the restart, or the metric"
            " was renamed: then no alert can fire.",
            holds_for=self._slo.no_traffic_for,
        )

    def _subject(self) -> str:
        environment = label_value(self._organisation.environment_label)
        return f"{self._service.name} {self._slo.name} in {environment}"

    def _promise(self) -> str:
        slo = self._slo
        objective = f"{format_percent(slo.objective)} over {format_duration(slo.window)}"
        return f"{template_text(slo.description)} Objective: {objective}."

    def _alert(
        self,
        alert: str,
        severity: Severity,
        expression: str,
        *,
        summary: str,
        description: str,
        holds_for: timedelta | None = None,
        keep_firing_for: timedelta | None = None,
    ) -> AlertingRule:
        return AlertingRule(
            alert=alert,
            expression=expression,
            labels={"severity": severity.value, "team": self._service.team, **self._labels},
            annotations={
                "summary": summary,
                "description": description,
                "runbook_url": runbook_url(self._organisation, self._slo.runbook),
                "dashboard_url": dashboard_url(self._organisation, self._labels),
            },
            holds_for=holds_for,
            keep_firing_for=keep_firing_for,
        )


def _windows(pairs: tuple[BurnWindow, ...]) -> list[timedelta]:
    return sorted({window for pair in pairs for window in (pair.short, pair.long)})
