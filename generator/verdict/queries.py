"""What is asked of Prometheus: the events of one side of a canary in each slice of time."""

from dataclasses import dataclass
from datetime import timedelta

from generator.catalog.model import (
    ExpressionSli,
    FreshnessSli,
    LatencySli,
    RatioSli,
    RawSli,
    Sli,
    UptimeSli,
)
from generator.promql.check import Selector, check_expression
from generator.promql.selecting import select_everywhere
from generator.promql.text import over, set_window
from generator.slo.burn import share_of
from generator.slo.percent import format_number
from guardia.duration import format_duration

# A counter that was last seen so long ago is not new when it comes back.
_REMEMBERED = timedelta(hours=1)
_SECOND = timedelta(seconds=1)

# What tells one process from another: labels that come with the scrape, not from the counter.
_PROCESS = "(job, instance, pod)"
_HAS_PROCESS = 'instance!=""'  # or all series without the label would be taken for one process


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """PromQL for the events of a slice that ends at the moment of evaluation.

    `counted` are bad events, or good ones when `is_good`.
    """

    total: str
    counted: str
    is_good: bool


def why_not(sli: Sli) -> str | None:
    """Return why an SLI cannot be judged, or None when it can."""
    match sli:
        case UptimeSli():
            return "uptime counts samples of a gauge, not events that a version answered"
        case FreshnessSli():
            return "freshness is the age of a last success, not events that a version answered"
        case RawSli():
            return "a raw ratio does not tell how many events it is made of"
    return None


def counting(sli: Sli, side: str, slice_: timedelta, *, is_new: bool) -> Counting:
    """Return what counts an SLI's events for `side`, matchers as they stand between braces.

    `is_new`: the side's targets may have been born just now, so all that their
    counters show has happened since. Otherwise a counter counts from its
    beginning only where the side was seen before: Prometheus may be the one
    that is new.

    Raises ValueError for an SLI that `why_not` refuses, and for PromQL to
    which matchers cannot be added.
    """
    match sli:
        case RatioSli(total=total, bad=Selector() as bad):
            parts, is_good = (total.text, bad.text), False
        case RatioSli(total=total, good=Selector() as good) | LatencySli(total=total, good=good):
            parts, is_good = (total.text, good.text), True
        case ExpressionSli():
            return _by_rates(sli, side, slice_)
        case _:
            raise ValueError(why_not(sli) or "this SLI counts no events")
    every, counted = (select_everywhere(part, side) for part in parts)
    seen = None if is_new else _before(every, slice_)
    reset = _reset(select_everywhere(parts[0], f"{side},{_HAS_PROCESS}"), slice_)
    found = Counting(
        total=_grown(every, slice_, seen, reset),
        counted=_grown(counted, slice_, seen, reset),
        is_good=is_good,
    )
    _prove(found)
    return found


def _grown(counter: str, slice_: timedelta, seen: str | None, reset: str) -> str:
    """Return by how much counters grew in a slice, those included that began in it.

    The last value of the slice less the last one before it. `increase` would
    not count what a counter showed when it was first seen: of a new pod the
    first failures, which make the series. Nor does this stretch to the ends
    of a range, so slices add up to what really was counted. Counters that were
    reset count from 0, and lose what they had counted since the slice began.

    A counter that is as high after a restart as before shows no reset of its
    own, such as the five failures of each start of a pod that crashes, so that
    of its process's total tells it.
    """
    now = _now(counter, slice_)
    begun = now if seen is None else f"({now} and on () {seen})"
    grown = f"{now} - {_before(counter, slice_)} >= 0"
    return f"sum(({grown} unless on {_PROCESS} {reset}) or {begun})"


def _reset(total: str, slice_: timedelta) -> str:
    """Return what is there for each process whose counters began anew in the slice."""
    grown = f"{_now(total, slice_)} - {_before(total, slice_)}"
    return f"(sum by {_PROCESS} ({grown}) < 0)"


def _now(counter: str, slice_: timedelta) -> str:
    return f"last_over_time({over(counter, slice_)})"


def _before(counter: str, slice_: timedelta) -> str:
    return f"last_over_time({over(counter, _REMEMBERED)} offset {format_duration(slice_)})"


def _by_rates(sli: ExpressionSli, side: str, slice_: timedelta) -> Counting:
    """Return the author's events a second, times the seconds of a slice; births are lost."""
    seconds = format_number(share_of(slice_, _SECOND))
    counted = sli.bad if sli.bad is not None else sli.good
    if counted is None:
        raise ValueError("an SLI counts bad or good events")
    every, part = (
        f"sum({select_everywhere(set_window(text, slice_), side)}) * {seconds}"
        for text in (sli.total, counted)
    )
    found = Counting(total=every, counted=part, is_good=sli.bad is None)
    _prove(found)
    return found


def _prove(found: Counting) -> None:
    for text in (found.total, found.counted):
        reason = check_expression(text)
        if reason is not None:
            raise ValueError(f"{text} is not valid: {reason}")
