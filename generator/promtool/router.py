"""Stories about the router's own metrics: each alert fires in time, and is silent otherwise."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from generator.catalog.model import Catalog
from generator.naming import (
    BYPASS_LABEL,
    NOT_ROUTED_ALERT,
    NOT_ROUTED_CAUSES,
    ROUTER_CATALOG_ALERT,
    ROUTER_MILD_ALERTS,
    ROUTER_NOBODY_ALERT,
    ROUTER_OVERDUE_ALERT,
    ROUTER_PAGES_ALERT,
    ROUTER_REFUSED_ALERT,
    ROUTER_STEPS_ALERT,
    ROUTER_STORE_ALERT,
    ROUTER_TEMPLATES_ALERT,
    ROUTER_WORKER_ALERT,
)
from generator.promql.text import quote
from generator.promtool.model import Case, Expectation
from generator.promtool.router_scene import RouterScene, firing, repeated
from generator.rules.router import (
    CATALOG_FOR,
    LATE_SECONDS,
    PAGE_LATE_SECONDS,
    SHORTLY,
    TEMPLATE_WINDOW,
    count_window,
)
from generator.rules.router_series import (
    ATTEMPTS,
    FAILED_STEPS,
    OVERDUE,
    RELOADED,
    TEMPLATES,
    TURN,
    WRITABLE,
)
from guardia.severity import Severity

_AT_ONCE = timedelta()
_SEVERITIES = {
    ROUTER_REFUSED_ALERT: Severity.HIGH,
    ROUTER_CATALOG_ALERT: Severity.MEDIUM,
    ROUTER_TEMPLATES_ALERT: Severity.LOW,
}


class RouterMetricStories:
    """A router that is up, and what it counts; two replicas where that matters."""

    def __init__(self, catalog: Catalog) -> None:
        self._scene = RouterScene(catalog)
        self._pace = self._scene.pace
        self._window = count_window(catalog.organisation)
        self._begins = 4 * self._pace.evaluation  # the trouble

    def stories(self) -> Iterator[Case]:
        """Yield every story."""
        yield from self._queues()
        yield from self._replicas()
        yield self._worker(another_turns=False)
        yield self._worker(another_turns=True)
        yield from self._counts()
        yield from self._steps()

    def _queues(self) -> Iterator[Case]:
        yield self._level(
            "a timer is overdue",
            {"alertname": ROUTER_OVERDUE_ALERT, "queue": "timers"},
            self._level_series(OVERDUE, LATE_SECONDS, LATE_SECONDS + 1, SHORTLY, queue="timers"),
            holds_for=SHORTLY,
        )
        late = PAGE_LATE_SECONDS
        yield self._level(
            "a page is accepted by nobody",
            {"alertname": ROUTER_PAGES_ALERT},
            self._level_series(OVERDUE, late, late + 1, _AT_ONCE, queue="pages"),
            holds_for=_AT_ONCE,
        )

    def _replicas(self) -> Iterator[Case]:
        works = self._scene.own(WRITABLE, self._all_along("1", SHORTLY), instance="other")
        fails = self._level_series(WRITABLE, 1, 0, SHORTLY, instance="one")
        store = {"alertname": ROUTER_STORE_ALERT}
        yield self._level("the store cannot be written to", store, fails, holds_for=SHORTLY)
        yield self._quiet("another replica can write", {**fails, **works}, SHORTLY)
        took_up = self._scene.own(RELOADED, self._all_along("1", CATALOG_FOR), instance="other")
        refuses = self._level_series(RELOADED, 1, 0, CATALOG_FOR, instance="one")
        yield self._level(
            "one replica refuses the catalog",
            {"alertname": ROUTER_CATALOG_ALERT},
            {**refuses, **took_up},
            holds_for=CATALOG_FOR,
        )

    def _worker(self, *, another_turns: bool) -> Case:
        """Tell of a worker whose last turn was when the trouble began, by the clock."""
        late, every = timedelta(seconds=LATE_SECONDS), self._pace.evaluation
        seen_at = self._begins + (late // every + 1) * every
        fires_at = seen_at + self._pace.up_to(SHORTLY)
        over_at = fires_at + 2 * every
        scrape = f"{self._pace.scrape.total_seconds():g}"
        stands = self._pace.scrapes(over_at) - self._pace.scrapes(self._begins) - 2
        values = (
            f"0+{scrape}x{self._pace.scrapes(self._begins)}"
            f" {self._begins.total_seconds():g}x{stands}"
            f" {over_at.total_seconds():g}+{scrape}x2"
        )
        given = self._scene.own(TURN, values, instance="one")
        if another_turns:
            whole = f"0+{scrape}x{self._pace.scrapes(over_at) + 2}"
            given |= self._scene.own(TURN, whole, instance="other")
            return self._silent("another replica's worker turns", given, (fires_at, over_at))
        labels = {"alertname": ROUTER_WORKER_ALERT}
        return self._told("the worker stands still", labels, given, fires_at, over_at)

    def _counts(self) -> Iterator[Case]:
        """Tell of counters of which one failure is enough."""
        step = {"step": "nobody_reached"}
        yield self._counted(
            "an escalation reaches nobody",
            {"alertname": ROUTER_NOBODY_ALERT},
            self._scene.own(FAILED_STEPS, self._one_failure(self._window), **step),
            window=self._window,
        )
        labels = {"channel": "slack", "outcome": "credentials"}
        refused = self._scene.own(
            ATTEMPTS, self._one_failure(self._window), kind="notice", **labels
        )
        retried = {"channel": "slack", "kind": "notice", "outcome": "rate_limited"}
        yield self._counted(
            "a channel refuses a message",
            {"alertname": ROUTER_REFUSED_ALERT, **labels},
            {**refused, **self._scene.own(ATTEMPTS, "0+1x999", **retried)},
            window=self._window,
        )
        name = {"template": "slack.notice.j2"}
        yield self._counted(
            "a template fails",
            {"alertname": ROUTER_TEMPLATES_ALERT, **name},
            self._scene.own(TEMPLATES, self._one_failure(TEMPLATE_WINDOW), **name),
            window=TEMPLATE_WINDOW,
        )

    def _steps(self) -> Iterator[Case]:
        """Tell of a step that fails once, and of one that fails at every attempt."""
        labels = {"step": "apply"}
        failed_at, over_at = self._failed_at, self._over_at(self._window)
        once = self._scene.own(FAILED_STEPS, self._one_failure(self._window), **labels)
        evaluation = self._pace.evaluation
        at = (failed_at, failed_at + evaluation, failed_at + self._window, over_at)
        yield self._silent("a step fails once", once, at)
        before = self._pace.scrapes(failed_at)
        fires_at = failed_at + self._pace.up_to(self._window)
        over_at = fires_at + self._pace.up_to(self._window) + 2 * evaluation
        fails = self._pace.scrapes(fires_at) - before
        rest = self._pace.scrapes(over_at) - before - fails
        values = f"0x{before - 1} 1+1x{fails} {fails + 1}x{rest}"
        yield self._told(
            "a step fails again and again",
            {"alertname": ROUTER_STEPS_ALERT, **labels},
            self._scene.own(FAILED_STEPS, values, **labels),
            fires_at,
            over_at,
        )

    # What the stories are made of

    def _level_series(
        self, metric: str, right: int, wrong: int, holds_for: timedelta, **labels: str
    ) -> dict[str, str]:
        """Return a gauge that is wrong from the beginning of the trouble to its end."""
        fires_at = self._begins + self._pace.up_to(holds_for)
        before = self._pace.scrapes(self._begins)
        lasts = self._pace.scrapes(fires_at + 2 * self._pace.evaluation) - before
        values = f"{right}x{before - 1} {wrong}x{lasts - 1} {right}x2"
        return self._scene.own(metric, values, **labels)

    def _all_along(self, value: str, holds_for: timedelta) -> str:
        over_at = self._begins + self._pace.up_to(holds_for) + 2 * self._pace.evaluation
        return f"{value}x{self._pace.scrapes(over_at) + 2}"

    def _level(
        self,
        name: str,
        labels: Mapping[str, str],
        given: Mapping[str, str],
        *,
        holds_for: timedelta,
    ) -> Case:
        fires_at = self._begins + self._pace.up_to(holds_for)
        return self._told(name, labels, given, fires_at, fires_at + 2 * self._pace.evaluation)

    def _quiet(self, name: str, given: Mapping[str, str], holds_for: timedelta) -> Case:
        fires_at = self._begins + self._pace.up_to(holds_for)
        return self._silent(name, given, (fires_at, fires_at + self._pace.evaluation))

    @property
    def _failed_at(self) -> timedelta:
        """Return when a counter counts, with a whole window of samples before."""
        return self._pace.up_to(self._window) + self._pace.evaluation

    def _over_at(self, window: timedelta) -> timedelta:
        return self._pace.up_to(self._failed_at + window) + self._pace.evaluation

    def _one_failure(self, window: timedelta) -> str:
        before = self._pace.scrapes(self._failed_at)
        return f"0x{before - 1} 1x{self._pace.scrapes(self._over_at(window)) - before + 1}"

    def _counted(
        self,
        name: str,
        labels: Mapping[str, str],
        given: Mapping[str, str],
        *,
        window: timedelta,
    ) -> Case:
        case = self._told(name, labels, given, self._failed_at, self._over_at(window))
        last = self._failed_at + window - 3 * self._pace.evaluation
        still = firing(last, labels, fires=True)
        return Case(name=name, series=case.series, expectations=[*case.expectations, still])

    def _told(
        self,
        name: str,
        labels: Mapping[str, str],
        given: Mapping[str, str],
        fires_at: timedelta,
        over_at: timedelta,
    ) -> Case:
        """Return that this alert fires from `fires_at` until `over_at`, and no other does."""
        alert = labels["alertname"]
        severity = _SEVERITIES.get(alert, Severity.CRITICAL).value
        bypass = "" if alert in ROUTER_MILD_ALERTS else "true"
        others = f'ALERTS{{alertname=~"Router.*",alertname!={quote(alert)},alertstate="firing"}}'
        return Case(
            name=name,
            series={**self._meanwhile(over_at), **given},
            expectations=[
                firing(fires_at - self._pace.evaluation, {"alertname": alert}, fires=False),
                firing(
                    fires_at, {**labels, "severity": severity, BYPASS_LABEL: bypass}, fires=True
                ),
                Expectation(at=fires_at, expression=f"count({others})", samples=[]),
                firing(fires_at, repeated("DatabaseDown"), fires=alert in NOT_ROUTED_CAUSES),
                firing(over_at, {"alertname": alert}, fires=False),
            ],
        )

    def _silent(self, name: str, given: Mapping[str, str], instants: tuple[timedelta, ...]) -> Case:
        any_of_them = 'count(ALERTS{alertname=~"Router.*",alertstate="firing"})'
        return Case(
            name=name,
            series={**self._meanwhile(max(instants)), **given},
            expectations=[
                expectation
                for at in instants
                for expectation in (
                    Expectation(at=at, expression=any_of_them, samples=[]),
                    firing(at, {"alertname": NOT_ROUTED_ALERT}, fires=False),
                )
            ],
        )

    def _meanwhile(self, until: timedelta) -> dict[str, str]:
        answering = f"1x{self._pace.scrapes(until) + 1}"
        return {**self._scene.targets(answering), **self._scene.alerts(until)}
