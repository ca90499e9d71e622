"""How far apart the samples in a condition's generated test lie, so that promtool reads them all.

promtool refuses a query that loads more than 10,000 samples of one series: at
15 s, those of 41 hours.

Source: Prometheus, promql, LazyLoader: MaxSamples of the engine of unit tests.
"""

from collections.abc import Iterator
from datetime import timedelta

from promql_parser import Call, MatrixSelector, SubqueryExpr

from generator.promql.finding import Expression, Finding, Setting, read_expression
from guardia.duration import format_duration, spoken_duration

_MOST = 9000  # the rest is for what a story lasts beyond its ranges
_LEAST_OF_A_RANGE = 4
_LOOKBACK = timedelta(minutes=5)  # of an instant query, which finds no older sample
_DEFAULT_STEP = timedelta(minutes=1)  # of a subquery that names none
# What these say of a counter depends on how many samples there are.
_COUNTING = frozenset({"changes", "count_over_time", "idelta", "resets", "sum_over_time"})

_Range = MatrixSelector | SubqueryExpr


def story_scrape(text: str, *, holds_for: timedelta, scrape: timedelta) -> timedelta | None:
    """Return how far apart samples lie in the story of valid PromQL over counters that grow.

    As in production, or the least multiple of it with which promtool reads
    them all. None: there is none, and `check_story` says why.
    """
    expression = read_expression(text)
    apart = _apart(expression, holds_for, scrape)
    return None if _obstacle(expression, apart, scrape) else apart


def check_story(text: str, *, holds_for: timedelta, setting: Setting) -> Iterator[Finding]:
    """Yield why no test can prove an alert on counters that grow; nothing when one can."""
    expression, scrape = read_expression(text), setting.scrape_interval
    obstacle = _obstacle(expression, _apart(expression, holds_for, scrape), scrape)
    if obstacle is None:
        return
    longest = max(_ranges(expression), key=lambda part: part.range or timedelta())
    inside = longest.vector_selector if isinstance(longest, MatrixSelector) else longest.expr
    yield Finding(
        code="condition-untestable",
        message=f"no test can prove it over {spoken_duration(longest.range or timedelta())}",
        place=expression.place(inside),
        label=obstacle,
        why="promtool refuses a query that reads more than 10,000 samples of a series, and the"
        " generated test would be red",
        fix=f"{_way_out(longest, _MOST * scrape - holds_for)}, or read what a rule of your own"
        " records; or allow it with a reason, and do without its test",
    )


def _way_out(longest: _Range, most: timedelta) -> str:
    if isinstance(longest, SubqueryExpr):
        minutes = -(-(longest.range or timedelta()) // (_MOST * timedelta(minutes=1)))
        return f"take steps of {minutes}m in the subquery"
    return f"look back {format_duration(most // timedelta(hours=1) * timedelta(hours=1))} at most"


def _apart(expression: Expression, holds_for: timedelta, scrape: timedelta) -> timedelta:
    """Return the least multiple of the scrape interval with few enough samples in the story.

    Other rules of the file may read all of it, so its `for` counts too.
    """
    longest = max((part.range or timedelta() for part in _ranges(expression)), default=timedelta())
    if longest <= _MOST * scrape - holds_for or not longest:
        return scrape
    return -(-(longest + holds_for) // (_MOST * scrape)) * scrape


def _obstacle(expression: Expression, apart: timedelta, scrape: timedelta) -> str | None:
    for part in _ranges(expression):
        if isinstance(part, SubqueryExpr):
            step = part.step or _DEFAULT_STEP
            if (part.range or timedelta()) > _MOST * step:
                return f"a subquery of more than {_MOST} steps"
        elif apart > scrape and part.range < _LEAST_OF_A_RANGE * apart:
            return f"and a range of {format_duration(part.range)} needs samples close together"
    if apart > scrape:
        calls = [part.func.name for part in expression.parts() if isinstance(part, Call)]
        counting = next((name for name in calls if name in _COUNTING), None)
        if counting is not None:
            return f"{counting}() counts each sample, so none can be left out"
    return "samples would lie more than 5m apart" if apart > _LOOKBACK else None


def _ranges(expression: Expression) -> Iterator[_Range]:
    return (part for part in expression.parts() if isinstance(part, _Range))
