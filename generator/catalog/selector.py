"""Selectors and runbooks, which SLOs and conditions name alike."""

from collections.abc import Collection

from generator.promql.check import Selector, parse_selector
from generator.promql.contradictions import (
    SELECTS_NOTHING,
    WAY_OUT,
    find_contradiction,
    say_contradiction,
)
from generator.promql.example import example_labels
from guardia.document import Pointer
from guardia.matcher import RegularExpressionError
from guardia.reading import Reading


def read_selector(reading: Reading, at: Pointer, environment_label: str) -> Selector | None:
    """Return the plain selector at `at`, or note why the rules cannot be made from it."""
    selector = _parse(reading, at)
    if selector is None:
        return None
    if any(matcher.name == environment_label for matcher in selector.matchers):
        reading.problem(
            "environment-matched",
            at,
            f"`{at[-1]}` chooses environments by itself",
            label=f"must not match on `{environment_label}`",
            why="the rules keep each environment apart, and add this matcher where they need one",
            fix=f"remove it; a route decides by `{environment_label}` who is told",
        )
        return None
    pair = find_contradiction(selector.matchers)
    if pair is not None:
        reading.problem(
            "matchers-contradict",
            at,
            say_contradiction(pair),
            label="selects nothing",
            why=SELECTS_NOTHING,
            fix=WAY_OUT,
            inside=str(pair[0]),
        )
        return None
    if example_labels(selector.matchers) is None:
        reading.problem(
            "selector-expression",
            at,
            f"`{at[-1]}` cannot be tried out: no label values were found that it matches",
            label="too intricate, or nothing can match",
            why="the generated tests need values that it matches, and values that it does not",
            fix="use classes such as [0-9] or [a-z], groups, | and repetitions only",
        )
        return None
    return selector


def _parse(reading: Reading, at: Pointer) -> Selector | None:
    try:
        return parse_selector(reading.value(at))
    except RegularExpressionError as error:
        reading.problem(
            "selector-expression",
            at,
            f"`{at[-1]}` cannot be tried out: {error}",
            label="its regular expression is read in two ways",
            why="the generated tests need values that it matches, and values that it does not",
            fix="use classes such as [0-9] or [a-z], groups, | and repetitions only",
        )
        return None
    except ValueError as error:
        reading.problem(
            "promql-selector",
            at,
            f"`{at[-1]}` is not a selector: {error}",
            label="must be a metric name with matchers",
            why="the range and the sum are added by the generator, for every window",
            fix='write only the selector, such as http_requests_total{job="casos"}',
        )
        return None


def check_runbook(reading: Reading, at: Pointer, runbooks: Collection[str]) -> None:
    """Note a problem when the runbook named at `at` has no file."""
    name = reading.value(at)
    reading.reference(at, "runbook", runbooks, f"write catalog/runbooks/{name}.md")
