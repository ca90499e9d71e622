"""The story of uneven traffic: busy days and quiet nights over an SLO's whole window."""

from fractions import Fraction

from generator.catalog.model import Catalog, FreshnessSli, RawSli, Service, Slo, UptimeSli
from generator.promtool.model import Case, Pace
from generator.promtool.scene import Scene
from generator.promtool.windows import Tick, burst_pace, bursts

_HALF_DAYS = 60  # evaluations, by turns in a day and in a night: as 30 days have
_DAY = Tick(good=Fraction(999), bad=Fraction(1))
_NIGHT = Tick(good=Fraction(7, 10), bad=Fraction(3, 10))
_NEAR = Fraction(5, 1000)


def tells_days(slo: Slo) -> bool:
    """Say whether the story can be told: of events that come unevenly, in a window worth it."""
    if isinstance(slo.sli, RawSli | UptimeSli | FreshnessSli):
        return False
    return slo.window >= 2 * _HALF_DAYS * slo.base


def pace_of_days(slo: Slo) -> Pace:
    """Return a pace with one evaluation each day and one each night."""
    return burst_pace(slo, slo.window // _HALF_DAYS)


def uneven_days(catalog: Catalog, service: Service, slo: Slo) -> Case:
    """Return the story: 1000 events by day for 1 by night, of which many more fail.

    The ratio over the whole window must be that of the events, within 0.5 %; a
    mean of ratios would be a hundred times that.
    """
    pace = pace_of_days(slo)
    scene = Scene(
        organisation=catalog.organisation,
        service=service,
        slo=slo,
        name="busy days, quiet nights",
        pace=pace,
    )
    ticks = [_NIGHT if number % 2 else _DAY for number in range(slo.window // pace.evaluation)]
    bad = sum((Fraction(tick.bad) for tick in ticks), Fraction())
    ratio = bad / sum((Fraction(tick.good + tick.bad) for tick in ticks), Fraction())
    at = len(ticks) * pace.evaluation
    low, high = ratio * (1 - _NEAR), ratio * (1 + _NEAR)
    series = scene.traffic(bursts(ticks, pace))
    return scene.case(series, scene.ratio_between(at, slo.window, low, high))
