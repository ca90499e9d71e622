"""Stories that prove how long an SLO's windows are, and each half of its alerts.

They need hours to months of history. Few evaluations are enough: a test whose
evaluations are a third of a window apart sees the window's length in a handful
of them. So there is a test for each pace, and before each evaluation a burst
of scrapes just long enough for the shortest rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from generator.catalog.model import Catalog, FreshnessSli, RawSli, Service, Slo, UptimeSli
from generator.naming import BURN_ALERT, NO_TRAFFIC_ALERT
from generator.promtool.model import Case, Expectation, Pace
from generator.promtool.scene import Scene, Stage, story_label
from generator.promtool.thresholds import just_above, plenty
from generator.promtool.traffic import Number, Stretch, own_labels
from generator.slo.burn import BurnWindow, share_of
from guardia.duration import format_duration
from guardia.severity import Severity

_BURST = 6  # scrapes: five intervals that cover the shortest window
_PER_WINDOW = 3  # evaluations in the shortest window of a pace
_MOST_PER_WINDOW = 12  # and in its longest
_JUST_BELOW = Fraction(95, 100)  # of a threshold, in one of the two windows
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What every scrape of the burst before one evaluation brings."""

    good: Number = 0
    bad: Number = 0
    seen: bool = True


def paces(slo: Slo) -> dict[Pace, list[timedelta]]:
    """Return the paces at which an SLO's windows are proven, each with its windows.

    Windows below six of the shortest are left out: the bursts of neighbouring
    evaluations would overlap. A raw ratio has no windows of ours.
    """
    if isinstance(slo.sli, RawSli):
        return {}
    pairs = {window for pair in slo.burn_windows for window in (pair.short, pair.long)}
    windows = sorted({*pairs, *slo.rate_windows, *slo.windows})
    found: dict[Pace, list[timedelta]] = {}
    pace = None
    for window in windows:
        if window < 2 * _PER_WINDOW * slo.base:
            continue
        if pace is None or window > _MOST_PER_WINDOW * pace.evaluation:
            pace = burst_pace(slo, window // _PER_WINDOW)
        found.setdefault(pace, []).append(window)
    return found


def bursts(ticks: Sequence[Tick], pace: Pace) -> list[Stretch]:
    """Return the stretches of a test that is only scraped just before each evaluation."""
    gap = pace.evaluation // pace.scrape - _BURST
    found = []
    for tick in ticks:
        found.append(Stretch(scrapes=gap, seen=False))
        found.append(Stretch(scrapes=_BURST, good=tick.good, bad=tick.bad, seen=tick.seen))
    return [stretch for stretch in found if stretch.scrapes]


def burst_pace(slo: Slo, evaluation: timedelta) -> Pace:
    """Return a pace at which a burst just covers the shortest window."""
    scrape = slo.base // 5 // _TICK * _TICK
    return Pace(scrape=scrape, evaluation=evaluation // scrape * scrape)


class WindowStories:
    """The stories of one SLO at one pace."""

    def __init__(self, catalog: Catalog, service: Service, slo: Slo, pace: Pace) -> None:
        self._fast = catalog.organisation.intervals.fast
        self._stage = Stage(organisation=catalog.organisation, service=service, slo=slo, pace=pace)
        self._slo, self._pace = slo, pace
        all_paces = paces(slo)
        self._windows = all_paces.get(pace, [])
        self._is_shortest = next(iter(all_paces), None) == pace
        self._plenty = self._enough_for_every_guard()

    def stories(self) -> Iterator[Case]:
        """Yield every story of the windows that belong to this pace."""
        if not self._windows:
            return
        yield self._lengths()
        for window in self._windows:
            yield from self._edges(window)
        for pair in self._slo.burn_windows:
            if pair.long in self._windows:
                yield from self._short_is_clean(pair)
                yield from self._long_is_clean(pair)
                yield from self._guard(pair)
        if self._is_shortest:
            for pair in self._slo.burn_windows:
                yield from self._ends(pair)
            yield from self._lost()
        if self._slo.window in self._windows:
            yield from self._lost_for_long()

    def _enough_for_every_guard(self) -> int:
        """Return so many events a scrape that at any threshold one burst passes any guard."""
        bursts = share_of(self._pace.scrape, self._fast)
        needed = [
            ceil(4 * pair.bad_events * bursts / pair.error_ratio(self._slo.objective))
            for pair in self._slo.burn_windows
        ]
        return max([plenty(self._slo), *needed])

    def _stretches(self, ticks: Sequence[Tick]) -> list[Stretch]:
        return bursts(ticks, self._pace)

    def _at(self, ticks: Sequence[Tick]) -> timedelta:
        return len(ticks) * self._pace.evaluation

    def _told(
        self, scene: Scene, ticks: Sequence[Tick], *expected: Expectation, counted: bool = False
    ) -> Case:
        return scene.case(scene.traffic(self._stretches(ticks), counts=counted), *expected)

    def _in(self, window: timedelta) -> tuple[int, int]:
        """Return how many evaluations a window holds: before Prometheus 3 one at its very start."""
        length = share_of(window, self._pace.evaluation)
        return ceil(length), floor(length) + 1

    def _good(self) -> Tick:
        return Tick(good=self._plenty)

    def _at_ratio(self, ratio: Fraction) -> Tick:
        """Return as many events as ever, of which this share is bad."""
        return Tick(good=self._plenty * (1 - ratio), bad=self._plenty * ratio)

    def _lengths(self) -> Case:
        """All events fail at the last evaluation only: its share shows how long a window is."""
        history = 2 * self._in(self._windows[-1])[1]
        ticks = [*[self._good()] * history, Tick(bad=self._plenty)]
        scene = self._stage.scene("the windows' lengths")
        expected = []
        for window in self._windows:
            fewest, most = self._in(window)
            low, high = Fraction(4, 5 * most), Fraction(5, 4 * fewest)
            expected.append(scene.ratio_between(self._at(ticks), window, low, high))
        return self._told(scene, ticks, *expected)

    def _edges(self, window: timedelta) -> Iterator[Case]:
        """What failed within the window counts to its very end, and not a moment longer."""
        fewest, most = self._in(window)
        name = format_duration(window)
        low, high = Fraction(4, 5 * most), Fraction(5, 4 * fewest)
        for edge, ago, expected in (("within", fewest - 1, (low, high)), ("before", most, None)):
            scene = self._stage.scene(f"{edge} {name}")
            ticks = [self._good(), Tick(bad=self._plenty), *[self._good()] * ago]
            at = self._at(ticks)
            found = (
                scene.ratio_between(at, window, *expected)
                if expected
                else scene.ratio_is(at, window, 0)
            )
            yield self._told(scene, ticks, found)

    def _short_is_clean(self, pair: BurnWindow) -> Iterator[Case]:
        """Much failed in the long window, but no longer: nobody is woken for what is over."""
        threshold = pair.error_ratio(self._slo.objective)
        levels = not isinstance(self._slo.sli, FreshnessSli)
        now = threshold * _JUST_BELOW if levels else Fraction(0)
        before = min(Fraction(1), 8 * threshold) if levels else Fraction(1)
        fewest, most = self._in(pair.long)
        quiet = self._in(pair.short)[1]
        if pair.keep_firing_for is not None:
            quiet += ceil(share_of(pair.keep_firing_for, self._pace.evaluation))
        if quiet >= fewest or before * (fewest - quiet) + now * quiet <= threshold * fewest:
            return
        ticks = [*[self._at_ratio(before)] * most, *[self._at_ratio(now)] * quiet]
        scene = self._stage.scene(f"{pair.severity} is over")
        silent = scene.firing(self._at(ticks), BURN_ALERT, (), only=pair.severity)
        yield self._told(scene, ticks, silent)

    def _long_is_clean(self, pair: BurnWindow) -> Iterator[Case]:
        """Much fails right now, but too little in the long window: it is too early to tell.

        Nothing is known before the window begins, so that what stands on its
        very edge, where versions of Prometheus differ, dilutes nothing.
        """
        threshold = pair.error_ratio(self._slo.objective)
        fewest, most = self._in(pair.long)
        loud = self._in(pair.short)[1]
        clean, seen = fewest - loud, Fraction(fewest)
        if pair.long in self._slo.rate_windows:
            # Counters also grow between two bursts: that before the first one is not seen.
            seen -= Fraction(1, _BURST)
        ratio = threshold * _JUST_BELOW * seen / loud
        if isinstance(self._slo.sli, FreshnessSli):  # what is not known is not fresh
            clean, ratio = most, Fraction(1)
        if not threshold < ratio <= 1 or ratio * loud >= threshold * fewest:
            return
        ticks = [*[self._good()] * clean, *[self._at_ratio(ratio)] * loud]
        scene = self._stage.scene(f"{pair.severity} has just begun")
        silent = scene.firing(self._at(ticks), BURN_ALERT, (), only=pair.severity)
        yield self._told(scene, ticks, silent)

    def _guard(self, pair: BurnWindow) -> Iterator[Case]:
        """Failures count towards the low-traffic guard for as long as the long window."""
        if not pair.bad_events or isinstance(self._slo.sli, FreshnessSli):
            return
        fewest, most = self._in(pair.long)
        if pair.long in self._slo.rate_windows:  # counted from the raw series: all of a burst
            one = Fraction(1, _BURST - 1)
        else:
            one = 1 / share_of(self._fast, self._pace.scrape)
        many, one_more = pair.bad_events * one * Fraction(3, 2), one / 10
        if isinstance(self._slo.sli, UptimeSli):
            # Each sample is an event, so the last ones must also be bad enough as a share.
            many = max(many, Fraction(1))
            one_more = max(one_more, pair.error_ratio(self._slo.objective) * Fraction(11, 10))
            if one_more * 3 > pair.bad_events * one:
                return
        keep = pair.keep_firing_for or timedelta()
        if keep >= most * self._pace.evaluation:  # the alert of the burst itself would still be on
            return
        nothing = Tick(seen=not isinstance(self._slo.sli, UptimeSli))
        for name, ago, fires in (
            (f"{pair.severity} still counts", fewest - 1, True),
            (f"{pair.severity} counts no longer", most, False),
        ):
            ticks = [nothing, Tick(bad=many), *[nothing] * (ago - 1), Tick(bad=one_more)]
            scene = self._stage.scene(name)
            severities = [pair.severity] if fires else []
            found = scene.firing(self._at(ticks), BURN_ALERT, severities, only=pair.severity)
            yield self._told(scene, ticks, found, counted=True)

    def _ends(self, pair: BurnWindow) -> Iterator[Case]:
        """An alert ends with its cause, or as much later as `keep_firing_for` says."""
        if isinstance(self._slo.sli, FreshnessSli | UptimeSli):
            return
        keep = pair.keep_firing_for
        longer = 0 if keep is None else ceil(share_of(keep, self._pace.evaluation))
        failing = [self._at_ratio(just_above(pair, self._slo))] * _MOST_PER_WINDOW
        ticks = [*failing, *[self._good()] * (longer + 1)]
        # One clean evaluation must bring every ratio below the threshold.
        if just_above(pair, self._slo) * _MOST_PER_WINDOW >= pair.error_ratio(
            self._slo.objective
        ) * (_MOST_PER_WINDOW + 1):
            return
        scene = self._stage.scene(f"{pair.severity} ends")
        fires = scene.firing(self._at(failing), BURN_ALERT, [pair.severity], only=pair.severity)
        kept = [
            scene.firing(self._at(ticks[:-1]), BURN_ALERT, [pair.severity], only=pair.severity)
        ] * bool(longer)
        ended = scene.firing(self._at(ticks), BURN_ALERT, (), only=pair.severity)
        yield self._told(scene, ticks, fires, *kept, ended)

    def _lost(self) -> Iterator[Case]:
        """What is gone is told after its time; what stays, and what others lost, is not."""
        waits = ceil(share_of(self._slo.no_traffic_for, self._pace.evaluation))
        ticks = [*[self._good()] * 2, *[Tick(seen=False)] * (waits + 1)]
        end, scrapes = self._at(ticks), self._at(ticks) // self._pace.scrape
        traffic, steady = self._stretches(ticks), self._stretches([self._good()] * len(ticks))
        for lost, stays, strange in self._losing("is lost"):
            series = {**lost.traffic(traffic), **lost.targets(f"1x{scrapes}")}
            for scene in stays:
                series |= scene.traffic(steady)
            for scene in strange:
                series |= scene.ratios_of_others(f"0x{scrapes}", [self._slo.window])
            yield lost.case(
                series,
                lost.firing(end - self._pace.evaluation, NO_TRAFFIC_ALERT, ()),
                lost.firing(end, NO_TRAFFIC_ALERT, [Severity.LOW]),
                *(scene.firing(end, NO_TRAFFIC_ALERT, ()) for scene in (*stays, *strange)),
            )
        if self._stage.service.targets is None:
            return
        for down, _, _ in self._losing("is lost while targets are down"):
            yield down.case(
                {
                    **down.traffic(traffic),
                    **down.targets(f"0x{scrapes}"),
                    **down.targets_of_others(f"1x{scrapes}"),
                },
                down.firing(end, NO_TRAFFIC_ALERT, ()),
            )

    def _lost_for_long(self) -> Iterator[Case]:
        """What is gone is told until its events are older than the window, and no longer."""
        fewest, most = self._in(self._slo.window)
        if share_of(self._slo.no_traffic_for, self._pace.evaluation) > fewest - 2:
            return
        ticks = [self._good(), *[Tick(seen=False)] * most]
        for lost, _, _ in self._losing("is lost for long"):
            yield lost.case(
                {
                    **lost.traffic(self._stretches(ticks)),
                    **lost.targets(f"1x{self._at(ticks) // self._pace.scrape}"),
                },
                lost.firing(self._at(ticks[:fewest]), NO_TRAFFIC_ALERT, [Severity.LOW]),
                lost.firing(self._at(ticks), NO_TRAFFIC_ALERT, ()),
            )

    def _losing(self, what: str) -> Iterator[tuple[Scene, list[Scene], list[Scene]]]:
        """Yield where something is lost, where the like stays, and where only others lost it.

        With `by` it is one value; without `by` and targets, everything. With
        targets alone, the story of nothing being counted tells it.
        """
        if isinstance(self._slo.sli, FreshnessSli):  # has no such alert
            return
        free = [label for label in self._slo.by if label not in own_labels(self._slo.sli)]
        scene, has_places = self._stage.scene, story_label(self._stage.organisation) is not None
        if free:
            name = f"one value of {free[0]} {what}"
            lost, stays, strange = (
                scene(name, {free[0]: value}) for value in ("lost", "stays", "strange")
            )
            elsewhere = [scene(f"{name}, not here", {free[0]: "lost"})] if has_places else []
            yield lost, [stays, *elsewhere], [strange]
        elif self._stage.service.targets is None and not self._slo.by:
            name = f"all that was counted {what}"
            yield scene(name), [], [scene(f"{name}, not here")] if has_places else []
