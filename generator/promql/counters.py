"""Counters and gauges: what rate() is given, and what is compared without it."""

import re
from collections.abc import Iterator

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from generator.promql.finding import Expression, Finding, Setting
from generator.promql.tree import COMPARISONS, bare, is_scalar, metric, number, operator, walk
from guardia.duration import format_duration

RATES = frozenset({"rate", "irate", "increase"})
_TWO_SAMPLES = RATES | {"delta", "idelta", "deriv"}
_SUMS = frozenset({"sum", "avg"})  # the greatest of several may be meant
_MEANS = frozenset({"avg", "sum", "avg_over_time", "sum_over_time"})
_MERGING = frozenset({"sum", "max", "min", "avg", "topk", "bottomk"})
_KEEPING = frozenset({"abs", "ceil", "floor", "round", "sort", "sort_desc"})
_FEWEST_SCRAPES = 4  # one late or lost scrape still leaves two samples

# By the naming practices of the Prometheus documentation and of OpenMetrics.
_COUNTER = re.compile(r"\w_total$")
_GAUGE = re.compile(
    r"(?:^|_)(?:up|info|ratio|percent|percentage|celsius|timestamp|timestamp_seconds|created)$"
    r"|:(?:\w*_)?(?:rate|irate|increase|ratio)\w*$"
)


def check_counters(expression: Expression, setting: Setting) -> Iterator[Finding]:
    """Yield what goes wrong between counters, gauges and their rates."""
    for part in expression.parts():
        match part:
            case Call():
                yield from _check_call(expression, part, setting)
            case BinaryExpr() if operator(part) in COMPARISONS:
                yield from _check_comparison(expression, part)
            case _:
                pass
        if isinstance(part, Call | AggregateExpr):
            yield from _check_mean(expression, part)


def _check_call(expression: Expression, call: Call, setting: Setting) -> Iterator[Finding]:
    name = call.func.name
    over = bare(call.args[0]) if call.args and isinstance(call.args[0], Expr) else None
    if name in RATES and isinstance(over, MatrixSelector):
        yield from _check_gauge(expression, name, over.vector_selector)
    if name in RATES and isinstance(over, SubqueryExpr):
        yield from _check_subquery(expression, call, bare(over.expr))
    if name in _TWO_SAMPLES and isinstance(over, MatrixSelector):
        yield from _check_range(expression, call, over, setting)


def _check_gauge(
    expression: Expression, function: str, selector: VectorSelector
) -> Iterator[Finding]:
    name = metric(selector)
    if _GAUGE.search(name):
        yield Finding(
            code="rate-on-gauge",
            message=f"{function}() of {name}, which is a gauge by its name",
            place=expression.place(selector),
            label="not a counter",
            why="a rate takes every fall for a restart of the counter, and adds up what never was",
            fix="use delta(), deriv() or avg_over_time() for a gauge; rate() wants a counter",
        )


def _check_subquery(expression: Expression, call: Call, inner: Expr) -> Iterator[Finding]:
    merged = next(
        (
            part
            for part in walk(inner)
            if isinstance(part, AggregateExpr) and operator(part) in _SUMS
        ),
        None,
    )
    if merged is not None:
        yield Finding(
            code="rate-of-sum",
            message=f"{call.func.name}() of {operator(merged)}(): the rate comes too late",
            place=expression.place(call),
            label=f"must be inside {operator(merged)}()",
            why="when one of the counters restarts, the sum falls, and a rate takes that for a"
            " restart of all",
            fix="take the rate of each series first: sum(rate(…[5m]))",
        )


def _check_range(
    expression: Expression, call: Call, over: MatrixSelector, setting: Setting
) -> Iterator[Finding]:
    least = _FEWEST_SCRAPES * setting.scrape_interval
    if over.range < least:
        yield Finding(
            code="rate-range-too-short",
            message=f"{call.func.name}() over {format_duration(over.range)} holds too few scrapes",
            place=expression.place(over.vector_selector) or expression.place(call),
            label=f"must look back at least {format_duration(least)}",
            why="it needs two samples in its range, also when one scrape is late or lost",
            fix=f"use [{format_duration(least)}] or more; `prometheus.scrape_interval` is"
            f" {format_duration(setting.scrape_interval)}",
        )


def _check_comparison(expression: Expression, comparison: BinaryExpr) -> Iterator[Finding]:
    sides = ((comparison.lhs, comparison.rhs), (comparison.rhs, comparison.lhs))
    for side, other in sides:
        selector = _plain(side)
        if selector is None or not is_scalar(other) or number(other) == 0:
            continue  # "has it ever happened" is a question that a bare counter answers
        if _COUNTER.search(metric(selector)):
            yield Finding(
                code="counter-no-rate",
                message=f"{metric(selector)} counts since the process began, and is compared as"
                " it is",
                place=expression.place(selector),
                label="has no rate() or increase()",
                why="a counter only grows until a restart: the alert would fire for ever, or never"
                " again after a restart",
                fix="compare what it grew by: increase(…[15m]) or rate(…[5m])",
            )


def _plain(expr: Expr) -> VectorSelector | None:
    """Return the selector whose value is compared, if nothing looks at its growth first."""
    inner = bare(expr)
    while not isinstance(inner, VectorSelector):
        through = _through(inner)
        if through is None:
            return None
        inner = bare(through)
    return inner


def _through(expr: Expr) -> Expr | None:
    """Return the part whose values an expression passes on, rounded, scaled or merged."""
    match expr:
        case UnaryExpr():
            return expr.expr
        case AggregateExpr() if operator(expr) in _MERGING:
            return expr.expr
        case Call() if expr.func.name in _KEEPING and isinstance(expr.args[0], Expr):
            return expr.args[0]
        case BinaryExpr() if operator(expr) in ("*", "/", "+", "-") and is_scalar(expr.rhs):
            return expr.lhs
        case BinaryExpr() if operator(expr) in ("*", "/", "+", "-") and is_scalar(expr.lhs):
            return expr.rhs
    return None


def _check_mean(expression: Expression, part: Call | AggregateExpr) -> Iterator[Finding]:
    name = part.func.name if isinstance(part, Call) else operator(part)
    argument = part.args[0] if isinstance(part, Call) and part.args else getattr(part, "expr", None)
    if name not in _MEANS or not isinstance(argument, Expr):
        return
    ratio = _ratio(argument)
    if ratio is not None and _counts(ratio.lhs) and _counts(ratio.rhs):
        yield Finding(
            code="avg-of-ratio",
            message=f"{name}() of a ratio: each series counts the same, however much it did",
            place=expression.place(part),
            label="must be a ratio of sums",
            why="one failure of an instance with one request weighs as much as a thousand of"
            " another, and an idle one divides by zero",
            fix="divide the sums: sum(rate(errors[5m])) / sum(rate(total[5m]))",
        )


def _ratio(expr: Expr) -> BinaryExpr | None:
    """Return the division of two vectors that an expression is, but for constants."""
    inner = bare(expr)
    if isinstance(inner, SubqueryExpr):
        return _ratio(inner.expr)
    if not isinstance(inner, BinaryExpr):
        return None
    for side, other in ((inner.lhs, inner.rhs), (inner.rhs, inner.lhs)):
        if is_scalar(other):
            return _ratio(side)
    return inner if operator(inner) == "/" else None


def _counts(expr: Expr) -> bool:
    return any(
        (isinstance(part, Call) and part.func.name in RATES)
        or (isinstance(part, VectorSelector) and _COUNTER.search(metric(part)) is not None)
        for part in walk(expr)
    )
