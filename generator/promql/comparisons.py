"""Whether an alert's expression can be empty, and whether it can be anything else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isnan

from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, SubqueryExpr, VectorSelector

from generator.promql.finding import Expression, Finding
from generator.promql.tree import COMPARISONS, bare, children, metric, number, operator, walk

# Present only while something is wrong, or made by a rule that may compare already.
_CONDITION_BY_ITSELF = re.compile(r":|^ALERTS$|_info$")
# Of a rate, a zero is a result too; a constant vector is meant to be there.
_EMPTY = {
    **dict.fromkeys(("absent", "absent_over_time", "vector"), True),
    **dict.fromkeys(("rate", "irate", "increase"), False),
}
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


_ANY = Interval()
_BY_FUNCTION = {
    **dict.fromkeys(("absent", "absent_over_time", "present_over_time"), Interval(1, 1)),
    "count_over_time": Interval(1, inf),
    **dict.fromkeys(("rate", "irate", "increase", "resets", "changes", "abs"), Interval(0, inf)),
    **dict.fromkeys(("stddev_over_time", "stdvar_over_time"), Interval(0, inf)),
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
    "stddev": Interval(0, inf),
    "stdvar": Interval(0, inf),
}
_WITHIN = frozenset({"avg", "max", "min", "topk", "bottomk", "limitk"})


def check_fires_always(expression: Expression) -> Iterator[Finding]:
    """Yield a finding when the alert fires as long as its series exist."""
    culprit = bare(expression.top)
    while isinstance(culprit, BinaryExpr) and operator(culprit) == "or":
        culprit = bare(culprit.rhs if _can_be_empty(culprit.lhs) else culprit.lhs)
    if not _can_be_empty(culprit):
        compares = any(isinstance(part, BinaryExpr) and _keeps_all(part) for part in walk(culprit))
        is_all = culprit is bare(expression.top)
        first = next((part for part in walk(culprit) if expression.place(part) is not None), None)
        yield Finding(
            code="comparison-missing",
            message="this has a result as long as its series exist, so the alert always fires",
            place=None if is_all or first is None else expression.place(first),
            label="`bool` keeps what does not compare" if compares else "compares with nothing",
            why="an alert fires for each series of the result, whatever its value, also for 0",
            fix="leave `bool` out" if compares else "compare it with a threshold, such as … > 0",
        )


def _can_be_empty(expr: Expr) -> bool:
    """Say whether the result can be empty while the series exist; when unsure, it can."""
    inner = bare(expr)
    match inner:
        case VectorSelector():
            # Chosen by a label, its presence may be what is meant.
            chosen = any(matcher.name != "__name__" for matcher in inner.matchers.matchers)
            return chosen or _CONDITION_BY_ITSELF.search(metric(inner) or ":") is not None
        case BinaryExpr() if operator(inner) == "or":
            return _can_be_empty(inner.lhs) and _can_be_empty(inner.rhs)
        case BinaryExpr() if operator(inner) in ("and", "unless"):
            return True
        case BinaryExpr() if operator(inner) in COMPARISONS:
            return not _keeps_all(inner)
        case Call() if inner.func.name in _EMPTY:
            return _EMPTY[inner.func.name]
    return any(_can_be_empty(child) for child in children(inner))


def _keeps_all(comparison: BinaryExpr) -> bool:
    """Say whether a comparison says `bool`: then it gives 0 or 1 and leaves nothing out."""
    return comparison.modifier is not None and bool(comparison.modifier.return_bool)


def check_fires_never(expression: Expression) -> Iterator[Finding]:
    """Yield comparisons that no value can meet."""
    inside: set[int] = set()
    for part in expression.parts():
        if id(part) in inside or not _is_impossible(part):
            continue
        inside |= {id(inner) for inner in walk(part)}  # one finding, at the widest
        first = next((p for p in walk(part) if expression.place(p) is not None), None)
        yield Finding(
            code="comparison-impossible",
            message="no value meets this comparison, so this part is always empty",
            place=expression.place(first) if first is not None else None,
            label=_why_impossible(part),
            why="an alert that can never fire looks like a service that is always well",
            fix="compare with a value that can be reached; absence is asked for by absent(…)",
        )


def _is_impossible(part: Expr) -> bool:
    if not isinstance(part, BinaryExpr):
        return False
    if operator(part) in COMPARISONS and not _keeps_all(part):
        return possible_values(part).is_empty or _default_cannot(part)
    if operator(part) == "and" and (part.modifier is None or part.modifier.matching is None):
        return _same_series_cannot(part)
    return False


def _default_cannot(comparison: BinaryExpr) -> bool:
    """Say whether `or vector(…)` inside an aggregation by labels gives what never passes.

    It has none of the labels, so it is a series of its own and no default for the others.
    """
    asked = _asked(comparison)
    if asked is None:
        return False
    compared, limit = bare(asked[0]), asked[1]
    if not isinstance(compared, AggregateExpr) or compared.modifier is None:
        return False
    inner = bare(compared.expr)
    if not isinstance(inner, BinaryExpr) or operator(inner) != "or":
        return False
    default = bare(inner.rhs)
    is_constant = isinstance(default, Call) and default.func.name == "vector"
    return is_constant and possible_values(default).and_also(limit).is_empty


def _same_series_cannot(conjunction: BinaryExpr) -> bool:
    left, right = _limits(conjunction.lhs), _limits(conjunction.rhs)
    return any(left[text].and_also(right[text]).is_empty for text in left.keys() & right.keys())


def _limits(expr: Expr) -> dict[str, Interval]:
    """Return what comparisons with constants ask of each compared part, by its text."""
    inner = bare(expr)
    if not isinstance(inner, BinaryExpr):
        return {}
    if operator(inner) == "and" and (inner.modifier is None or inner.modifier.matching is None):
        left, right = _limits(inner.lhs), _limits(inner.rhs)
        both = {text: left[text].and_also(right[text]) for text in left.keys() & right.keys()}
        return {**left, **right, **both}
    asked = _asked(inner)
    if asked is None:
        return {}
    compared, limit = asked
    # The parser prints a subquery without its range: two of them could only look alike.
    if any(isinstance(part, SubqueryExpr) for part in walk(compared)):
        return {}
    return {str(bare(compared)): limit}


def _asked(comparison: BinaryExpr) -> tuple[Expr, Interval] | None:
    """Return what is compared with a constant, and the values that pass; None for the rest."""
    sign = operator(comparison)
    if sign not in COMPARISONS or _keeps_all(comparison):
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


def possible_values(expr: Expr) -> Interval:
    """Return which values the result can have; what is outside is certainly impossible.

    Not-a-number is left out, since only != lets it pass.
    """
    inner = bare(expr)
    constant = number(inner)
    if constant is not None and not isnan(constant):
        return Interval(constant, constant)
    match inner:
        case AggregateExpr() if operator(inner) in _WITHIN:
            return possible_values(inner.expr)
        case AggregateExpr():
            return _BY_AGGREGATION.get(operator(inner), _ANY)
        case Call():
            is_vector = inner.func.name == "vector"
            return (
                possible_values(inner.args[0])
                if is_vector
                else _BY_FUNCTION.get(inner.func.name, _ANY)
            )
        case BinaryExpr():
            return _of_operator(inner)
    return _ANY


def _of_operator(expr: BinaryExpr) -> Interval:
    asked = _asked(expr)
    if asked is not None:
        compared, limit = asked
        return possible_values(compared).and_also(limit)
    return possible_values(expr.lhs) if operator(expr) in ("and", "unless") else _ANY


def _why_impossible(part: Expr) -> str:
    asked = _asked(part) if isinstance(part, BinaryExpr) else None
    if isinstance(part, BinaryExpr) and not possible_values(part).is_empty and asked is not None:
        return "vector() has none of the labels, and never passes"
    if asked is None:
        return "both cannot hold for one series"
    compared = bare(asked[0])
    while isinstance(compared, AggregateExpr) and operator(compared) in _WITHIN:
        compared = bare(compared.expr)
    name = operator(compared) if isinstance(compared, AggregateExpr) else ""
    if isinstance(compared, Call):
        name = compared.func.name
    values = possible_values(compared)
    if not name:
        return "no value is left"
    if values.low == values.high:
        return f"{name}() is always {values.low:g}"
    top = "" if values.high == inf else f" and at most {values.high:g}"
    return f"{name}() is at least {values.low:g}{top}"
