"""Whether an alert's expression can be empty, and whether it can be anything else."""

import re
from collections.abc import Iterator
from math import inf

from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, SubqueryExpr, VectorSelector

from generator.promql.finding import Expression, Finding
from generator.promql.tree import COMPARISONS, bare, children, metric, operator, walk
from generator.promql.values import WITHIN, Interval, asked, keeps_all, possible_values

# Present only while something is wrong, or made by a rule that may compare already.
_CONDITION_BY_ITSELF = re.compile(r":|^ALERTS$|_info$")
# Of a rate, a zero is a result too; a constant vector is meant to be there.
_EMPTY = {
    **dict.fromkeys(("absent", "absent_over_time", "vector"), True),
    **dict.fromkeys(("rate", "irate", "increase"), False),
}


def check_fires_always(expression: Expression) -> Iterator[Finding]:
    """Yield a finding when the alert fires as long as its series exist."""
    culprit = bare(expression.top)
    while isinstance(culprit, BinaryExpr) and operator(culprit) == "or":
        culprit = bare(culprit.rhs if _can_be_empty(culprit.lhs) else culprit.lhs)
    if not _can_be_empty(culprit):
        compares = any(isinstance(part, BinaryExpr) and keeps_all(part) for part in walk(culprit))
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
            return not keeps_all(inner)
        case Call() if inner.func.name in _EMPTY:
            return _EMPTY[inner.func.name]
    return any(_can_be_empty(child) for child in children(inner))


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
    if operator(part) in COMPARISONS and not keeps_all(part):
        return possible_values(part).is_empty or _default_cannot(part)
    if operator(part) == "and" and (part.modifier is None or part.modifier.matching is None):
        return _same_series_cannot(part)
    return False


def _default_cannot(comparison: BinaryExpr) -> bool:
    """Say whether `or vector(…)` inside an aggregation by labels gives what never passes.

    It has none of the labels, so it is a series of its own and no default for the others.
    """
    limited = asked(comparison)
    if limited is None:
        return False
    compared, limit = bare(limited[0]), limited[1]
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
    limited = asked(inner)
    if limited is None:
        return {}
    compared, limit = limited
    # The parser prints a subquery without its range: two of them could only look alike.
    if any(isinstance(part, SubqueryExpr) for part in walk(compared)):
        return {}
    return {str(bare(compared)): limit}


def _why_impossible(part: Expr) -> str:
    limited = asked(part) if isinstance(part, BinaryExpr) else None
    if isinstance(part, BinaryExpr) and not possible_values(part).is_empty and limited is not None:
        return "vector() has none of the labels, and never passes"
    if limited is None:
        return "both cannot hold for one series"
    compared = bare(limited[0])
    while isinstance(compared, AggregateExpr) and operator(compared) in WITHIN:
        compared = bare(compared.expr)
    values = possible_values(compared)
    name = _called(compared)
    if values.low == values.high:
        return f"{name} is always {values.low:g}"
    ends = [f"at least {values.low:g}"] if values.low != -inf else []
    ends += [f"at most {values.high:g}"] if values.high != inf else []
    return f"{name} is {' and '.join(ends)}" if ends else "no value is left"


def _called(compared: Expr) -> str:
    match compared:
        case Call():
            return f"{compared.func.name}()"
        case AggregateExpr():
            return f"{operator(compared)}()"
        case VectorSelector():
            return metric(compared)
    return "this"
