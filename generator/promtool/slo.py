"""Stories that prove an SLO's alerts at the pace of production, in minutes.

A window that is longer than the history sees the same ratio as a short one,
so a constant ratio from the start proves every threshold at once. What needs
a long history is in `generator.promtool.windows`.
"""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

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
from generator.naming import BURN_ALERT
from generator.promtool.guards import Guards
from generator.promtool.halves import halves
from generator.promtool.low_traffic import LowTrafficStories
from generator.promtool.model import Case, Expectation, pace_of
from generator.promtool.no_traffic import NoTrafficStories
from generator.promtool.scene import Scene, Stage, recorded_windows
from generator.promtool.thresholds import (
    NEAR,
    counts,
    harmless_ratio,
    just_above,
    plenty,
    worst_pair,
)
from generator.promtool.traffic import Stretch, own_labels
from generator.slo.burn import BurnWindow, share_of

_SOON = 4  # evaluations
_COUNTERS = (RatioSli, ExpressionSli, LatencySli)


class SloStories:
    """The stories of one SLO, by how long they take: seconds or minutes."""

    def __init__(self, catalog: Catalog, service: Service, slo: Slo) -> None:
        organisation = catalog.organisation
        self._slo, self._base = slo, slo.base
        self._pace = pace_of(organisation)
        self._stage = Stage(organisation=organisation, service=service, slo=slo, pace=self._pace)
        self._guards = Guards(slo, self._pace, organisation.intervals.fast)
        self._low_traffic = LowTrafficStories(self._stage, self._guards)
        self._no_traffic = NoTrafficStories(self._stage)
        self._soon = _SOON * self._pace.evaluation
        self._end = self._pace.up_to(2 * self._base)
        self._plenty = plenty(slo)
        self._is_counted = isinstance(slo.sli, _COUNTERS)

    def at_once(self) -> Iterator[Case]:
        """Yield what a few evaluations prove: mostly the same ratio from the start, everywhere."""
        yield from halves(self._stage)
        if self._is_counted:
            for pair in self._slo.burn_windows:
                yield from self._near(pair)
        if not self._takes_time():
            yield from self._all_or_nothing(self._soon)

    def over_minutes(self, *, whole: bool) -> Iterator[Case]:
        """Yield what takes longer than the shortest window.

        `whole`: also what is the same for every SLO with the same windows.
        """
        if self._is_counted or isinstance(self._slo.sli, UptimeSli):
            yield from self._low_traffic.few_bad_events()
        if self._takes_time():
            yield from self._all_or_nothing(self._pace.up_to(3 * self._base))
        if isinstance(self._slo.sli, UptimeSli):
            yield self._several()
        if not whole:
            return
        yield from self._recovery()
        if not isinstance(self._slo.sli, RawSli):
            yield self._length_of_the_shortest()
        if self._is_counted:
            yield self._low_traffic.one_failure_after_birth()
            yield self._low_traffic.one_failure_in_three()
            yield self._restart()
            yield from self._low_traffic.outage()

    def without_traffic(self) -> Iterator[Case]:
        """Yield what is silent until the low alert of missing traffic fires."""
        if self._is_counted:
            yield self._no_traffic.idle()
        if not isinstance(self._slo.sli, FreshnessSli):
            yield from self._no_traffic.nothing_counted()

    def _takes_time(self) -> bool:
        """Say whether guards count samples or evaluations, of which few come in a minute."""
        return isinstance(self._slo.sli, UptimeSli | FreshnessSli)

    def _all_or_nothing(self, end: timedelta) -> Iterator[Case]:
        yield self._nothing_fails(end)
        yield self._everything_fails(end)
        yield from self._one_value_bad(end)

    def _scrapes(self, length: timedelta) -> int:
        return self._pace.scrapes(length)

    def _near(self, pair: BurnWindow) -> Iterator[Case]:
        """A little below the threshold it is silent, a little above it fires."""
        for word, ratio in (
            ("below", pair.error_ratio(self._slo.objective) * (1 - NEAR)),
            ("above", just_above(pair, self._slo)),
        ):
            scene = self._stage.scene(f"just {word} {pair.severity}")
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

    def _nothing_fails(self, end: timedelta) -> Case:
        """Where bad events have a counter of their own, nothing created it yet.

        At first nothing happens at all: no events are no errors, not NaN. Of
        other SLOs everything fails.
        """
        scene = self._stage.scene("nothing fails")
        idle = self._pace.scrapes(self._pace.evaluation) if self._is_counted else 0
        good = Stretch(scrapes=self._scrapes(end) - idle, good=self._plenty)
        stretches = [Stretch(scrapes=idle), good] if idle else [good]
        return scene.case(
            {
                **scene.traffic(stretches, lazily=True),
                **scene.strangers(good),
                **scene.rates_of_others(),
                **scene.ratios_of_others(
                    f"1x{self._scrapes(end)}", sorted(recorded_windows(self._slo))
                ),
            },
            scene.firing(end, BURN_ALERT, ()),
            scene.every_ratio(end, 0),
        )

    def _everything_fails(self, end: timedelta) -> Case:
        """No good event was ever counted, and where those have a counter, nothing created it."""
        scene = self._stage.scene("everything fails")
        bad = Stretch(scrapes=self._scrapes(end), bad=self._plenty)
        return scene.case(
            {**scene.traffic([bad], lazily=True), **scene.strangers(bad)},
            *self._all_fire(scene, end),
            scene.every_ratio(end, 1),
            scene.objective(end),
        )

    def _one_value_bad(self, end: timedelta) -> Iterator[Case]:
        """Where each value of a label has its own budget, one that fails alerts alone."""
        own = own_labels(self._slo.sli)
        free = [label for label in self._slo.by if label not in own]
        if not free:
            return
        scrapes = self._scrapes(end)
        name = f"one value of {free[0]} fails"
        fails, works = (self._stage.scene(name, {free[0]: value}) for value in ("fails", "works"))
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
            if self._guards.is_reached(pair, at)
        ]

    def _several(self) -> Case:
        """Of each of two gauges half the samples are bad: so is half of all."""
        scene = self._stage.scene("half of the samples of two are bad")
        half = Stretch(scrapes=self._scrapes(self._end), good=1, bad=1)
        low, high = Fraction(49, 100), Fraction(51, 100)
        return scene.case(
            scene.traffic([half], split=True), scene.every_ratio_between(self._end, low, high)
        )

    def _recovery(self) -> Iterator[Case]:
        """Failures end, and with the shortest window the alert of the worst severity."""
        worst = worst_pair(self._slo)
        if worst is None:
            return
        if self._is_counted:  # just enough: milder alerts would only cost time
            steps, bad = self._pace.scrapes(self._soon), self._guards.enough(worst)
            failing, stretch = self._soon, Stretch(scrapes=steps, bad=Fraction(bad, steps))
        else:
            failing = self._pace.up_to(3 * self._base) if self._takes_time() else self._soon
            if not self._guards.is_reached(worst, failing):
                return
            stretch = Stretch(scrapes=self._scrapes(failing), bad=self._plenty)
        clean = failing + self._pace.up_to(self._base) + 2 * self._pace.evaluation
        if worst.keep_firing_for is not None:
            clean += self._pace.up_to(worst.keep_firing_for)
        scene = self._stage.scene("recovers")
        works = Stretch(scrapes=self._scrapes(clean - failing), good=1)
        yield scene.case(
            scene.traffic([stretch, works]),
            scene.firing(failing, BURN_ALERT, [worst.severity], only=worst.severity),
            scene.firing(clean, BURN_ALERT, (), only=worst.severity),
        )

    def _length_of_the_shortest(self) -> Case:
        """Failing for two fifths of the shortest window shows as that share, no other length."""
        clean = self._pace.up_to(2 * self._base)
        failing = self._pace.up_to(2 * self._base / 5)
        scene = self._stage.scene("the shortest window's length")
        ratio = harmless_ratio(self._slo)
        bad, good = counts(ratio, self._plenty)
        stretches = [
            Stretch(scrapes=self._scrapes(clean), good=good + bad),
            Stretch(scrapes=self._scrapes(failing), good=good, bad=bad),
        ]
        share = ratio * share_of(failing, self._base)
        low, high = share * Fraction(3, 4), share * Fraction(4, 3)
        return scene.case(
            scene.traffic(stretches),
            scene.ratio_between(clean + failing, self._base, low, high),
        )

    def _restart(self) -> Case:
        """Counters that begin again at 0 lose no ratio and invent no failures."""
        ratio = harmless_ratio(self._slo)
        bad, good = counts(ratio, self._plenty)
        half = self._scrapes(self._base)
        stretches = [
            Stretch(scrapes=half, good=good, bad=bad),
            Stretch(scrapes=half, good=good, bad=bad, restarted=True),
        ]
        scene = self._stage.scene("counters restart")
        near = ratio * NEAR
        return scene.case(
            scene.traffic(stretches),
            scene.firing(self._end, BURN_ALERT, ()),
            scene.ratio_between(self._end, self._base, ratio - near, ratio + near),
        )
