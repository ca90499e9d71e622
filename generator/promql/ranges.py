"""How far back an expression looks."""

from collections.abc import Iterator
from datetime import timedelta

from promql_parser import Expr, MatrixSelector, SubqueryExpr, VectorSelector

from generator.promql.finding import Expression, Finding, Setting, read_expression
from generator.promql.tree import children
from guardia.duration import format_duration, spoken_duration

_NOTHING = timedelta()


def check_ranges(expression: Expression, setting: Setting) -> Iterator[Finding]:
    """Yield what looks into the future, or further back than samples are kept."""
    for part in expression.parts():
        if isinstance(part, VectorSelector | SubqueryExpr) and (part.offset or _NOTHING) < _NOTHING:
            yield _negative(expression, part)
    furthest, selector = _furthest(expression.top)
    if furthest > setting.retention:
        yield Finding(
            code="range-beyond-retention",
            message=f"it looks back {spoken_duration(furthest)}",
            place=expression.place(selector) if selector is not None else None,
            label=f"must be at most {format_duration(setting.retention)}",
            why="Prometheus does not keep samples for so long: the result would silently be that"
            " of a shorter time",
            fix="use a shorter range or offset, or keep samples for longer and say so under"
            " `prometheus.retention`",
        )


def looks_back(text: str) -> timedelta:
    """Return how long before now the oldest sample lies that valid PromQL reads."""
    return _furthest(read_expression(text).top)[0]


def _furthest(expr: Expr) -> tuple[timedelta, VectorSelector | None]:
    """Return how long before now the oldest sample lies that is read, and whose it is."""
    if isinstance(expr, VectorSelector):
        return max(expr.offset or _NOTHING, _NOTHING), expr
    found = [_furthest(child) for child in children(expr)]
    back, selector = max(found, key=lambda pair: pair[0], default=(_NOTHING, None))
    if isinstance(expr, MatrixSelector):
        back += expr.range
    if isinstance(expr, SubqueryExpr):
        back += (expr.range or _NOTHING) + max(expr.offset or _NOTHING, _NOTHING)
    return back, selector


def _negative(expression: Expression, part: VectorSelector | SubqueryExpr) -> Finding:
    return Finding(
        code="offset-negative",
        message="a negative offset looks into the future",
        place=expression.place(part),
        label="its offset must not be below 0",
        why="a rule is evaluated now, and there are no samples after now",
        fix="leave the minus out, or the offset",
    )
