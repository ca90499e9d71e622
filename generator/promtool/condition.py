"""Stories that prove a condition on the examples its author gave."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from generator.catalog.model import Condition, Organisation, Service
from generator.promql.check import parse_selector
from generator.promql.ranges import looks_back
from generator.promql.text import matchers, select, series
from generator.promtool.model import Case, Expectation, Pace, pace_of

_MOST = 60  # evaluations
_SHOWN = re.compile(r"\$labels\.(\w+)", re.ASCII)


def slow_pace(organisation: Organisation, conditions: Iterable[Condition]) -> Pace:
    """Return a pace at which the longest of these takes _MOST evaluations at most.

    promtool evaluates every rule of the service each time, so a condition over
    hours at production's pace takes as long as all others together.
    """
    pace = pace_of(organisation)
    longest = max(_lasts(condition, pace) for condition in conditions)
    evaluation = -(-longest // (_MOST * pace.evaluation)) * pace.evaluation
    return Pace(scrape=pace.scrape, evaluation=max(evaluation, pace.evaluation))


def is_slow(organisation: Organisation, condition: Condition) -> bool:
    """Say whether a condition's stories take more evaluations than _MOST in production's pace."""
    pace = pace_of(organisation)
    return _lasts(condition, pace) > _MOST * pace.evaluation


def condition_cases(
    organisation: Organisation, service: Service, condition: Condition, pace: Pace
) -> Iterator[Case]:
    """Yield the stories of a condition: it fires after its `for`, with its labels, ends; is silent.

    The environment is one of the labels: without it the alert would be routed
    as if it came from nowhere.
    """
    soonest = pace.up_to(condition.holds_for)
    fires_at = _lasts(condition, pace)
    scrapes = pace.scrapes(fires_at)
    labels = {
        "alertname": condition.alert,
        "alertstate": "firing",
        "severity": condition.severity.value,
        "service": service.name,
        "team": condition.team,
        **_place(organisation, condition),
        **({"slo": condition.slo} if condition.slo else {}),
        **condition.extras.labels,
    }
    inside = ",".join([matchers(labels), *(f'{name}!=""' for name in _shown(condition))])
    firing = f"clamp_max(count({select('ALERTS', inside)}), 1)"
    expected = [
        Expectation(at=soonest - pace.evaluation, expression=firing, samples=[]),
        Expectation(at=fires_at, expression=firing, samples=[("{}", 1)]),
    ]
    values = _steady(condition.fires, scrapes)
    if _is_of_the_moment(condition):
        ends = Expectation(at=fires_at + pace.evaluation, expression=firing, samples=[])
        expected.append(ends)
        values = _then_silent(condition, scrapes, pace.scrapes(pace.evaluation))
    yield Case(name=f"{condition.alert} fires", series=values, expectations=expected)
    anywhere = series("ALERTS", {"alertname": condition.alert, "alertstate": "firing"})
    yield Case(
        name=f"{condition.alert} stays silent",
        series=_steady(condition.silent, scrapes),
        expectations=[Expectation(at=fires_at, expression=f"count({anywhere})", samples=[])],
    )


def _lasts(condition: Condition, pace: Pace) -> timedelta:
    return pace.up_to(condition.holds_for) + _filling(condition, pace)


def _place(organisation: Organisation, condition: Condition) -> dict[str, str]:
    """Return the labels that say where the first examples with such labels are.

    The catalog's check wants one with the environment.
    """
    found: dict[str, str] = {}
    for text in condition.fires:
        for matcher in parse_selector(text).matchers:
            if matcher.name in organisation.series_labels:
                found.setdefault(matcher.name, matcher.value)
    return {name: found[name] for name in organisation.series_labels if name in found}


def _shown(condition: Condition) -> list[str]:
    """Return the labels that the sentences show, of those that all series of the example have.

    What a sentence shows, the expression must keep, or people read a hole.
    """
    sentences = (condition.summary, condition.description, *condition.extras.annotations.values())
    shown = dict.fromkeys(name for text in sentences for name in _SHOWN.findall(text))
    examples = [parse_selector(text).matchers for text in condition.fires]
    return [
        name
        for name in shown
        if all(any(one.name == name for one in matchers_) for matchers_ in examples)
    ]


def _filling(condition: Condition, pace: Pace) -> timedelta:
    """Return how long after the first scrape the ranges of an expression are full.

    A rate has no result for one sample, and too low a one for a range that is
    not full. What does not grow is the same over any part of its range.
    """
    if not _grows(condition):
        return timedelta()
    return pace.up_to(looks_back(condition.expression)) + pace.evaluation


def _grows(condition: Condition) -> bool:
    examples = (*condition.fires.values(), *condition.silent.values())
    return any(value.startswith("0+") for value in examples)


def _is_of_the_moment(condition: Condition) -> bool:
    """Say whether the expression only looks at the present, so that the alert ends at once."""
    ranges = "[" in condition.expression or "offset" in condition.expression
    return not ranges and not _grows(condition)


def _then_silent(condition: Condition, scrapes: int, after: int) -> dict[str, str]:
    """Return the values that fire, followed by those that do not; None of either is no sample."""
    found = {}
    for name in dict.fromkeys([*condition.fires, *condition.silent]):
        fires, silent = condition.fires.get(name), condition.silent.get(name)
        first = f"_x{scrapes + 1}" if fires is None else f"{fires}x{scrapes}"
        then = "stale" if silent is None else f"{silent}x{after}"
        found[name] = f"{first} {then}"
    return found


def _steady(values: Mapping[str, str], scrapes: int) -> dict[str, str]:
    return {name: f"{value}x{scrapes}" for name, value in values.items()}
