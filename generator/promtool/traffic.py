"""Good and bad events over time, as the series that an SLI reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cache, lru_cache

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    RatioSli,
    RawSli,
    Sli,
    UptimeSli,
)
from generator.promql.check import Selector, parse_selector
from generator.promql.example import Labels, counterexample_labels, example_labels
from generator.promql.text import series
from generator.slo.percent import format_number
from guardia.matcher import matches_all

Number = int | Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some scrapes in a row, each with this many good and bad events.

    `seen` False: nothing is scraped. `restarted`: every counter begins again at 0.
    """

    scrapes: int
    good: Number = 0
    bad: Number = 0
    seen: bool = True
    restarted: bool = False


# Of a counter that is one series, and not two.
_WHOLE: list[tuple[Labels, Number]] = [({}, 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    metric: str
    labels: Labels
    good: Number  # how much one good event adds
    bad: Number
    always_there: bool = False  # PromQL of the author's may need it to have any value

    def grown_in(self, stretch: Stretch) -> Number:
        """Return how much the series grows in one scrape."""
        return self.good * stretch.good + self.bad * stretch.bad

    def parts(self, labels: Mapping[str, str]) -> list[tuple[Labels, Number]]:
        """Return labels and share of two series; what one event of a kind adds decides how."""
        one, other = _two_of({**self.labels, **labels})
        share = Fraction(1, 4) if self.good else Fraction(1, 2)
        return [(one, share), (other, 1 - share)]


def _two_of(labels: Mapping[str, str]) -> tuple[Labels, Labels]:
    """Return what tells two series with these labels apart."""
    label = "replica" if "instance" in labels else "instance"
    return {label: "a"}, {label: "b"}


def traffic_series(
    sli: Sli,
    stretches: Sequence[Stretch],
    labels: Mapping[str, str],
    *,
    scrape: timedelta,
    lazily: bool = False,
    counts: bool = False,
    split: bool = False,
    born_late: bool = False,
) -> dict[str, str]:
    """Return the series of an SLI by name, each in promtool's notation: one value a scrape.

    `labels` are added to every series. `lazily`: a counter that never counts
    is never created. `counts`: the number of bad events matters and not their
    share, which only makes a difference where each sample is one event.
    `split`: each counter as two series, which grow unevenly, and each gauge as
    two alike. `born_late`: no series has a sample at the very start.
    """
    match sli:
        case UptimeSli(gauge=gauge):
            values = _constants(stretches, [_uptime(one, counts=counts) for one in stretches])
            apart = _two_of({**own_labels(sli), **labels}) if split else ({},)
            return {_name(gauge, {**labels, **one}): values for one in apart}
        case FreshnessSli(timestamp=timestamp, within=within):
            return {_name(timestamp, labels): _timestamps(stretches, scrape, within)}
        case RawSli(works=works, fails=fails):
            return _states(stretches, works, fails, labels)
    first = "_" if born_late else "0"
    found: dict[str, str] = {}
    for one in _counters(sli):
        if lazily and not one.always_there and not any(map(one.grown_in, stretches)):
            continue
        for part, share in one.parts(labels) if split else _WHOLE:
            name = series(one.metric, {**one.labels, **labels, **part})
            adds = (share * one.good, share * one.bad)
            found[name] = _counter_of(tuple(stretches), adds, first)
    return found


@lru_cache(maxsize=4096)  # SLOs with one objective tell the same of other series
def _counter_of(stretches: Sequence[Stretch], adds: tuple[Number, Number], first: str) -> str:
    """Return a counter to which a good and a bad event add so much."""
    steps = [adds[0] * each.good + adds[1] * each.bad for each in stretches]
    return _counter(stretches, steps, first)


def strange_series(sli: Sli, stretch: Stretch, labels: Mapping[str, str]) -> dict[str, str]:
    """Return series that lack one thing that a selector of the SLI wants, and grow like mad.

    So a rule that no longer asks for it shows another ratio. A gauge that lacks it is 1.
    """
    if not isinstance(sli, RatioSli | LatencySli | UptimeSli):
        return {}
    events = stretch.good + stretch.bad
    found = {}
    for selector in _selectors(sli):
        for matcher in selector.matchers:
            if matcher.name in labels:
                continue
            others = [one for one in selector.matchers if one is not matcher]
            strange = counterexample_labels(others, [matcher])
            if strange is None or _counts(sli, selector.metric, strange):
                continue
            name = series(selector.metric, {**strange, **labels})
            is_gauge = isinstance(sli, UptimeSli)
            found[name] = (
                _constants([stretch], [1]) if is_gauge else _counter([stretch], [7 * events])
            )
    return found


def is_own(sli: Sli, text: str) -> bool:
    """Say whether the SLI counts the series `text`: by its selectors, or by its author's examples.

    What PromQL of the author's counts beside the examples is not known.
    """
    return _counts(sli, *_metric_and_labels(text))


def _counts(sli: Sli, metric: str, labels: Mapping[str, str]) -> bool:
    return any(
        own.metric == metric and matches_all(own.matchers, labels) for own in _selectors(sli)
    )


@cache
def _metric_and_labels(text: str) -> tuple[str, Mapping[str, str]]:
    """Return what a series is, once for all SLOs that ask."""
    one = parse_selector(text)
    return one.metric, {matcher.name: matcher.value for matcher in one.matchers}


def _selectors(sli: Sli) -> list[Selector]:
    match sli:
        case RatioSli(total=total, bad=bad, good=good):
            return [one for one in (total, bad, good) if one is not None]
        case LatencySli(total=total, good=good_ones):
            return [total, good_ones]
        case UptimeSli(gauge=selector) | FreshnessSli(timestamp=selector):
            return [selector]
        case ExpressionSli(good_event=works, bad_event=fails):
            return [parse_selector(text) for text in (*works, *fails)]
        case RawSli(works=at_work, fails=failing):
            return [parse_selector(text) for text in (*at_work, *failing)]


def own_labels(sli: Sli) -> Labels:
    """Return the labels that the SLI's series carry by themselves."""
    match sli:
        case UptimeSli(gauge=selector) | FreshnessSli(timestamp=selector):
            return example_labels(selector.matchers) or {}
        case RawSli(works=works):
            matchers = parse_selector(next(iter(works))).matchers
            return {matcher.name: matcher.value for matcher in matchers}
    return {name: value for one in _counters(sli) for name, value in one.labels.items()}


def _counters(sli: RatioSli | LatencySli | ExpressionSli) -> list[_Series]:
    """Return the counters of an SLI and what one event of each kind adds to them."""
    match sli:
        case ExpressionSli(good_event=good, bad_event=bad):
            found = []
            for text in dict.fromkeys([*good, *bad]):
                parsed = parse_selector(text)
                labels = {one.name: one.value for one in parsed.matchers}
                adds = (Fraction(str(good.get(text, 0))), Fraction(str(bad.get(text, 0))))
                found.append(
                    _Series(
                        metric=parsed.metric,
                        labels=labels,
                        good=adds[0],
                        bad=adds[1],
                        always_there=True,
                    )
                )
            return found
        case RatioSli(total=total, bad=Selector() as bad_ones):
            return _apart(bad_ones, total, counted_is_bad=True)
        case RatioSli(total=total, good=Selector() as good_ones):
            return _apart(good_ones, total, counted_is_bad=False)
        case LatencySli(total=total, good=good_ones):
            return _apart(good_ones, total, counted_is_bad=False)
    raise TypeError("a ratio counts bad events or good ones")


def _apart(counted: Selector, total: Selector, *, counted_is_bad: bool) -> list[_Series]:
    def one(metric: str, labels: Labels | None, *, of_counted: int, of_others: int) -> _Series:
        good, bad = (of_others, of_counted) if counted_is_bad else (of_counted, of_others)
        return _Series(metric=metric, labels=labels or {}, good=good, bad=bad)

    if counted.metric == total.metric:
        both = (*total.matchers, *counted.matchers)
        others = counterexample_labels(total.matchers, counted.matchers)
        return [
            one(total.metric, others, of_counted=0, of_others=1),
            one(counted.metric, example_labels(both), of_counted=1, of_others=0),
        ]
    return [
        one(total.metric, example_labels(total.matchers), of_counted=1, of_others=1),
        one(counted.metric, example_labels(counted.matchers), of_counted=1, of_others=0),
    ]


def _name(selector: Selector, labels: Mapping[str, str]) -> str:
    return series(selector.metric, {**(example_labels(selector.matchers) or {}), **labels})


def _counter(stretches: Sequence[Stretch], steps: Iterable[Number], first: str = "0") -> str:
    """Return a counter that grows in each scrape of a stretch by that stretch's step."""
    value: Number = 0
    parts = [first]
    for stretch, step in zip(stretches, steps, strict=True):
        if not stretch.seen:
            parts.append(f"_x{stretch.scrapes}")
            continue
        start = step + (0 if stretch.restarted else value)
        parts.append(_run(start, step, stretch.scrapes))
        value = start + step * (stretch.scrapes - 1)
    return " ".join(parts)


def _constants(stretches: Sequence[Stretch], values: Iterable[Number | None]) -> str:
    """Return one value for each stretch; None is no sample."""
    parts = []
    for index, (stretch, value) in enumerate(zip(stretches, values, strict=True)):
        scrapes = stretch.scrapes + (index == 0)  # the sample at the very start
        missing = value is None or not stretch.seen
        parts.append(f"_x{scrapes}" if missing else _run(value or 0, 0, scrapes))
    return " ".join(parts)


def _uptime(stretch: Stretch, *, counts: bool) -> Number | None:
    """Return a gauge's value that makes its sample so bad an event.

    A real gauge is 0 or 1; one between, or below 0, gives in one sample the
    ratio or the number that many samples would.
    """
    events = stretch.good + stretch.bad
    if not events:
        return None
    return 1 - (Fraction(stretch.bad) if counts else Fraction(stretch.bad) / Fraction(events))


def _timestamps(stretches: Sequence[Stretch], scrape: timedelta, within: timedelta) -> str:
    """Return the time of the last success: now while there are no bad events, else long ago."""
    step = Fraction(scrape // timedelta(milliseconds=1), 1000)
    long_ago = -2 * Fraction(within // timedelta(milliseconds=1), 1000)
    at, parts = Fraction(0), []
    for index, stretch in enumerate(stretches):
        scrapes = stretch.scrapes + (index == 0)
        if not stretch.seen:
            parts.append(f"_x{scrapes}")
        elif stretch.bad:
            parts.append(_run(long_ago, 0, scrapes))
        else:
            parts.append(_run(at, step, scrapes))
        at += step * scrapes
    return " ".join(parts)


def _states(
    stretches: Sequence[Stretch],
    works: Mapping[str, str],
    fails: Mapping[str, str],
    labels: Mapping[str, str],
) -> dict[str, str]:
    """Return the author's series: as in `fails` where all events are bad, else as in `works`."""

    def state(stretch: Stretch) -> Mapping[str, str]:
        if not stretch.good and not stretch.bad:
            return {}
        return works if stretch.good else fails

    found = {}
    for text in dict.fromkeys([*works, *fails]):
        in_each = [state(stretch).get(text) for stretch in stretches]
        if any(one.get(text, "").startswith("0+") for one in (works, fails)):
            steps = [Fraction((value or "0").removeprefix("0+")) for value in in_each]
            values = _counter(stretches, steps)
        else:
            constants = [None if value is None else Fraction(value) for value in in_each]
            values = _constants(stretches, constants)
        parsed = parse_selector(text)
        own = {one.name: one.value for one in parsed.matchers}
        found[series(parsed.metric, {**own, **labels})] = values
    return found


def _run(start: Number, step: Number, scrapes: int) -> str:
    """Return `scrapes` values from `start` on. Source: Prometheus documentation, "Unit testing"."""
    first = _plain(start)
    if scrapes == 1:
        return first
    if not step:
        return f"{first}x{scrapes - 1}"
    return f"{first}{'' if step < 0 else '+'}{_plain(step)}x{scrapes - 1}"


def _plain(number: Number) -> str:
    sign = "-" if number < 0 else ""
    return f"{sign}{format_number(abs(Fraction(number)))}"
