"""Stories that prove the rules about Guardia itself."""

from collections.abc import Iterator
from datetime import timedelta

from generator.catalog.model import Catalog
from generator.naming import (
    BYPASS_LABEL,
    NOT_ROUTED_ALERT,
    ORIGINAL_ALERT_LABEL,
    ROUTER_DOWN_ALERT,
    ROUTER_FAILING_ALERT,
    WATCHDOG_ALERT,
)
from generator.promql.text import series
from generator.promtool.model import Case, Pace, pace_of
from generator.promtool.router import RouterMetricStories
from generator.promtool.router_scene import PAST_THE_ROUTER, RouterScene, firing, repeated
from generator.rules.meta import DOWN_FOR, FAILURES, failure_window


def meta_cases(catalog: Catalog) -> tuple[Case, ...]:
    """Return every story of the rules that the catalog's settings lead to."""
    settings = catalog.organisation.alertmanager
    found: list[Case] = []
    if settings.watchdog is not None:
        found.append(_watchdog(pace_of(catalog.organisation)))
    if settings.fallback is not None:
        found += _RouterStories(catalog).stories()
        found += RouterMetricStories(catalog).stories()
    return tuple(found)


def _watchdog(pace: Pace) -> Case:
    return Case(
        name="the Watchdog fires from the first evaluation on",
        series={"a_series_of_something_else": "1x10"},
        expectations=[
            firing(at, {"alertname": WATCHDOG_ALERT}, fires=True)
            for at in (timedelta(), 5 * pace.evaluation)
        ],
    )


class _RouterStories:
    """What happens when the router goes, and when it does not."""

    def __init__(self, catalog: Catalog) -> None:
        self._scene = RouterScene(catalog)
        self._failure_window = failure_window(catalog.organisation)
        self._pace = self._scene.pace
        self._down_at = 4 * self._pace.evaluation
        self._fires_at = self._down_at + self._pace.up_to(DOWN_FOR)

    def stories(self) -> Iterator[Case]:
        """Yield every story, each with a critical and a milder alert that fire all along."""
        before, after = self._fires_at - self._pace.evaluation, self._fires_at
        up = self._pace.scrapes(self._down_at) - 1
        down = self._pace.scrapes(after - self._down_at) + 2
        answering = f"1x{up + down + 1}"
        yield self._story(
            "no router is up",
            self._scene.targets(f"1x{up} 0x{down}"),
            ROUTER_DOWN_ALERT,
            before,
            after,
        )
        yield self._story(
            "the router's targets are gone",
            self._scene.targets(f"1x{up} stale"),
            ROUTER_DOWN_ALERT,
            before,
            after,
        )
        yield self._quiet("the router answers", self._scene.targets(answering), after)
        yield self._failures()

    def _failures(self) -> Case:
        """One notification is given up; the router itself answers."""
        scrape, window = self._pace.scrape, self._failure_window
        failed_at = self._pace.up_to(window) + self._pace.evaluation
        before = self._pace.scrapes(failed_at) - 1
        length = before + 2 + self._pace.scrapes(window)
        counters = {
            series(FAILURES, {"integration": "webhook"}): f"0x{before} 1x{length - before}",
            series(FAILURES, {"integration": "email"}): f"0+1x{length}",
            series(FAILURES, {"integration": "webhook", "receiver_name": "another"}): (
                f"0+1x{length}"
            ),
        }
        seen_at = self._pace.up_to((before + 1) * scrape)
        over_at = self._pace.up_to(seen_at + window) + self._pace.evaluation
        router = self._scene.targets(f"1x{self._pace.scrapes(over_at) + 1}")
        case = self._story(
            "a notification is given up",
            {**router, **counters},
            ROUTER_FAILING_ALERT,
            seen_at - self._pace.evaluation,
            seen_at,
        )
        failing = {"alertname": ROUTER_FAILING_ALERT}
        later = [
            firing(seen_at + window - 3 * self._pace.evaluation, failing, fires=True),
            firing(over_at, failing, fires=False),
        ]
        return Case(name=case.name, series=case.series, expectations=[*case.expectations, *later])

    def _story(
        self, name: str, given: dict[str, str], cause: str, before: timedelta, after: timedelta
    ) -> Case:
        return Case(
            name=name,
            series={**given, **self._scene.alerts(after)},
            expectations=[
                firing(before, {"alertname": cause}, fires=False),
                firing(before, {"alertname": NOT_ROUTED_ALERT}, fires=False),
                firing(after, {"alertname": cause, **PAST_THE_ROUTER}, fires=True),
                firing(after, repeated("DatabaseDown"), fires=True),
                *self._scene.told_where_somebody_is_woken(after),
                firing(after, {ORIGINAL_ALERT_LABEL: "DiskFilling"}, fires=False),
                firing(after, {ORIGINAL_ALERT_LABEL: cause}, fires=False),
            ],
        )

    def _quiet(self, name: str, given: dict[str, str], at: timedelta) -> Case:
        return Case(
            name=name,
            series={**given, **self._scene.alerts(at)},
            expectations=[firing(at, {BYPASS_LABEL: "true"}, fires=False)],
        )
