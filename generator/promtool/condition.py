"""Stories that prove a condition on the examples its author gave."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction

from generator.catalog.example import grows
from generator.catalog.model import Condition, Organisation, Service
from generator.promql.check import parse_selector
from generator.promql.ranges import looks_back
from generator.promql.story_length import story_scrape
from generator.promql.text import matchers, select, series
from generator.promtool.model import Case, Expectation, Pace, pace_of
from generator.slo.percent import format_number

_MOST = 60  # evaluations
_SHOWN = re.compile(r"\$labels\.(\w+)", re.ASCII)


def condition_paces(
    organisation: Organisation, conditions: Iterable[Condition]
) -> dict[Pace, list[Condition]]:
    """Return the conditions by the pace of their test, production's first.

    promtool evaluates every rule of the file each time, so a condition over
    hours at production's pace takes as long as all others together: of slow
    ones, the longest takes _MOST evaluations at most. It also reads a limited
    number of samples, so over days they lie further apart. A condition that
    cannot be proven at any pace is missing.
    """
    usual = pace_of(organisation)
    found: dict[Pace, list[Condition]] = {usual: []}
    slow: dict[timedelta, list[Condition]] = {}
    for condition in conditions:
        scrape = _scrape(condition, usual)
        if scrape == usual.scrape and _lasts(condition, usual) <= _MOST * usual.evaluation:
            found[usual].append(condition)
        elif scrape is not None:
            slow.setdefault(scrape, []).append(condition)
    for scrape, some in sorted(slow.items()):
        found[_slow_pace(usual, scrape, some)] = some
    return found


def _scrape(condition: Condition, usual: Pace) -> timedelta | None:
    """Return how far apart samples lie; what does not grow is the same over any range."""
    if not grows(condition.fires, condition.silent):
        return usual.scrape
    return story_scrape(condition.expression, holds_for=condition.holds_for, scrape=usual.scrape)


def _slow_pace(usual: Pace, scrape: timedelta, conditions: Iterable[Condition]) -> Pace:
    longest = max(_lasts(condition, usual) for condition in conditions)
    least = max(usual.evaluation, scrape)
    step = usual.evaluation if scrape == usual.scrape else scrape
    evaluation = -(-longest // (_MOST * step)) * step
    return Pace(scrape=scrape, evaluation=max(evaluation, least))


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
    times = pace.scrape // organisation.scrape_interval
    values = _steady(condition.fires, scrapes, times)
    if _is_of_the_moment(condition):
        ends = Expectation(at=fires_at + pace.evaluation, expression=firing, samples=[])
        expected.append(ends)
        values = _then_silent(condition, scrapes, pace.scrapes(pace.evaluation))
    yield Case(name=f"{condition.alert} fires", series=values, expectations=expected)
    anywhere = series("ALERTS", {"alertname": condition.alert, "alertstate": "firing"})
    yield Case(
        name=f"{condition.alert} stays silent",
        series=_steady(condition.silent, scrapes, times),
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
    if not grows(condition.fires, condition.silent):
        return timedelta()
    return pace.up_to(looks_back(condition.expression)) + pace.evaluation


def _is_of_the_moment(condition: Condition) -> bool:
    """Say whether the expression only looks at the present, so that the alert ends at once."""
    ranges = "[" in condition.expression or "offset" in condition.expression
    return not ranges and not grows(condition.fires, condition.silent)


def _then_silent(condition: Condition, scrapes: int, after: int) -> dict[str, str]:
    """Return the values that fire, followed by those that do not; None of either is no sample."""
    found = {}
    for name in dict.fromkeys([*condition.fires, *condition.silent]):
        fires, silent = condition.fires.get(name), condition.silent.get(name)
        first = f"_x{scrapes + 1}" if fires is None else f"{fires}x{scrapes}"
        then = "stale" if silent is None else f"{silent}x{after}"
        found[name] = f"{first} {then}"
    return found


def _steady(values: Mapping[str, str], scrapes: int, times: int) -> dict[str, str]:
    """Return values that stay, or grow by so much each time a sample of production comes."""
    return {name: f"{_grown(value, times)}x{scrapes}" for name, value in values.items()}


def _grown(value: str, times: int) -> str:
    begin, grows, step = value.partition("+")
    return f"{begin}+{format_number(Fraction(step) * times)}" if grows and times > 1 else value
