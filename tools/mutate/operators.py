"""The table of all operators: each way to make a rule wrong that a test should notice."""

from dataclasses import dataclass

from tools.mutate import expression_operators as promql
from tools.mutate import rule_operators as around
from tools.mutate.expression_operators import FindEdits, Mutate, in_expression

RULES, ANNOTATIONS = "rules", "annotations"  # the classes that are reported apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A named way to change a rule; `mutate` gives every mutant that it makes of one."""

    name: str
    mutate: Mutate
    kind: str = RULES


def _promql(name: str, find_edits: FindEdits) -> Operator:
    return Operator(name=name, mutate=in_expression(find_edits))


def _around(name: str, mutate: Mutate) -> Operator:
    return Operator(name=name, mutate=mutate)


_COMPARISON_TURNED = {
    ">": ("<",), "<": (">",), ">=": ("<",), "<=": (">",), "==": ("!=",), "!=": ("==",),
}  # fmt: skip
_COMPARISON_EDGE = {">": (">=",), "<": ("<=",), ">=": (">",), "<=": ("<",)}
_ARITHMETIC = {"*": ("/",), "/": ("*",), "+": ("-",), "-": ("+",)}
_AGGREGATION = {
    "sum": ("max", "avg"), "count": ("sum",), "min": ("max",), "max": ("min",), "avg": ("max",),
}  # fmt: skip
_RANGE_FUNCTION = {
    "rate": ("irate", "increase"),
    "irate": ("rate",),
    "increase": ("rate",),
    "sum_over_time": ("avg_over_time", "max_over_time"),
    "avg_over_time": ("sum_over_time", "max_over_time"),
    "max_over_time": ("min_over_time", "avg_over_time"),
    "min_over_time": ("max_over_time", "avg_over_time"),
    "count_over_time": ("sum_over_time",),
    "last_over_time": ("max_over_time",),
}

# Two operators may make the same mutant; it is counted once, for the earlier of them.
OPERATORS: tuple[Operator, ...] = (
    _around("rule-removed", around.remove),
    _around("name-changed", around.rename),
    _around("severity-next", around.next_severity),
    _around("label-changed", around.change_labels),
    _around("label-dropped", around.drop_labels),
    _around("for-doubled", around.scale_time("for", 2)),
    _around("for-halved", around.scale_time("for", 0.5)),
    _around("for-removed", around.remove_time("for")),
    _around("for-added", around.add_time("for")),
    _around("keep-firing-doubled", around.scale_time("keep_firing_for", 2)),
    _around("keep-firing-halved", around.scale_time("keep_firing_for", 0.5)),
    _around("keep-firing-removed", around.remove_time("keep_firing_for")),
    _around("keep-firing-added", around.add_time("keep_firing_for")),
    _promql("threshold-raised", promql.scale_thresholds("1.1")),
    _promql("threshold-lowered", promql.scale_thresholds("0.9")),
    _promql("number-doubled", promql.scale_numbers("2")),
    _promql("number-halved", promql.scale_numbers("0.5")),
    _promql("zero-to-one", promql.replace_zeros),
    _promql("comparison-turned", promql.replace_signs(_COMPARISON_TURNED)),
    _promql("comparison-edge", promql.replace_signs(_COMPARISON_EDGE)),
    _promql("arithmetic-replaced", promql.replace_signs(_ARITHMETIC)),
    _promql("window-doubled", promql.scale_windows(2)),
    _promql("window-halved", promql.scale_windows(0.5)),
    _promql("offset-doubled", promql.double_offsets),
    _promql("and-to-or", promql.replace_words({"and": ("or",)})),
    _promql("or-to-and", promql.replace_words({"or": ("and",)})),
    _promql("unless-to-and", promql.replace_words({"unless": ("and",)})),
    _promql("fallback-removed", promql.drop_fallbacks),
    _promql("fallback-unlabelled", promql.unlabel_fallbacks),
    _promql("clause-removed", promql.remove_clauses),
    _promql("matcher-dropped", promql.drop_matchers),
    _promql("matcher-turned", promql.turn_matchers),
    _promql("matcher-changed", promql.change_matcher_values),
    _promql("aggregation-replaced", promql.replace_calls(_AGGREGATION)),
    _promql("grouping-dropped", promql.drop_label_lists),
    _promql("grouping-label-dropped", promql.drop_listed_labels),
    _promql("range-function-replaced", promql.replace_calls(_RANGE_FUNCTION)),
    _promql("clamp-removed", promql.remove_clamps),
    Operator(name="annotation-dropped", mutate=around.drop_annotations, kind=ANNOTATIONS),
)
