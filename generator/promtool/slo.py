"""Stories that prove an SLO's alerts at the pace of production, in minutes.

A window that is longer than the history sees the same ratio as a short one,
so a constant ratio from the start proves every threshold at once. What needs
a long history is in `generator.promtool.windows`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from generator.catalog.model import (
    Catalog,
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    RatioSli,
    RawSli,
    Service,
    Slo,
    UptimeSli,
)
from generator.naming import BURN_ALERT, NO_TRAFFIC_ALERT
from generator.promtool.model import Case, Expectation, pace_of
from generator.promtool.scene import Scene
from generator.promtool.traffic import Stretch, own_labels
from generator.slo.burn import BurnWindow
from guardia.severity import Severity

# Beside a threshold: near enough to notice a wrong factor, far enough for floating point.
NEAR = Fraction(2, 100)
# Ten times as many bad events in a scrape as a low-traffic guard wants in all.
_ABOVE_GUARDS = 10
_FEW_SCRAPES = 4
_SOON = 4  # evaluations
_CLEAN_REQUESTS, _MOST_FAILURES = 10, 20
_COUNTERS = (RatioSli, ExpressionSli, LatencySli)
_TICK = timedelta(milliseconds=1)


class SloStories:
    """The stories of one SLO, by how long they take: seconds or minutes."""

    def __init__(self, catalog: Catalog, service: Service, slo: Slo) -> None:
        self._catalog, self._service, self._slo = catalog, service, slo
        self._pace = pace_of(catalog.organisation)
        self._base = slo.base
        self._soon = _SOON * self._pace.evaluation
        self._end = self._pace.up_to(2 * self._base)
        self._plenty = plenty(slo)
        self._is_counted = isinstance(slo.sli, _COUNTERS)
        # All stories of a service share the targets, so all see them for the same time.
        longest = max(one.no_traffic_for for one in service.slos)
        self._up = f"1x{self._pace.scrapes(2 * longest + 8 * self._base)}"

    def at_once(self) -> Iterator[Case]:
        """Yield what a few evaluations prove: the same ratio from the start, in every window."""
        if self._is_counted:
            for pair in self._slo.burn_windows:
                yield from self._near(pair)
        if not self._takes_time():
            yield from self._all_or_nothing(self._soon)

    def over_minutes(self, *, whole: bool) -> Iterator[Case]:
        """Yield what takes longer than the shortest window.

        `whole`: also what is the same for every SLO with the same windows.
        """
        if self._is_counted or self._is_uptime():
            yield from self._few_bad_events()
        if self._takes_time():
            yield from self._all_or_nothing(self._pace.up_to(3 * self._base))
        if not whole:
            return
        yield from self._recovery()
        if not isinstance(self._slo.sli, RawSli):
            yield self._length_of_the_shortest()
        if self._is_counted:
            yield self._one_failure_after_birth()
            yield self._one_failure_in_three()
            yield self._restart()
            yield from self._outage_at_low_traffic()

    def without_traffic(self) -> Iterator[Case]:
        """Yield what is silent until the low alert of missing traffic fires."""
        if self._is_counted:
            yield self._idle()
        if not isinstance(self._slo.sli, FreshnessSli):
            yield from self._no_traffic()

    def _takes_time(self) -> bool:
        """Say whether guards count samples or evaluations, of which few come in a minute."""
        return isinstance(self._slo.sli, UptimeSli | FreshnessSli)

    def _all_or_nothing(self, end: timedelta) -> Iterator[Case]:
        yield self._nothing_fails(end)
        yield self._everything_fails(end)
        yield from self._one_value_bad(end)

    def _scene(self, name: str, by: dict[str, str] | None = None, *, shared: bool = False) -> Scene:
        return Scene(
            organisation=self._catalog.organisation,
            service=self._service,
            slo=self._slo,
            name=name,
            pace=self._pace,
            by=by or {},
            shared=shared,
        )

    def _scrapes(self, length: timedelta) -> int:
        return self._pace.scrapes(length)

    def _near(self, pair: BurnWindow) -> Iterator[Case]:
        """A little below the threshold it is silent, a little above it fires."""
        for word, ratio in (
            ("below", pair.error_ratio(self._slo.objective) * (1 - NEAR)),
            ("above", just_above(pair, self._slo)),
        ):
            scene = self._scene(f"just {word} {pair.severity}")
            bad, good = counts(ratio, self._plenty)
            steady = Stretch(scrapes=self._scrapes(self._soon), good=good, bad=bad)
            firing = [
                one.severity
                for one in self._slo.burn_windows
                if one.error_ratio(self._slo.objective) < ratio
            ]
            # In two series, unevenly, so that only their sum has the ratio.
            near = ratio * NEAR / 4
            yield scene.case(
                scene.traffic([steady], split=pair is self._slo.burn_windows[0]),
                scene.firing(self._soon, BURN_ALERT, firing),
                scene.every_ratio_between(self._soon, ratio - near, ratio + near),
            )

    def _few_bad_events(self) -> Iterator[Case]:
        """Nothing but a few failures: their number alone decides who is told.

        Counted through a rate, one event reads as a little more or less than
        one, by up to one scrape in the window; a sample that is an event
        stands in up to one evaluation more. The numbers stay clear of that.
        """
        pairs = self._slo.burn_windows
        too_few = {
            pair.severity: ceil(self._guard(pair) * (1 - self._blur())) - 1 for pair in pairs
        }
        enough = {pair.severity: self._enough(pair) for pair in pairs}
        for number in sorted({*too_few.values(), *enough.values()} - {0, -1}):
            fired = [severity for severity in enough if enough[severity] <= number]
            silent = [severity for severity in too_few if number <= too_few[severity]]
            yield self._failures(number, fired, silent)

    def _enough(self, pair: BurnWindow) -> int:
        return max(1, floor(self._guard(pair) / (1 - self._blur())) + 1)

    def _guard(self, pair: BurnWindow) -> Fraction:
        """Return how many bad events the guard wants at the pace of this test.

        It counts each recorded rate as long as production's interval; a test
        whose evaluations are further apart, to stand on scrapes, sees fewer.
        """
        guard = Fraction(2 * pair.bad_events - 1, 2)
        if pair.long in self._slo.rate_windows:
            return guard
        fast = self._catalog.organisation.intervals.fast
        return guard * Fraction(self._pace.evaluation // _TICK, fast // _TICK)

    def _blur(self) -> Fraction:
        one = self._pace.evaluation if self._is_uptime() else self._pace.scrape
        return Fraction(one // _TICK, self._base // _TICK)

    def _is_uptime(self) -> bool:
        return isinstance(self._slo.sli, UptimeSli)

    def _failures(self, bad: int, fired: list[Severity], silent: list[Severity]) -> Case:
        scene = self._scene(f"{bad} failure{'' if bad == 1 else 's'}")
        before = self._scrapes(self._base)
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

    def _nothing_fails(self, end: timedelta) -> Case:
        """Where bad events have a counter of their own, nothing created it yet.

        At first nothing happens at all: no events are no errors, not NaN.
        """
        scene = self._scene("nothing fails")
        idle = self._pace.scrapes(self._pace.evaluation) if self._is_counted else 0
        good = Stretch(scrapes=self._scrapes(end) - idle, good=self._plenty)
        stretches = [Stretch(scrapes=idle), good] if idle else [good]
        return scene.case(
            {
                **scene.traffic(stretches, lazily=True),
                **scene.strangers(good),
                **scene.rates_of_others(),
            },
            scene.firing(end, BURN_ALERT, ()),
            scene.every_ratio(end, 0),
        )

    def _everything_fails(self, end: timedelta) -> Case:
        """No good event was ever counted, and where those have a counter, nothing created it."""
        scene = self._scene("everything fails")
        bad = Stretch(scrapes=self._scrapes(end), bad=self._plenty)
        return scene.case(
            {**scene.traffic([bad], lazily=True), **scene.strangers(bad)},
            *self._all_fire(scene, end),
            scene.every_ratio(end, 1),
            scene.objective(end),
        )

    def _recovery(self) -> Iterator[Case]:
        """Failures end, and with the shortest window the alert of the worst severity."""
        worst = self._worst()
        if worst is None:
            return
        if self._is_counted:  # just enough: milder alerts would only cost time
            steps, bad = self._pace.scrapes(self._soon), self._enough(worst)
            failing, stretch = self._soon, Stretch(scrapes=steps, bad=Fraction(bad, steps))
        else:
            failing = self._pace.up_to(3 * self._base) if self._takes_time() else self._soon
            if not self._reached(worst, failing):
                return
            stretch = Stretch(scrapes=self._scrapes(failing), bad=self._plenty)
        clean = failing + self._pace.up_to(self._base) + 2 * self._pace.evaluation
        if worst.keep_firing_for is not None:
            clean += self._pace.up_to(worst.keep_firing_for)
        scene = self._scene("recovers")
        works = Stretch(scrapes=self._scrapes(clean - failing), good=1)
        yield scene.case(
            scene.traffic([stretch, works]),
            scene.firing(failing, BURN_ALERT, [worst.severity], only=worst.severity),
            scene.firing(clean, BURN_ALERT, (), only=worst.severity),
        )

    def _worst(self) -> BurnWindow | None:
        """Return the pair that alerts and ends at once; None where that one is off."""
        pairs = self._slo.burn_windows
        at_once = bool(pairs) and (pairs[0].short, pairs[0].long) == self._slo.rate_windows
        return pairs[0] if at_once else None

    def _length_of_the_shortest(self) -> Case:
        """Failing for two fifths of the shortest window shows as that share, no other length."""
        clean = self._pace.up_to(2 * self._base)
        failing = self._pace.up_to(2 * self._base / 5)
        scene = self._scene("the shortest window's length")
        ratio = self._harmless_ratio()
        bad, good = counts(ratio, self._plenty)
        stretches = [
            Stretch(scrapes=self._scrapes(clean), good=good + bad),
            Stretch(scrapes=self._scrapes(failing), good=good, bad=bad),
        ]
        share = ratio * Fraction(failing // _TICK, self._base // _TICK)
        low, high = share * Fraction(3, 4), share * Fraction(4, 3)
        return scene.case(
            scene.traffic(stretches),
            scene.ratio_between(clean + failing, self._base, low, high),
        )

    def _harmless_ratio(self) -> Fraction:
        """Return an error ratio at which nothing alerts; all or nothing, where it is one thing."""
        if isinstance(self._slo.sli, FreshnessSli):
            return Fraction(1)
        if not self._slo.burn_windows:
            return Fraction(1, 100)
        return self._slo.burn_windows[-1].error_ratio(self._slo.objective) / 2

    def _idle(self) -> Case:
        end = self._pace.up_to(self._slo.no_traffic_for) + 2 * self._pace.evaluation
        scene = self._scene("idle", shared=True)
        idle = Stretch(scrapes=self._scrapes(end))
        return scene.case(
            {**scene.traffic([idle]), **scene.targets(self._up)},
            scene.no_ratio(end),
            scene.firing(end, BURN_ALERT, ()),
            scene.firing(end, NO_TRAFFIC_ALERT, ()),
        )

    def _one_failure_after_birth(self) -> Case:
        """A window that has seen little must not take one failure for a share of all to come."""
        few = self._scrapes(self._base / 5)
        rest = Stretch(scrapes=self._scrapes(self._end), good=9)
        stretches = [Stretch(scrapes=few, good=9), Stretch(scrapes=1, good=9, bad=1), rest]
        return self._quiet("one failure soon after birth", stretches)

    def _one_failure_in_three(self) -> Case:
        pause = Stretch(scrapes=self._scrapes(self._base / 5))
        stretches = [
            pause,
            Stretch(scrapes=1, good=1),
            pause,
            Stretch(scrapes=1, bad=1),
            pause,
            Stretch(scrapes=1, good=1),
            Stretch(scrapes=self._scrapes(self._end)),
        ]
        case = self._quiet("one failure in three requests", stretches)
        # So few events must not be taken for none, however long the window.
        scene, low, high = self._scene(case.name), Fraction(1, 5), Fraction(1, 2)
        seen = scene.ratio_between(case.expectations[0].at, self._slo.window, low, high)
        return replace(case, expectations=[*case.expectations, seen])

    def _restart(self) -> Case:
        """Counters that begin again at 0 lose no ratio and invent no failures."""
        ratio = self._harmless_ratio()
        bad, good = counts(ratio, self._plenty)
        half = self._scrapes(self._base)
        stretches = [
            Stretch(scrapes=half, good=good, bad=bad),
            Stretch(scrapes=half, good=good, bad=bad, restarted=True),
        ]
        scene = self._scene("counters restart")
        near = ratio * NEAR
        return scene.case(
            scene.traffic(stretches),
            scene.firing(self._end, BURN_ALERT, ()),
            scene.ratio_between(self._end, self._base, ratio - near, ratio + near),
        )

    def _outage_at_low_traffic(self) -> Iterator[Case]:
        """Every request fails, but few come: five in the shortest window, one a minute in 5m."""
        worst = self._worst()
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
        scene = self._scene("an outage at low traffic")
        yield scene.case(
            scene.traffic([*stretches, Stretch(scrapes=2 * apart)]),
            scene.firing(end, BURN_ALERT, [worst.severity], only=worst.severity),
        )

    def _quiet(self, name: str, stretches: list[Stretch]) -> Case:
        scene = self._scene(name)
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

    def _no_traffic(self) -> Iterator[Case]:
        """Targets are up, but nothing is counted: after its time the low alert tells.

        It ends with the first event, and neither targets that are down nor
        those of others raise it.
        """
        if self._service.targets is None:
            return
        fires = self._pace.up_to(self._slo.no_traffic_for)
        again = fires + 2 * self._pace.evaluation  # a rate needs two scrapes
        scene = self._scene("nothing is counted", shared=True)
        before, low = fires - self._pace.evaluation, (Severity.LOW,)
        events = [
            Stretch(scrapes=self._pace.scrapes(fires), seen=False),
            Stretch(scrapes=self._pace.scrapes(3 * self._pace.evaluation), good=1),
        ]
        others = Stretch(scrapes=self._pace.scrapes(again), good=1)
        yield scene.case(
            {
                **scene.targets(self._up),
                **scene.traffic(events, born_late=True),
                **scene.strangers(others),
            },
            scene.firing(before, NO_TRAFFIC_ALERT, (), anywhere=True),
            scene.firing(fires, NO_TRAFFIC_ALERT, low, anywhere=True),
            scene.firing(again, NO_TRAFFIC_ALERT, (), anywhere=True),
        )
        down = self._scene("targets are down", shared=True)
        zero = self._up.replace("1x", "0x", 1)
        yield down.case(
            {**down.targets(zero), **down.targets_of_others(self._up)},
            down.firing(fires, NO_TRAFFIC_ALERT, (), anywhere=True),
        )

    def _one_value_bad(self, end: timedelta) -> Iterator[Case]:
        """Where each value of a label has its own budget, one that fails alerts alone."""
        own = own_labels(self._slo.sli)
        free = [label for label in self._slo.by if label not in own]
        if not free:
            return
        scrapes = self._scrapes(end)
        name = f"one value of {free[0]} fails"
        fails, works = (self._scene(name, {free[0]: value}) for value in ("fails", "works"))
        yield fails.case(
            {
                **fails.traffic([Stretch(scrapes=scrapes, bad=self._plenty)]),
                **works.traffic([Stretch(scrapes=scrapes, good=self._plenty)]),
            },
            *self._all_fire(fails, end),
            works.firing(end, BURN_ALERT, ()),
        )

    def _all_fire(self, scene: Scene, at: timedelta) -> list[Expectation]:
        """Every severity fires whose low-traffic guard was reached for certain."""
        return [
            scene.firing(at, BURN_ALERT, [pair.severity], only=pair.severity)
            for pair in self._slo.burn_windows
            if self._reached(pair, at)
        ]

    def _reached(self, pair: BurnWindow, at: timedelta) -> bool:
        """Say whether so many bad events can have come for certain: some kinds bring few."""
        match self._slo.sli:
            case UptimeSli():
                return pair.bad_events < at // self._pace.scrape
            case FreshnessSli():  # one event an evaluation, after a first base
                return pair.bad_events < (at - self._base) // self._pace.evaluation
        return True


def plenty(slo: Slo) -> int:
    """Return so many events a scrape that at any threshold no guard is in doubt at once."""
    needed = [
        ceil(_ABOVE_GUARDS * pair.bad_events / pair.error_ratio(slo.objective))
        for pair in slo.burn_windows
    ]
    return max([1000, *needed])


def just_above(pair: BurnWindow, slo: Slo) -> Fraction:
    """Return an error ratio a little above a pair's threshold, and below 1."""
    threshold = pair.error_ratio(slo.objective)
    return min(threshold * (1 + NEAR), (threshold + 1) / 2)


def counts(ratio: Fraction, least: int) -> tuple[int, int]:
    """Return whole numbers of bad and good events a scrape with exactly this ratio."""
    times = -(-least // ratio.numerator)
    return ratio.numerator * times, (ratio.denominator - ratio.numerator) * times
