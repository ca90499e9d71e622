"""Whether an example of one steady series gives what its author says, where that is sure."""

from promql_parser import BinaryExpr, Call, VectorSelector

from generator.promql.check import parse_selector, selector_of
from generator.promql.constant import evaluate_constant
from generator.promql.finding import read_expression
from generator.promql.tree import number, walk
from guardia.matcher import matches_all

# Their result depends on how many samples there are.
_COUNTING = frozenset({"count_over_time", "sum_over_time"})


def contradicts(text: str, series: str, value: float, *, fires: bool) -> bool:
    """Say whether valid PromQL cannot give a result (`fires`), or no result, for this series.

    It stays at `value`, and is the only one there is. What is not known to
    contradict does not.
    """
    top = read_expression(text).top
    parts = list(walk(top))
    if any(isinstance(part, Call) and part.func.name in _COUNTING for part in parts):
        return False
    if not all(_reads(part, series) for part in parts if isinstance(part, VectorSelector)):
        return False
    # Between two vectors, labels may keep from matching what has the right values.
    if not fires and any(isinstance(part, BinaryExpr) and _is_of_vectors(part) for part in parts):
        return False
    try:
        result = evaluate_constant(top, value)
    except ValueError:
        return False
    return (result is None) == fires


def _reads(selector: VectorSelector, series: str) -> bool:
    known, example = selector_of(selector), parse_selector(series)
    if known is None or known.metric != example.metric:
        return False
    return matches_all(known.matchers, {one.name: one.value for one in example.matchers})


def _is_of_vectors(part: BinaryExpr) -> bool:
    return number(part.lhs) is None and number(part.rhs) is None
