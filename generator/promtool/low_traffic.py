"""Stories of few requests: a failure among them wakes nobody, an outage does."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import floor

from generator.naming import BURN_ALERT
from generator.promtool.guards import Guards
from generator.promtool.model import Case
from generator.promtool.scene import Stage
from generator.promtool.thresholds import worst_pair
from generator.promtool.traffic import Stretch
from guardia.severity import Severity

_FEW_SCRAPES = 4
_CLEAN_REQUESTS, _MOST_FAILURES = 10, 20


class LowTrafficStories:
    """The stories in which the number of bad events decides, of one SLO."""

    def __init__(self, stage: Stage, guards: Guards) -> None:
        self._stage, self._guards = stage, guards
        self._slo, self._pace = stage.slo, stage.pace
        self._base = stage.slo.base
        self._end = self._pace.up_to(2 * self._base)

    def few_bad_events(self) -> Iterator[Case]:
        """Yield stories of nothing but a few failures: their number alone decides who is told."""
        pairs = self._slo.burn_windows
        too_few = {pair.severity: self._guards.too_few(pair) for pair in pairs}
        enough = {pair.severity: self._guards.enough(pair) for pair in pairs}
        for number in sorted({*too_few.values(), *enough.values()} - {0, -1}):
            fired = [severity for severity in enough if enough[severity] <= number]
            silent = [severity for severity in too_few if number <= too_few[severity]]
            yield self._failures(number, fired, silent)

    def _failures(self, bad: int, fired: list[Severity], silent: list[Severity]) -> Case:
        scene = self._stage.scene(f"{bad} failure{'' if bad == 1 else 's'}")
        before = self._pace.scrapes(self._base)
        steps = min(bad, _FEW_SCRAPES)
        reached = [bad * step // steps for step in range(steps + 1)]
        rising = [
            Stretch(scrapes=1, bad=reached[step + 1] - reached[step]) for step in range(steps)
        ]
        end = self._pace.up_to((2 * before + steps + 4) * self._pace.scrape)
        stretches = [Stretch(scrapes=before), *rising, Stretch(scrapes=before + 8)]
        return scene.case(
            scene.traffic(stretches, counts=True),
            *(scene.fired(end, BURN_ALERT, severity, fires=True) for severity in fired),
            *(scene.fired(end, BURN_ALERT, severity, fires=False) for severity in silent),
        )

    def one_failure_after_birth(self) -> Case:
        """Return: what has seen little must not take one failure for a share of all to come."""
        few = self._pace.scrapes(self._base / 5)
        rest = Stretch(scrapes=self._pace.scrapes(self._end), good=9)
        stretches = [Stretch(scrapes=few, good=9), Stretch(scrapes=1, good=9, bad=1), rest]
        return self._quiet("one failure soon after birth", stretches)

    def one_failure_in_three(self) -> Case:
        """Return: one of three requests fails, which is no outage, but is seen in the ratio."""
        pause = Stretch(scrapes=self._pace.scrapes(self._base / 5))
        stretches = [
            pause,
            Stretch(scrapes=1, good=1),
            pause,
            Stretch(scrapes=1, bad=1),
            pause,
            Stretch(scrapes=1, good=1),
            Stretch(scrapes=self._pace.scrapes(self._end)),
        ]
        case = self._quiet("one failure in three requests", stretches)
        # So few events must not be taken for none, however long the window.
        scene, low, high = self._stage.scene(case.name), Fraction(1, 5), Fraction(1, 2)
        seen = scene.ratio_between(case.expectations[0].at, self._slo.window, low, high)
        return replace(case, expectations=[*case.expectations, seen])

    def outage(self) -> Iterator[Case]:
        """Every request fails, but few come: five in the shortest window, one a minute in 5m."""
        worst = worst_pair(self._slo)
        if worst is None:
            return
        threshold = worst.error_ratio(self._slo.objective)
        needed = floor(_CLEAN_REQUESTS * threshold / (1 - threshold)) + 1
        failures = max(worst.bad_events, needed)
        if failures > _MOST_FAILURES:
            return
        apart = max(1, self._base // 5 // self._pace.scrape)
        pause = [Stretch(scrapes=apart - 1)] if apart > 1 else []
        stretches = [
            stretch
            for number in range(_CLEAN_REQUESTS + failures)
            for stretch in (
                *pause,
                Stretch(scrapes=1, good=1)
                if number < _CLEAN_REQUESTS
                else Stretch(scrapes=1, bad=1),
            )
        ]
        length = sum(stretch.scrapes for stretch in stretches) * self._pace.scrape
        end = self._pace.up_to(length) + self._pace.evaluation
        scene = self._stage.scene("an outage at low traffic")
        yield scene.case(
            scene.traffic([*stretches, Stretch(scrapes=2 * apart)]),
            scene.firing(end, BURN_ALERT, [worst.severity], only=worst.severity),
        )

    def _quiet(self, name: str, stretches: list[Stretch]) -> Case:
        scene = self._stage.scene(name)
        end = sum(stretch.scrapes for stretch in stretches) * self._pace.scrape
        at = self._pace.up_to(end - self._pace.evaluation)
        expected = [
            scene.fired(at, BURN_ALERT, pair.severity, fires=False)
            for pair in self._slo.burn_windows
            if pair.bad_events > 1
        ]
        # Without guards the failure may well alert: then its ratio is all there is to prove.
        if not expected:
            windows = self._slo.rate_windows
            expected = [scene.ratio_between(at, windows[1], Fraction(0), Fraction(1))]
        return scene.case(scene.traffic(stretches), *expected)
