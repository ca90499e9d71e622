"""Stories that prove the alert of a service whose targets are all down."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from generator.catalog.model import Catalog, Service
from generator.naming import TARGETS_DOWN_ALERT
from generator.promql.example import example_labels
from generator.promql.text import quote, series
from generator.promtool.model import Case, Expectation, pace_of
from guardia.severity import Severity


class TargetStories:
    """The stories of one service's targets."""

    def __init__(self, catalog: Catalog, service: Service) -> None:
        self._service = service
        self._label = catalog.organisation.environment_label
        self._pace = pace_of(catalog.organisation)
        self._down_at = 4 * self._pace.evaluation
        self._fires_at = self._down_at + self._pace.up_to(service.down_for)

    def stories(self) -> Iterator[Case]:
        """Yield every story of the targets; the last environment stands for those that are up."""
        here = self._service.environments[-1]
        up = self._pace.scrapes(self._down_at) - 1
        down = self._pace.scrapes(self._fires_at - self._down_at) + 2
        gone = self._traffic(here, f"0+100x{up} stale")
        yield self._outage("all targets down", {**self._up(here, f"1x{up} 0x{down}"), **gone})
        yield self._outage("all targets gone", {**self._up(here, f"1x{up} stale"), **gone})
        yield self._nowhere()
        if self._service.slos:
            yield self._answers_elsewhere(here, up + down)
            yield self._silent_elsewhere(here, up + down)

    def _outage(self, name: str, series_: Mapping[str, str]) -> Case:
        here = self._service.environments[-1]
        return Case(
            name=name,
            series=series_,
            expectations=[
                self._firing(self._fires_at - self._pace.evaluation, here, fires=False),
                self._firing(self._fires_at, here, fires=True),
            ],
        )

    def _nowhere(self) -> Case:
        """Each environment in which the service should run is noticed, also before its birth."""
        at = self._pace.up_to(self._service.down_for)
        return Case(
            name="no target was ever there",
            series={"a_series_of_something_else": f"1x{self._pace.scrapes(at)}"},
            expectations=[
                self._firing(at, environment, fires=True)
                for environment in self._service.environments
            ],
        )

    def _answers_elsewhere(self, here: str, scrapes: int) -> Case:
        return Case(
            name="events are counted elsewhere, so the service answers",
            series={**self._up(here, f"0x{scrapes}"), **self._traffic(here, f"0+100x{scrapes}")},
            expectations=[self._firing(self._fires_at, here, fires=False)],
        )

    def _silent_elsewhere(self, here: str, scrapes: int) -> Case:
        return Case(
            name="what counts elsewhere stands still, so the service does not answer",
            series={**self._up(here, f"0x{scrapes}"), **self._traffic(here, f"100x{scrapes}")},
            expectations=[self._firing(self._fires_at, here, fires=True)],
        )

    def _up(self, environment: str, values: str) -> dict[str, str]:
        targets = self._service.targets
        labels = {**(example_labels(targets.matchers) or {}), self._label: environment}
        return {series(targets.metric, labels): values}

    def _traffic(self, environment: str, values: str) -> dict[str, str]:
        """Return one counter of all events for each SLO."""
        found = {}
        for slo in self._service.slos:
            total = slo.sli.total
            labels = {**(example_labels(total.matchers) or {}), self._label: environment}
            found[series(total.metric, labels)] = values
        return found

    def _firing(self, at: timedelta, environment: str, *, fires: bool) -> Expectation:
        labels = {
            "alertname": TARGETS_DOWN_ALERT,
            "alertstate": "firing",
            self._label: environment,
            "service": self._service.name,
            "team": self._service.team,
        }
        severity = f"{{severity={quote(Severity.CRITICAL.value)}}}"
        return Expectation(
            at=at,
            expression=f"count by (severity) ({series('ALERTS', labels)})",
            samples=[(severity, 1)] if fires else [],
        )
