"""Matchers of one label in one selector that no value can meet together."""

from collections.abc import Iterator, Sequence

from promql_parser import VectorSelector

from generator.promql.check import matchers_of
from generator.promql.finding import Expression, Finding
from generator.promql.tree import Place
from guardia.matcher import Matcher, RegularExpressionError, check_regular_expression

SELECTS_NOTHING = "without a series, an alert never fires and an SLI counts nothing"
WAY_OUT = (
    "remove one of the two; where a preset has one of them, it is made for other series: change"
    " `match`, or write `expr` in its place"
)


def check_contradictions(expression: Expression) -> Iterator[Finding]:
    """Yield the matchers that exclude each other, each pair once."""
    seen = set()
    for selector in expression.parts():
        if not isinstance(selector, VectorSelector):
            continue
        pair = find_contradiction(matchers_of(selector))
        if pair is None or pair in seen:
            continue
        seen.add(pair)
        wanted = str(pair[0])
        yield Finding(
            code="matchers-contradict",
            message=say_contradiction(pair),
            place=Place(piece=wanted, nth=0)
            if wanted in expression.text
            else expression.place(selector),
            label="selects nothing",
            why=SELECTS_NOTHING,
            fix=WAY_OUT,
        )


def find_contradiction(matchers: Sequence[Matcher]) -> tuple[Matcher, Matcher] | None:
    """Return the matcher with the one value of a label, and another that excludes it, or None.

    Two regular expressions are not compared: that nothing meets both is a guess.
    """
    for wanted in matchers:
        if wanted.operator != "=":
            continue
        for other in matchers:
            if other.name == wanted.name and _excludes(other, wanted):
                return wanted, other
    return None


def say_contradiction(pair: tuple[Matcher, Matcher]) -> str:
    """Return the sentence that names both."""
    return f"no series meets both {pair[0]} and {pair[1]}"


def _excludes(other: Matcher, wanted: Matcher) -> bool:
    if other.operator in ("=~", "!~"):
        try:
            check_regular_expression(other.value)
        except RegularExpressionError:  # Prometheus may read it otherwise
            return False
    return not other.matches({wanted.name: wanted.value})
