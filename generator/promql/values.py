"""Which values PromQL can give, as far as that is sure: what is outside is impossible."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    SubqueryExpr,
    VectorSelector,
)

from generator.promql.check import matchers_of
from generator.promql.tree import COMPARISONS, bare, metric, number, operator

_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Interval:
    """Values that are possible: from `low` to `high`, with or without the ends."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    @property
    def is_empty(self) -> bool:
        """Say whether no value is left."""
        if self.low == self.high:
            return self.low_open or self.high_open
        return self.low > self.high

    def and_also(self, other: "Interval") -> "Interval":
        """Return the values that are in both."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, high_closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low, high, low_open, not high_closed)


ANY = Interval()
_COUNTED, _SHARE = Interval(0, inf), Interval(0, 1)
_BY_FUNCTION = {
    **dict.fromkeys(("absent", "absent_over_time", "present_over_time"), Interval(1, 1)),
    "count_over_time": Interval(1, inf),
    **dict.fromkeys(("rate", "irate", "increase", "resets", "changes", "abs"), _COUNTED),
    **dict.fromkeys(("stddev_over_time", "stdvar_over_time"), _COUNTED),
    "hour": Interval(0, 23),
    "minute": Interval(0, 59),
    "month": Interval(1, 12),
    "day_of_week": Interval(0, 6),
    "day_of_month": Interval(1, 31),
    "days_in_month": Interval(28, 31),
}
_BY_AGGREGATION = {
    "count": Interval(1, inf),
    "group": Interval(1, 1),
    "stddev": _COUNTED,
    "stdvar": _COUNTED,
}
WITHIN = frozenset({"avg", "max", "min", "topk", "bottomk", "limitk"})
_WITHIN_TIME = frozenset({f"{name}_over_time" for name in ("avg", "max", "min", "last")})
# By the names that Prometheus and its exporters give to what works or does not, and to counters.
_WORKS = re.compile(r"up|probe_success|(?:pg|mysql|redis|mongodb|kafka)_up")
_COUNTER = re.compile(r"\w+_(?:total|bucket)")


def possible_values(expr: Expr) -> Interval:
    """Return which values the result can have; what is outside is certainly impossible.

    Not-a-number is left out, since only != lets it pass.
    """
    inner = bare(expr)
    constant = number(inner)
    if constant is not None and not isnan(constant):
        return Interval(constant, constant)
    match inner:
        case VectorSelector():
            found = _of_metric(metric(inner))
        case MatrixSelector():
            found = _of_metric(metric(inner.vector_selector))
        case SubqueryExpr():
            found = possible_values(inner.expr)
        case AggregateExpr():
            found = _of_aggregation(inner)
        case Call():
            within = inner.func.name in _WITHIN_TIME or inner.func.name == "vector"
            known = _BY_FUNCTION.get(inner.func.name, ANY)
            found = possible_values(inner.args[0]) if within else known
        case BinaryExpr():
            found = _of_operator(inner)
        case _:
            found = ANY
    return found


def asked(comparison: BinaryExpr) -> tuple[Expr, Interval] | None:
    """Return what is compared with a constant, and the values that pass; None for the rest."""
    sign = operator(comparison)
    if sign not in COMPARISONS or keeps_all(comparison):
        return None
    constant, compared = number(comparison.rhs), comparison.lhs
    if constant is None:
        constant, compared, sign = number(comparison.lhs), comparison.rhs, _TURNED[sign]
    if constant is None or isnan(constant) or sign == "!=":
        return None
    limit = {
        ">": Interval(constant, inf, low_open=True),
        ">=": Interval(constant, inf),
        "<": Interval(-inf, constant, high_open=True),
        "<=": Interval(-inf, constant),
        "==": Interval(constant, constant),
    }[sign]
    return compared, limit


def keeps_all(comparison: BinaryExpr) -> bool:
    """Say whether a comparison says `bool`: then it gives 0 or 1 and leaves nothing out."""
    return comparison.modifier is not None and bool(comparison.modifier.return_bool)


def _of_metric(name: str) -> Interval:
    if _WORKS.fullmatch(name):
        return _SHARE
    return _COUNTED if _COUNTER.fullmatch(name) else ANY


def _of_aggregation(expr: AggregateExpr) -> Interval:
    name = operator(expr)
    if name in WITHIN:
        return possible_values(expr.expr)
    if name == "sum":
        return _COUNTED if possible_values(expr.expr).low >= 0 else ANY
    return _BY_AGGREGATION.get(name, ANY)


def _of_operator(expr: BinaryExpr) -> Interval:
    limit = asked(expr)
    if limit is not None:
        return possible_values(limit[0]).and_also(limit[1])
    sign = operator(expr)
    if sign in ("and", "unless"):
        return possible_values(expr.lhs)
    filled = expr.modifier is not None and expr.modifier.fill_values
    left, right = possible_values(expr.lhs), possible_values(expr.rhs)
    if sign not in _ARITHMETIC or filled:
        return ANY
    if sign == "/" and _is_part(expr):
        return _SHARE
    return _ARITHMETIC[sign](left, right)


def _sum(left: Interval, right: Interval) -> Interval:
    return Interval(left.low + right.low, left.high + right.high)


def _difference(left: Interval, right: Interval) -> Interval:
    return Interval(left.low - right.high, left.high - right.low)


def _product(left: Interval, right: Interval) -> Interval:
    ends = [_times(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return Interval(min(ends), max(ends))


def _quotient(left: Interval, right: Interval) -> Interval:
    """Divide by what is never below 0; by 0 itself it is infinite, or no number."""
    if right.low < 0:
        return ANY
    of_largest = 0.0 if right.high == inf else 1 / right.high if right.high else inf
    of_smallest = 1 / right.low if right.low else inf
    return _product(left, Interval(of_largest, of_smallest))


def _times(left: float, right: float) -> float:
    return 0.0 if 0 in (left, right) else left * right


_ARITHMETIC: dict[str, Callable[[Interval, Interval], Interval]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
}


def _is_part(division: BinaryExpr) -> bool:
    """Say whether a counter's sum is divided by the same sum over the same series and more."""
    if division.modifier is not None:
        return False
    part, whole = _counted(division.lhs), _counted(division.rhs)
    if part is None or whole is None or part[0] != whole[0]:
        return False
    return whole[1] <= part[1]


def _counted(expr: Expr) -> tuple[tuple[object, ...], frozenset[str]] | None:
    """Return how a counter is summed, and by which matchers its series are chosen."""
    inner = bare(expr)
    if isinstance(inner, BinaryExpr) and (limit := asked(inner)) is not None:
        inner = bare(limit[0])  # total > 0
    if not isinstance(inner, AggregateExpr) or operator(inner) != "sum":
        return None
    call = bare(inner.expr)
    if not isinstance(call, Call) or call.func.name not in ("rate", "increase"):
        return None
    over = call.args[0]
    if not isinstance(over, MatrixSelector):
        return None
    selector = over.vector_selector
    if selector.at is not None or selector.matchers.or_matchers:
        return None
    kept = inner.modifier and (str(inner.modifier.type), tuple(sorted(inner.modifier.labels)))
    shape = (kept, call.func.name, over.range, selector.offset, metric(selector))
    return shape, frozenset(str(one) for one in matchers_of(selector))
