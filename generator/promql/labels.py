"""Which labels the series of a PromQL result can have."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    BinModifier,
    Call,
    Expr,
    LabelModifierType,
    MatchOp,
    MatrixSelector,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    VectorMatchCardinality,
    VectorSelector,
)

from generator.promql.tree import bare, is_scalar, operator

# They pick series instead of merging them, so each keeps its labels.
_PICKING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_ADDING = {"label_replace": 1, "label_join": 1}  # which argument names the label they add
_FREE = frozenset({"scalar", "vector", "time", "pi"})
_ABSENT = frozenset({"absent", "absent_over_time"})


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that series may have: those named, or every label but those named."""

    names: frozenset[str]
    all_but: bool

    def may_have(self, name: str) -> bool:
        """Say whether a series can have the label; False is certain."""
        return (name in self.names) != self.all_but

    def keep(self, names: Iterable[str]) -> "Labels":
        """Return what is left when only these labels are kept."""
        return Labels(frozenset(name for name in names if self.may_have(name)), False)

    def drop(self, names: Iterable[str]) -> "Labels":
        """Return what is left when these labels are dropped."""
        gone = frozenset(names)
        return Labels(self.names | gone if self.all_but else self.names - gone, self.all_but)

    def add(self, names: Iterable[str]) -> "Labels":
        """Return what there may be when these labels are set."""
        new = frozenset(names)
        return Labels(self.names - new if self.all_but else self.names | new, self.all_but)

    def both(self, other: "Labels") -> "Labels":
        """Return what a series may have that is in both."""
        if self.all_but and other.all_but:
            return Labels(self.names | other.names, True)
        if self.all_but or other.all_but:
            wide, narrow = (self, other) if self.all_but else (other, self)
            return Labels(narrow.names - wide.names, False)
        return Labels(self.names & other.names, False)

    def either(self, other: "Labels") -> "Labels":
        """Return what a series of one of the two may have."""
        if self.all_but and other.all_but:
            return Labels(self.names & other.names, True)
        if self.all_but or other.all_but:
            wide, narrow = (self, other) if self.all_but else (other, self)
            return Labels(wide.names - narrow.names, True)
        return Labels(self.names | other.names, False)


NONE = Labels(frozenset(), False)
ANY = Labels(frozenset(), True)


def possible_labels(expr: Expr) -> Labels:
    """Return the labels that the result's series may have, the metric's name apart.

    A label that is not possible is certainly absent; one that is possible may
    be absent too. Source: Prometheus documentation, "Operators", aggregation
    and vector matching, and "Functions".
    """
    if is_scalar(expr):
        return NONE
    match expr:
        case VectorSelector():
            labels = _selected(expr)
        case MatrixSelector():
            labels = _selected(expr.vector_selector)
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            labels = possible_labels(expr.expr)
        case AggregateExpr():
            labels = _aggregated(expr)
        case BinaryExpr():
            labels = _joined(expr)
        case Call():
            labels = _called(expr)
        case _:
            labels = ANY
    return labels


def _selected(selector: VectorSelector) -> Labels:
    empty = [m.name for m in selector.matchers.matchers if m.op == MatchOp.Equal and not m.value]
    return ANY.drop(empty) if not selector.matchers.or_matchers else ANY


def _aggregated(expr: AggregateExpr) -> Labels:
    inner = possible_labels(expr.expr)
    if operator(expr) in _PICKING:
        return inner
    if expr.modifier is None:
        kept = NONE
    elif expr.modifier.type == AggModifierType.By:
        kept = inner.keep(expr.modifier.labels)
    else:
        kept = inner.drop(expr.modifier.labels)
    if operator(expr) == "count_values":
        named = expr.param.val if isinstance(expr.param, StringLiteral) else expr.param
        return kept.add([str(named)])
    return kept


def _joined(expr: BinaryExpr) -> Labels:
    if is_scalar(expr.lhs) or is_scalar(expr.rhs):
        return possible_labels(expr.rhs if is_scalar(expr.lhs) else expr.lhs)
    left, right = possible_labels(expr.lhs), possible_labels(expr.rhs)
    match operator(expr):
        case "and" | "unless":
            return left
        case "or":
            return left.either(right)
    modifier: BinModifier | None = expr.modifier
    if modifier is None or modifier.card == VectorMatchCardinality.OneToOne:
        return _matched(left, right, modifier)
    many, one = (left, right)
    if modifier.card == VectorMatchCardinality.OneToMany:
        many, one = right, left
    included = modifier.group_labels or []
    return many.drop(included).add(name for name in included if one.may_have(name))


def _matched(left: Labels, right: Labels, modifier: BinModifier | None) -> Labels:
    """One series of each side, alike in what they are matched on; `fill` takes one alone."""
    if modifier is None:
        return left.both(right)
    filled = modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None
    labels = left.either(right) if filled else left.both(right)
    if modifier.matching is None:
        return labels
    if modifier.matching.type == LabelModifierType.Include:
        return labels.keep(modifier.matching.labels)
    return labels.drop(modifier.matching.labels)


def _called(expr: Call) -> Labels:
    name = expr.func.name
    if name in _FREE or not expr.args:
        return NONE
    if name in _ABSENT:
        return _of_absent(expr.args[0])
    if name == "info":
        return ANY
    inner = reduce(Labels.either, (possible_labels(argument) for argument in _series(expr)), NONE)
    if name in _ADDING:
        label = expr.args[_ADDING[name]]
        return inner.add([label.val]) if isinstance(label, StringLiteral) else ANY
    return inner.drop(["le"]) if name == "histogram_quantile" else inner


def _series(expr: Call) -> Iterable[Expr]:
    return (
        arg for arg in expr.args if isinstance(arg, Expr) and not isinstance(arg, StringLiteral)
    )


def _of_absent(argument: Expr) -> Labels:
    """`absent` takes the labels that `=` matchers name, when it is given a plain selector."""
    selector = bare(argument)
    if isinstance(selector, MatrixSelector):
        selector = selector.vector_selector
    if not isinstance(selector, VectorSelector):
        return NONE
    equal = [m.name for m in selector.matchers.matchers if m.op == MatchOp.Equal and m.value]
    return NONE.add(name for name in equal if name != "__name__")
