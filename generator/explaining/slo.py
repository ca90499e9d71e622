"""What one SLO promises, when it alerts and how fast: the numbers of `guardia explain slo`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    Organisation,
    RatioSli,
    RawSli,
    Service,
    Slo,
    UptimeSli,
)
from generator.naming import BURN_ALERT
from generator.rules.model import AlertingRule
from generator.rules.slo import slo_groups
from generator.slo.burn import BurnWindow, error_budget
from generator.slo.detection import (
    CountedEvents,
    Counter,
    Delay,
    Events,
    Pair,
    Recording,
    SampledEvents,
    detection,
    reset,
)

SHARES = (Fraction(1), Fraction(1, 2), Fraction(1, 10))  # of events that fail, for which to tell
ASSUMED_EVENTS_PER_SECOND = Fraction(10)

_GOOD, _BAD, _EITHER = (Counter(good=g, bad=b) for g, b in ((1, 0), (0, 1), (1, 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnExplained:
    """One severity of an SLO. `detected` has a delay for each of SHARES, None for never."""

    pair: BurnWindow
    error_ratio: Fraction
    budget_spent: Fraction
    budget_lasts: timedelta  # when it burns just above the threshold
    evaluated: timedelta
    detected: tuple[Delay | None, ...]
    ends_after: timedelta | None  # a long fault in which everything fails


@dataclass(frozen=True, slots=True, kw_only=True)
class SloExplained:
    """An SLO in numbers. Budgets are of the SLO's window.

    `events_per_second` counts what the SLI takes for an event; None where
    events are not counted, and then neither are those of the budget.
    """

    service: Service
    slo: Slo
    budget: timedelta  # in which everything fails
    budget_lasts: tuple[timedelta, ...]  # for each of SHARES
    events_per_second: Fraction | None
    assumed: bool
    burns: tuple[BurnExplained, ...]

    @property
    def events(self) -> Fraction | None:
        """Return how many events the window holds."""
        if self.events_per_second is None:
            return None
        return self.events_per_second * (self.slo.window // _SECOND)

    @property
    def bad_events(self) -> Fraction | None:
        """Return how many of them may be bad."""
        return None if self.events is None else self.events * error_budget(self.slo.objective)


_SECOND = timedelta(seconds=1)


def explain_slo(
    organisation: Organisation, service: Service, slo: Slo, events_per_second: Fraction | None
) -> SloExplained:
    """Return an SLO in numbers, for so many events a second, or for as many as are assumed.

    Where samples are the events their number follows from the catalog for one
    series, and is not asked for.
    """
    rate = _events_per_second(organisation, slo, events_per_second)
    recording = recording_of(organisation, slo, rate)
    budget = error_budget(slo.objective)
    return SloExplained(
        service=service,
        slo=slo,
        budget=_times(slo.window, budget),
        budget_lasts=tuple(_times(slo.window, budget / share) for share in SHARES),
        events_per_second=None if isinstance(slo.sli, RawSli) else rate,
        assumed=events_per_second is None and not isinstance(slo.sli, UptimeSli | FreshnessSli),
        burns=tuple(
            _burn(recording, slo, window, pair)
            for window, pair in zip(
                slo.burn_windows, pairs_of(organisation, service, slo), strict=True
            )
        ),
    )


def _burn(recording: Recording, slo: Slo, window: BurnWindow, pair: Pair) -> BurnExplained:
    everything = isinstance(slo.sli, FreshnessSli)  # its samples fail all or not at all
    return BurnExplained(
        pair=window,
        error_ratio=window.error_ratio(slo.objective),
        budget_spent=window.budget_spent(slo.window),
        budget_lasts=_times(slo.window, 1 / window.burn_rate),
        evaluated=pair.evaluated,
        detected=tuple(
            None if everything and share < 1 else detection(recording, pair, float(share))
            for share in SHARES
        ),
        ends_after=reset(recording, pair, 1.0),
    )


def _times(length: timedelta, factor: Fraction) -> timedelta:
    milliseconds = Fraction(length // timedelta(milliseconds=1)) * factor
    return timedelta(milliseconds=round(milliseconds))


def _events_per_second(organisation: Organisation, slo: Slo, given: Fraction | None) -> Fraction:
    if given is not None:
        return given
    match slo.sli:
        case UptimeSli() | RawSli():
            every = organisation.scrape_interval
        case FreshnessSli():
            every = organisation.intervals.fast
        case _:
            return ASSUMED_EVENTS_PER_SECOND
    return Fraction(1000, every // timedelta(milliseconds=1))


def recording_of(organisation: Organisation, slo: Slo, events_per_second: Fraction) -> Recording:
    """Return how the rules record an SLO, for the mathematics of detection."""
    by_rules = isinstance(slo.sli, FreshnessSli)
    fast = organisation.intervals.fast
    return Recording(
        events=_events(slo),
        events_per_second=float(events_per_second),
        scrape=fast if by_rules else organisation.scrape_interval,
        recorded=fast,
        rate_windows=slo.rate_windows,
        derived=not isinstance(slo.sli, RawSli),
        by_rules=by_rules,
    )


def _events(slo: Slo) -> Events:
    match slo.sli:
        case RatioSli(total=total, bad=bad, good=good):
            counted = bad or good
            apart = counted is None or counted.metric != total.metric
            all_events = (_EITHER,) if apart else (_GOOD, _BAD)
            return _counted(all_events, counts_bad=bad is not None)
        case ExpressionSli(bad=text):
            return _counted((_EITHER,), counts_bad=text is not None)
        case LatencySli():
            return _counted((_EITHER,), counts_bad=False)
        case UptimeSli() | FreshnessSli() | RawSli():
            return SampledEvents()
    raise TypeError("an SLI of no known kind")


def _counted(total: tuple[Counter, ...], *, counts_bad: bool) -> CountedEvents:
    if counts_bad:
        return CountedEvents(total=total, bad=(_BAD,))
    return CountedEvents(total=total, good=(_GOOD,))


def pairs_of(organisation: Organisation, service: Service, slo: Slo) -> tuple[Pair, ...]:
    """Return the burn windows of an SLO for the mathematics of detection, in their order."""
    groups = slo_groups(organisation, service, slo)
    evaluated = {
        rule.labels["severity"]: group.interval
        for group in groups
        for rule in group.rules
        if isinstance(rule, AlertingRule) and rule.alert == BURN_ALERT
    }
    return tuple(
        Pair(
            threshold=float(window.error_ratio(slo.objective)),
            long=window.long,
            short=window.short,
            more_than=_guard(slo, window),
            evaluated=evaluated[window.severity.value],
            keep_firing_for=window.keep_firing_for or timedelta(),
        )
        for window in slo.burn_windows
    )


def _guard(slo: Slo, window: BurnWindow) -> float | None:
    if isinstance(slo.sli, RawSli) or not window.bad_events:
        return None
    return window.bad_events - 0.5  # as the rules write it


def find_slo(services: Sequence[Service], name: str) -> tuple[Service, Slo] | None:
    """Return the service and the SLO that `SERVICE/NAME` names, or None."""
    return next(
        (
            (service, slo)
            for service in services
            for slo in service.slos
            if f"{service.name}/{slo.name}" == name
        ),
        None,
    )
