"""Mistakes in PromQL that parse: an alert that never fires, a rate that is none."""

from collections.abc import Iterator
from datetime import timedelta

from promql_parser import Call

from generator.promql.comparisons import check_fires_always, check_fires_never
from generator.promql.contradictions import check_contradictions
from generator.promql.counters import check_counters
from generator.promql.finding import Expression, Finding, Setting, read_expression
from generator.promql.matching import check_matching
from generator.promql.ranges import check_ranges
from generator.promql.regexps import check_regexps
from generator.promql.text import set_window

_A_WINDOW = timedelta(hours=1)  # stands for $window while an expression is read


def check_alert_expression(
    text: str, *, holds_for: timedelta, setting: Setting
) -> tuple[Finding, ...]:
    """Return what is wrong with an alert's expression that fires after `holds_for`.

    What is no PromQL has no findings: generator.promql.check says why. Nothing
    is reported that could be meant, by metric names and labels that are usual.

    Sources: Prometheus documentation, "Operators", "Functions" and "Alerting
    rules"; Google, The Site Reliability Workbook, chapter 5.
    """
    try:
        expression = read_expression(text)
    except ValueError:
        return ()
    return (
        *_check_any(expression, setting),
        *check_fires_always(expression),
        *check_fires_never(expression),
        *_check_absent(expression, holds_for, setting),
    )


def check_rate_expression(text: str, *, setting: Setting) -> tuple[Finding, ...]:
    """Return what is wrong with an SLI's expression, in which `$window` stands for a range."""
    try:
        expression = read_expression(set_window(text, _A_WINDOW))
    except ValueError:
        return ()
    return tuple(_check_any(expression, setting))


def _check_any(expression: Expression, setting: Setting) -> Iterator[Finding]:
    yield from check_counters(expression, setting)
    yield from check_ranges(expression, setting)
    yield from check_matching(expression, setting)
    yield from check_regexps(expression)
    yield from check_contradictions(expression)


def _check_absent(
    expression: Expression, holds_for: timedelta, setting: Setting
) -> Iterator[Finding]:
    if holds_for >= 2 * setting.scrape_interval:
        return
    for part in expression.parts():
        if isinstance(part, Call) and part.func.name == "absent":
            yield Finding(
                code="absent-without-for",
                message="absent() is to hold for less than two scrapes",
                place=expression.place(part),
                label="one restart is enough",
                why="a restart of Prometheus or of the service leaves a gap, and each would alert",
                fix="make `for` at least two scrape intervals, better 5m",
            )
