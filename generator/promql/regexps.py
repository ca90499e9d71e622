"""Regular expressions in matchers that need none."""

import re
from collections.abc import Iterator

from promql_parser import Matcher, MatchOp, VectorSelector

from generator.promql.finding import Expression, Finding
from generator.promql.text import quote
from generator.promql.tree import Place

_PLAIN = re.compile(r"[\w \-/:,@%&=<>~'!#;]+\Z")


def check_regexps(expression: Expression) -> Iterator[Finding]:
    """Yield matchers whose regular expression says what a plain one says better, or nothing."""
    for selector in expression.parts():
        if isinstance(selector, VectorSelector):
            for matcher in selector.matchers.matchers:
                yield from _check(expression, selector, matcher)


def _check(expression: Expression, selector: VectorSelector, matcher: Matcher) -> Iterator[Finding]:
    if matcher.op not in (MatchOp.Re, MatchOp.NotRe):
        return
    sign, plain = ("=~", "=") if matcher.op == MatchOp.Re else ("!~", "!=")
    label, fix = "", ""
    if _PLAIN.match(matcher.value):
        label = "no regular expression"
        fix = f"write {matcher.name}{plain}{quote(matcher.value)}"
    elif matcher.value == ".*":
        label = "matches everything" if sign == "=~" else "matches nothing"
        fix = "leave the matcher out" if sign == "=~" else "write what is to be left out"
    written = f"{matcher.name}{sign}{quote(matcher.value)}"
    if label:
        yield Finding(
            code="regexp-redundant",
            message=f"{written} {_SAYS[label]}",
            place=Place(piece=written, nth=0)
            if written in expression.text
            else expression.place(selector),
            label=label,
            why="a reader takes a regular expression for a pattern, and Prometheus looks up a"
            " plain value faster",
            fix=fix,
        )


_SAYS = {
    "no regular expression": "has nothing of a regular expression in it",
    "matches everything": "leaves nothing out",
    "matches nothing": "leaves everything out",
}
