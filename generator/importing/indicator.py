"""PromQL and selectors of a specification to an SLI of the catalog, proved by the parsed form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any

from generator.promql.check import Selector
from generator.promql.constant import find_constant
from generator.promql.events import event_examples
from generator.promql.example import example_labels
from generator.promql.ratio_form import (
    MARKED_WINDOW,
    Part,
    RatioForm,
    counts_only,
    grouping,
    match_error_ratio,
    match_events,
    parse_with_window,
    selectors,
    with_step,
    without_comments,
)
from generator.promql.text import series, set_window
from generator.slo.percent import format_number
from guardia.duration import format_duration
from guardia.matcher import Matcher

# Over 30 days 8640 points, which is as many as promtool reads.
_STEP = timedelta(minutes=5)
_WHY_A_STEP = (
    "subqueries look every 5m, not at every evaluation: the catalog's rules evaluate this over"
    " the whole window too, and promtool does not read as many points"
)
_BUCKET, _COUNT = "_bucket", "_count"
_UNITS = {"_seconds": Fraction(1000), "_milliseconds": Fraction(1)}  # to milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """An SLI as the catalog writes it, with what its rules keep apart and its tests need."""

    sli: Mapping[str, Mapping[str, str]]
    selectors: tuple[Selector, ...]
    by: tuple[str, ...] = ()
    examples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    changed: str | None = None  # what is not as the author wrote it


class NotAnIndicatorError(ValueError):
    """PromQL that no SLI of the catalog can say; the text says why."""


def events_indicator(bad: str, total: str) -> Indicator:
    """Return the SLI of bad and of all events over `$window`.

    Raises ValueError for what is not valid PromQL or selects what the catalog
    does not take, and NotAnIndicatorError where only the form is the matter.
    """
    bad, total = without_comments(bad), without_comments(total)
    form = match_events(bad, total)
    if form is not None:
        return _of_form(form)
    parsed = parse_with_window(bad), parse_with_window(total)
    if all(counts_only(node) for node in parsed):
        by = [grouping(node) for node in parsed]
        if by[0] is None or by[0] != by[1]:
            raise NotAnIndicatorError("it cannot be told that both queries keep the same labels")
        if event_examples(_at_any(bad), _at_any(total), part="bad") is None:
            raise NotAnIndicatorError(
                "the tests need series for it, and it does more than add up rates of counters"
            )
        return Indicator(
            sli={"ratio": {"bad": bad, "total": total}},
            selectors=_selectors(*parsed),
            by=by[0],
        )
    # Not events a second: then only their ratio has a meaning.
    return _of_raw(f"(\n  {_indented(bad)}\n)\n/\n(\n  {_indented(total)}\n)")


def _at_any(expression: str) -> str:
    return set_window(expression, MARKED_WINDOW)


def error_ratio_indicator(expression: str) -> Indicator:
    """Return the SLI of an error ratio over `$window`; raises as `events_indicator` does."""
    expression = without_comments(expression)
    form = match_error_ratio(expression)
    return _of_raw(expression) if form is None else _of_form(form)


def selector_indicator(
    part: Part, counted: Selector, total: Selector, by: tuple[str, ...]
) -> Indicator:
    """Return the SLI of two plain selectors; `part` says which events `counted` counts."""
    return _of_form(RatioForm(part=part, counted=counted, total=total, by=by))


def uptime_indicator(gauge: Selector, by: tuple[str, ...]) -> Indicator:
    """Return the SLI of a gauge that is 1 or 0."""
    return Indicator(sli={"uptime": {"gauge": gauge.text}}, selectors=(gauge,), by=by)


def _of_form(form: RatioForm) -> Indicator:
    both = (form.counted, form.total)
    latency = _latency(form) if form.part == "good" else None
    if latency is not None:
        return Indicator(sli={"latency": latency}, selectors=both, by=form.by)
    ratio = {form.part: form.counted.text, "total": form.total.text}
    return Indicator(sli={"ratio": ratio}, selectors=both, by=form.by)


def _latency(form: RatioForm) -> Mapping[str, str] | None:
    """Return the latency SLI when a bucket of a histogram is compared with its count, or None."""
    bucket, count = form.counted, form.total
    name = count.metric.removesuffix(_COUNT)
    bounds = [matcher for matcher in bucket.matchers if matcher.name == "le"]
    others = [matcher for matcher in bucket.matchers if matcher.name != "le"]
    if (bucket.metric, count.metric) != (name + _BUCKET, name + _COUNT) or len(bounds) != 1:
        return None
    below = _below(name, bounds[0])
    if below is None or sorted(others, key=str) != sorted(count.matchers, key=str):
        return None
    if not count.text.startswith(count.metric):
        return None  # named in the braces: then no piece of the text is the histogram's name
    return {"histogram": name + count.text[len(count.metric) :].lstrip(), "below": below}


def _below(name: str, bound: Matcher) -> str | None:
    """Return the time that a bucket's bound stands for, where the catalog writes it the same."""
    per = next((per for ending, per in _UNITS.items() if name.endswith(ending)), None)
    if per is None or bound.operator != "=":
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", bound.value, re.ASCII):
        return None
    value = Fraction(bound.value)
    milliseconds = value * per
    # The catalog's own bucket is `0.5`, and for a whole bound `5` as well as `5.0`.
    written = {format_number(value), *([f"{value}.0"] if value.denominator == 1 else [])}
    if bound.value not in written or milliseconds.denominator != 1 or not milliseconds:
        return None
    return format_duration(timedelta(milliseconds=int(milliseconds)))


def _of_raw(written: str) -> Indicator:
    expression = with_step(written, _STEP)
    parsed = parse_with_window(expression)
    by = grouping(parsed)
    if by is None:
        raise NotAnIndicatorError("it cannot be told by which labels its result is kept apart")
    return Indicator(
        sli={"raw": {"error_ratio": expression}},
        selectors=_selectors(parsed),
        by=by,
        examples=_examples(parsed),
        changed=None if expression == written else _WHY_A_STEP,
    )


def _examples(parsed: Any) -> Mapping[str, Mapping[str, float]]:
    """Return values of the one gauge for which the ratio is 0 and 1, for the generated tests."""
    found = {repr(selector): selector for selector in _selectors(parsed)}
    if len(found) != 1:
        raise NotAnIndicatorError("the tests need series for it, and it reads more than one")
    (selector,) = found.values()
    labels = example_labels(selector.matchers)
    if labels is None:
        raise NotAnIndicatorError("no labels were found that its selector matches")
    try:
        works, fails = find_constant(parsed, 0), find_constant(parsed, 1)
    except ValueError as error:
        raise NotAnIndicatorError(f"the tests need series for it: {error}") from None
    if works is None or fails is None:
        raise NotAnIndicatorError("no value was found for which it says that nothing or all fails")
    name = series(selector.metric, labels) if labels else selector.metric
    return {"works": {name: works}, "fails": {name: fails}}


def _selectors(*parsed: Any) -> tuple[Selector, ...]:
    found: tuple[Selector, ...] = ()
    for node in parsed:
        own = selectors(node)
        if own is None:
            raise NotAnIndicatorError("a selector looks at another time, or cannot be tried out")
        found += own
    return found


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
