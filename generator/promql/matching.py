"""Labels that an expression asks for after it dropped them."""

from collections.abc import Iterator

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    BinModifier,
    Call,
    Expr,
    LabelModifierType,
    VectorMatchCardinality,
    VectorSelector,
)

from generator.promql.finding import Expression, Finding, Setting
from generator.promql.labels import Labels, possible_labels
from generator.promql.tree import bare, is_scalar, metric, number, operator, walk


def check_matching(expression: Expression, setting: Setting) -> Iterator[Finding]:
    """Yield aggregations and joins that ask for labels which are certainly gone."""
    for part in expression.parts():
        match part:
            case AggregateExpr():
                yield from _check_by(expression, part)
            case BinaryExpr() if not (is_scalar(part.lhs) or is_scalar(part.rhs)):
                yield from _check_join(expression, part)
            case Call() if part.func.name == "histogram_quantile":
                yield from _check_quantile(expression, part)
            case _:
                pass
    labels = possible_labels(expression.top)
    for name in setting.kept:
        if not labels.may_have(name):
            yield Finding(
                code="environment-missing",
                message=f"the result loses the label `{name}`",
                place=None,
                label=f"must keep `{name}`",
                why="an alert without it looks as if it came from nowhere, and is routed so",
                fix=f"add it to each aggregation: by ({name})",
            )


def _check_by(expression: Expression, part: AggregateExpr) -> Iterator[Finding]:
    if part.modifier is None or part.modifier.type != AggModifierType.By:
        return
    # `or vector(0)` has no labels on purpose: a default where the label is optional.
    for branch in (branch for branch in _branches(part.expr) if not _is_constant(branch)):
        labels = possible_labels(branch)
        for name in part.modifier.labels:
            if not labels.may_have(name):
                yield _dropped(expression, part, name, f"{operator(part)} by ({name})")


def _branches(expr: Expr) -> Iterator[Expr]:
    """Yield the alternatives of an `or`."""
    inner = bare(expr)
    if isinstance(inner, BinaryExpr) and operator(inner) == "or":
        yield from _branches(inner.lhs)
        yield from _branches(inner.rhs)
    else:
        yield inner


def _dropped(expression: Expression, part: Expr, name: str, where: str) -> Finding:
    return Finding(
        code="group-label-dropped",
        message=f"{where} asks for a label that is gone before",
        place=expression.place(part),
        label=f"nothing inside has `{name}`",
        why="what is missing counts as empty, so all series fall into one, or none match",
        fix=f"keep `{name}` in what is inside, or leave it out here",
    )


def _check_join(expression: Expression, join: BinaryExpr) -> Iterator[Finding]:
    if operator(join) == "or":
        return
    left, right = possible_labels(join.lhs), possible_labels(join.rhs)
    modifier = join.modifier
    if modifier is None or modifier.matching is None:
        yield from _check_plain(expression, join, left, right)
    elif modifier.matching.type == LabelModifierType.Include:
        yield from _check_on(expression, join, modifier, left, right)


def _check_on(
    expression: Expression, join: BinaryExpr, modifier: BinModifier, left: Labels, right: Labels
) -> Iterator[Finding]:
    for name in modifier.matching.labels if modifier.matching is not None else ():
        if left.may_have(name) != right.may_have(name):
            side = join.rhs if left.may_have(name) else join.lhs
            yield _dropped(expression, _first(expression, side), name, f"on ({name})")
    is_many_left = modifier.card == VectorMatchCardinality.ManyToOne
    side, labels = (join.rhs, right) if is_many_left else (join.lhs, left)
    for name in modifier.group_labels or []:
        if not labels.may_have(name):
            where = f"{'group_left' if is_many_left else 'group_right'} ({name})"
            yield _dropped(expression, _first(expression, side), name, where)


def _check_plain(
    expression: Expression, join: BinaryExpr, left: Labels, right: Labels
) -> Iterator[Finding]:
    """Without `on`, both sides must have the same labels: certain only after aggregations."""
    if left.all_but or right.all_but or left.names == right.names:
        return
    if _is_constant(join.lhs) or _is_constant(join.rhs):
        return
    only = sorted(left.names ^ right.names)
    yield Finding(
        code="matching-impossible",
        message=f"the two sides of `{operator(join)}` have different labels",
        place=expression.place(_first(expression, join)),
        label=f"only one side has `{only[0]}`",
        why="without on(…), only series with the very same labels are matched: here none",
        fix=f"aggregate both sides by the same labels, or write {operator(join)} on (…)",
    )


def _is_constant(expr: Expr) -> bool:
    """`vector(1)` has no labels on purpose."""
    inner = bare(expr)
    return number(inner) is not None or (isinstance(inner, Call) and inner.func.name == "vector")


def _first(expression: Expression, expr: Expr) -> Expr:
    """Return the first part whose place is known, to mark it; else the whole."""
    return next((part for part in walk(expr) if expression.place(part) is not None), expr)


def _check_quantile(expression: Expression, call: Call) -> Iterator[Finding]:
    quantile = number(call.args[0]) if isinstance(call.args[0], Expr) else None
    if quantile is not None and not 0 <= quantile <= 1:
        yield Finding(
            code="quantile-range",
            message=f"there is no quantile {quantile:g}",
            place=expression.place(call),
            label="must be from 0 to 1",
            why="histogram_quantile() gives infinity for anything else",
            fix=f"write {quantile / 100:g}" if 1 < quantile <= 100 else "write 0.99 or the like",
        )
    buckets = [
        part
        for part in walk(call)
        if isinstance(part, VectorSelector) and metric(part).endswith("_bucket")
    ]
    if buckets and not possible_labels(call.args[1]).may_have("le"):
        yield Finding(
            code="group-label-dropped",
            message="histogram_quantile() needs the label `le`, and it is gone before",
            place=expression.place(buckets[0]),
            label="must keep `le`",
            why="`le` says which bucket a series is: without it there is no quantile",
            fix="add `le` to the aggregation: sum by (le) (rate(…[5m]))",
        )
