"""Stories that prove the alert of a service whose targets are all down."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from generator.catalog.model import (
    Catalog,
    LatencySli,
    Place,
    RatioSli,
    Service,
    Slo,
    UptimeSli,
)
from generator.naming import TARGETS_DOWN_ALERT
from generator.promql.example import Labels
from generator.promql.text import quote, series
from generator.promtool.model import Case, Expectation, pace_of
from generator.promtool.scene import counts_targets, strange_target_series, target_series
from generator.promtool.traffic import Stretch, is_own, own_labels, strange_series, traffic_series
from guardia.severity import Severity


class TargetStories:
    """The stories of one service's targets, in the places where they must be up.

    A place that no catalog knows serves as well while targets are there; only
    absence is asked for by the places' own names.
    """

    def __init__(self, catalog: Catalog, service: Service) -> None:
        self._service = service
        self._organisation = catalog.organisation
        # Places that series do not tell apart are one.
        by_labels = {tuple(self._labels(place).items()): place for place in service.places}
        self._places = tuple(by_labels.values())
        self._pace = pace_of(catalog.organisation)
        self._down_at = 4 * self._pace.evaluation
        self._fires_at = self._down_at + self._pace.up_to(service.down_for)
        self._up_for = self._pace.scrapes(self._down_at) - 1
        self._down_for = self._pace.scrapes(self._fires_at - self._down_at) + 2

    def stories(self) -> Iterator[Case]:
        """Yield the stories that can be told side by side, each in a place of its own."""
        if self._service.targets is None:
            return
        yield self._down()
        if self._traffic(self._places[-1], Stretch(scrapes=1)):
            yield from self._answers_elsewhere()
            yield self._silent_elsewhere()

    def absences(self) -> Iterator[Case]:
        """Yield the stories of absence, which play in the real places: each needs its own test."""
        if self._service.targets is None:
            return
        yield self._gone()
        yield self._nowhere()

    def _at(self, story: str) -> Place:
        """Return a place for one story; the real one where series do not say where they are."""
        if not self._organisation.series_labels:
            return self._places[-1]
        last = self._places[-1]
        if self._organisation.environment_on_series:
            return Place(environment=f"targets: {story}", region=last.region)
        return Place(environment=last.environment, region=f"targets: {story}")

    def _down(self) -> Case:
        """Others are up and busy all the time; the alert ends when one of ours is."""
        name = "all targets down"
        here, again = self._at(name), self._fires_at + 2 * self._pace.evaluation
        down = self._pace.scrapes(again - self._down_at) - 1
        up = f"1x{self._up_for} 0x{down} 1x4"
        others = self._others(here, 100 + down)
        return self._outage(name, here, up, others, self._firing(again, here, fires=False))

    def _gone(self) -> Case:
        """In the last place they vanish; in the others they are there, and nobody is woken."""
        *elsewhere, here = self._places
        at = self._fires_at
        there: dict[str, str] = {}
        for place in elsewhere:
            there |= self._up(place, f"1x{self._up_for + self._down_for}")
        quiet = [self._firing(at, place, fires=False) for place in elsewhere]
        # Without events, since those would keep the alert silent while targets are up.
        return Case(
            name="all targets gone",
            series={**self._up(here, f"1x{self._up_for} stale"), **there},
            expectations=[*self._breaks_at_last(here), *quiet],
        )

    def _outage(
        self,
        name: str,
        here: Place,
        up: str,
        more: Mapping[str, str],
        *expected: Expectation,
    ) -> Case:
        traffic = self._traffic(here, Stretch(scrapes=self._up_for, good=100))
        gone = {series_: f"{values} stale" for series_, values in traffic.items()}
        return Case(
            name=name,
            series={**self._up(here, up), **gone, **more},
            expectations=[*self._breaks_at_last(here), *expected],
        )

    def _breaks_at_last(self, here: Place) -> list[Expectation]:
        return [
            self._firing(self._fires_at - self._pace.evaluation, here, fires=False),
            self._firing(self._fires_at, here, fires=True),
        ]

    def _nowhere(self) -> Case:
        """Each place in which the service should run is noticed, also before its birth."""
        at = self._pace.up_to(self._service.down_for)
        others = {"a_series_of_something_else": f"1x{self._pace.scrapes(at)}"}
        for place in self._places:
            others |= self._other_targets(place, self._pace.scrapes(at))
        return Case(
            name="no target was ever there",
            series=others,
            expectations=[self._firing(at, place, fires=True) for place in self._places],
        )

    def _answers_elsewhere(self) -> Iterator[Case]:
        """What one SLO counts is enough: each by itself, or another's would do in its stead."""
        for slo in self._service.slos:
            name = f"{slo.name} is counted elsewhere, so the service answers"
            here, scrapes = self._at(name), self._up_for + self._down_for
            traffic = self._traffic_of(slo, here, Stretch(scrapes=scrapes, good=1))
            if traffic:
                yield Case(
                    name=name,
                    series={**self._up(here, f"0x{scrapes}"), **traffic},
                    expectations=[self._firing(self._fires_at, here, fires=False)],
                )

    def _silent_elsewhere(self) -> Case:
        """Others are up and busy, which is no answer of ours."""
        name = "what counts elsewhere stands still, so the service does not answer"
        here, scrapes = self._at(name), self._up_for + self._down_for
        return Case(
            name=name,
            series={
                **self._up(here, f"0x{scrapes}"),
                **self._traffic(here, Stretch(scrapes=scrapes)),
                **self._others(here, scrapes),
            },
            expectations=[self._firing(self._fires_at, here, fires=True)],
        )

    def _labels(self, place: Place) -> Labels:
        organisation = self._organisation
        labels = {}
        if organisation.environment_on_series:
            labels[organisation.environment_label] = place.environment
        if organisation.regions is not None and place.region is not None:
            labels[organisation.regions.label] = place.region
        return labels

    def _up(self, place: Place, values: str) -> dict[str, str]:
        return target_series(self._service, values, self._labels(place))

    def _others(self, place: Place, scrapes: int) -> dict[str, str]:
        """Return targets and events in the same place that are not the service's."""
        found = self._other_targets(place, scrapes)
        busy = Stretch(scrapes=scrapes, good=1)
        for slo in self._service.slos:
            found |= self._not_ours(strange_series(slo.sli, busy, self._labels(place)))
        return found

    def _other_targets(self, place: Place, scrapes: int) -> dict[str, str]:
        up = f"1x{scrapes}"
        return self._not_ours(strange_target_series(self._service, up, self._labels(place)))

    def _not_ours(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return the series that no SLO counts: what is strange to one may be another's own."""
        return {
            text: values
            for text, values in found.items()
            if not any(is_own(slo.sli, text) for slo in self._service.slos)
        }

    def _traffic(self, place: Place, stretch: Stretch) -> dict[str, str]:
        """Return the series by which the SLOs show that the service answers."""
        found: dict[str, str] = {}
        for slo in self._service.slos:
            found |= self._traffic_of(slo, place, stretch)
        return found

    def _traffic_of(self, slo: Slo, place: Place, stretch: Stretch) -> dict[str, str]:
        answers = isinstance(slo.sli, RatioSli | LatencySli | UptimeSli)
        if not answers or counts_targets(self._service, slo):
            return {}
        own = own_labels(slo.sli)
        by = {label: own.get(label, "one") for label in slo.by}
        labels = {**by, **self._labels(place)}
        return traffic_series(slo.sli, [stretch], labels, scrape=self._pace.scrape)

    def _firing(self, at: timedelta, place: Place, *, fires: bool) -> Expectation:
        labels = {
            "alertname": TARGETS_DOWN_ALERT,
            "alertstate": "firing",
            **self._labels(place),
            "service": self._service.name,
            "team": self._service.team,
            **self._service.extras.labels,
        }
        severity = f"{{severity={quote(Severity.CRITICAL.value)}}}"
        return Expectation(
            at=at,
            expression=f"count by (severity) ({series('ALERTS', labels)})",
            samples=[(severity, 1)] if fires else [],
        )
