"""The three rule groups of one SLO, and its alerts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, lru_cache

from generator.catalog.model import FreshnessSli, Organisation, RawSli, Service, Slo
from generator.go_template import template_text
from generator.naming import (
    BURN_ALERT,
    EVENTS,
    NO_TRAFFIC_ALERT,
    OBJECTIVE_SERIES,
    STALE_SERIES,
    Events,
    GroupPart,
    rate_series,
    ratio_series,
    slo_group,
    slo_labels,
    stored_series,
)
from generator.rules.annotations import (
    extra_annotations,
    label_value,
    place,
    runbook_url,
    slo_dashboard_url,
    with_answer,
)
from generator.rules.expressions import SloExpressions
from generator.rules.model import AlertingRule, RecordingRule, RuleGroup
from generator.rules.sentences import Sentence, sentence
from generator.slo.burn import BurnWindow
from generator.slo.percent import format_number, format_percent
from guardia.duration import format_duration
from guardia.severity import Severity

Rules = tuple[RecordingRule | AlertingRule, ...]

_URGENT = (Severity.CRITICAL, Severity.HIGH)


def slo_groups(organisation: Organisation, service: Service, slo: Slo) -> tuple[RuleGroup, ...]:
    """Return an SLO's groups: fast (rates, critical, high), store (copies), slow (the rest)."""
    rules = _SloRules(organisation, service, slo)
    intervals = organisation.intervals
    parts: tuple[tuple[GroupPart, timedelta, Rules], ...] = (
        ("fast", intervals.fast, rules.fast()),
        ("store", intervals.store, rules.store()),
        ("slow", intervals.slow, rules.slow()),
    )
    return tuple(
        RuleGroup(name=slo_group(service.name, slo.name, part), interval=interval, rules=found)
        for part, interval, found in parts
        if found
    )


def slo_alerts(
    organisation: Organisation, service: Service, slo: Slo
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the names and labels of an SLO's alerts in the order of its groups, without the rules.

    Whoever asks where alerts go needs no expressions, which take most of the time.
    """
    rules = _SloRules(organisation, service, slo)
    for pair in rules.pairs:
        yield BURN_ALERT, rules.alert_labels(pair.severity)
    if rules.tells_of_no_traffic:
        yield NO_TRAFFIC_ALERT, rules.alert_labels(Severity.LOW)


class _SloRules:
    """One SLO's rules; the fast group must record what the others read."""

    def __init__(self, organisation: Organisation, service: Service, slo: Slo) -> None:
        self._organisation, self._service, self._slo = organisation, service, slo
        self._labels = slo_labels(service.name, slo.name)
        self._promql = SloExpressions(organisation=organisation, service=service, slo=slo)
        self._urgent = [pair for pair in slo.burn_windows if pair.severity in _URGENT]
        self._patient = [pair for pair in slo.burn_windows if pair.severity not in _URGENT]
        self._counts_events = not isinstance(slo.sli, RawSli)

    @property
    def pairs(self) -> list[BurnWindow]:
        """Return the pairs in the order of their alerts."""
        return [*self._urgent, *self._patient]

    @property
    def tells_of_no_traffic(self) -> bool:
        """Say whether there is an alert of missing traffic."""
        return self._promql.no_traffic() is not None

    def alert_labels(self, severity: Severity) -> dict[str, str]:
        """Return the labels that an alert of this severity carries."""
        return {
            "severity": severity.value,
            "team": self._slo.team,
            **self._labels,
            **self._slo.extras.labels,
        }

    def fast(self) -> Rules:
        """Return rates and ratios of the counted windows, and what must not be late."""
        burns = [self._burn_alert(pair) for pair in self._urgent]
        ratios = self._ratios(self._fast_windows())
        return (*self._stale(), *self._rates(), *ratios, *burns)

    def store(self) -> Rules:
        """Return the sparse copies that the ratio over the whole window is computed from."""
        if not self._counts_events:
            return ()
        interval = self._organisation.intervals.store
        return tuple(
            self._record(
                stored_series(events, self._slo.rate_windows[1], interval),
                self._promql.copied_rate(events),
            )
            for events in EVENTS
        )

    def slow(self) -> Rules:
        """Return the long windows and the alerts that may wait."""
        fast = self._fast_windows()
        windows = [*_windows(self._patient), *sorted(self._slo.windows)]
        rest = [window for window in dict.fromkeys(windows) if window not in fast]
        objective = self._record(OBJECTIVE_SERIES, f"vector({format_number(self._slo.objective)})")
        burns = [self._burn_alert(pair) for pair in self._patient]
        # Missing traffic may wait too, and stands behind the ratio that it is known by.
        return (*self._ratios(rest), objective, *burns, *self._no_traffic())

    def _fast_windows(self) -> list[timedelta]:
        return list(dict.fromkeys([*self._slo.rate_windows, *_windows(self._urgent)]))

    def _stale(self) -> Rules:
        if not isinstance(self._slo.sli, FreshnessSli):
            return ()
        return (self._record(STALE_SERIES, self._promql.stale()),)

    def _rates(self) -> list[RecordingRule]:
        if not self._counts_events:
            return []
        return [
            self._record(rate_series(events, window), self._rate(events, window))
            for window in self._slo.rate_windows
            for events in EVENTS
        ]

    def _rate(self, events: Events, window: timedelta) -> str:
        if events == "total":
            return self._promql.total_rate(window)
        return self._promql.errors_rate(window)

    def _ratios(self, windows: Sequence[timedelta]) -> list[RecordingRule]:
        return [
            self._record(ratio_series(window), self._promql.ratio(window)) for window in windows
        ]

    def _record(self, name: str, expression: str) -> RecordingRule:
        return RecordingRule(record=name, expression=expression, labels=self._labels)

    def _burn_alert(self, pair: BurnWindow) -> AlertingRule:
        went = _went(self._organisation.language, pair, self._slo.window)
        return self._alert(
            BURN_ALERT,
            pair.severity,
            self._promql.burn(pair),
            summary=self._say(
                "burning",
                subject=self._subject,
                percent="{{ $value | humanizePercentage }}",
                long=format_duration(pair.long),
                budget=self._budget(pair),
            ),
            description=f"{self._promise} {went}",
            keep_firing_for=pair.keep_firing_for,
        )

    def _budget(self, pair: BurnWindow) -> str:
        """Return the part of a sentence that says how long the budget lasts, as a template."""
        kept = self._promql.kept_labels
        of_alert = "".join([f",{label}=%q" for label in kept])
        labels = f"{self._promql.matchers}{of_alert}"
        query, selectors = self._promql.seconds_of_budget(pair, labels)
        return with_answer(query, kept * selectors, self._budget_answer)

    @cached_property
    def _budget_answer(self) -> str:
        window = format_duration(self._slo.window)
        time = "{{ $answer | humanizeDuration }}"
        lasts = self._say("budget_lasts", window=window, time=time)
        gone = self._say("budget_gone", window=window)
        return f"{{{{ if gt $answer 0.0 }}}}{lasts}{{{{ else }}}}{gone}{{{{ end }}}}"

    def _no_traffic(self) -> Rules:
        expression = self._promql.no_traffic()
        if expression is None:
            return ()
        alert = self._alert(
            NO_TRAFFIC_ALERT,
            Severity.LOW,
            expression,
            summary=self._say("no_traffic", subject=self._subject),
            description=f"{self._promise} {self._say('no_traffic_why')}",
            holds_for=self._slo.no_traffic_for,
        )
        return (alert,)

    def _say(self, name: Sentence, **parts: str) -> str:
        return sentence(self._organisation.language, name, **parts)

    @cached_property
    def _subject(self) -> str:
        values = ", ".join(f"{label} {label_value(label)}" for label in self._slo.by)
        what = f"{self._service.name} {self._slo.name}{f' ({values})' if values else ''}"
        return self._say("subject", what=what, where=place(self._organisation))

    @cached_property
    def _promise(self) -> str:
        slo = self._slo
        return self._say(
            "promise",
            description=template_text(slo.description),
            objective=format_percent(slo.objective),
            window=format_duration(slo.window),
        )

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
            labels=self.alert_labels(severity),
            annotations={
                "summary": summary,
                "description": description,
                **self._links,
            },
            holds_for=holds_for,
            keep_firing_for=keep_firing_for,
        )

    @cached_property
    def _links(self) -> dict[str, str]:
        return {
            "runbook_url": runbook_url(self._organisation, self._slo.runbook),
            "dashboard_url": slo_dashboard_url(self._organisation, self._labels),
            **extra_annotations(self._slo.extras),
        }


@lru_cache(maxsize=1024)  # most SLOs have the same few pairs and windows
def _went(language: str, pair: BurnWindow, window: timedelta) -> str:
    """Return the sentence that says how much of the budget went when a pair alerts."""
    return sentence(
        language,
        "burn_rate",
        share=format_percent(pair.budget_spent(window), digits=3),
        long=format_duration(pair.long),
        rate=format_number(pair.burn_rate, digits=3),
        window=format_duration(window),
    )


def _windows(pairs: Sequence[BurnWindow]) -> list[timedelta]:
    return sorted({window for pair in pairs for window in (pair.short, pair.long)})
