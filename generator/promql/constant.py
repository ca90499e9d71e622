"""What PromQL gives when its one gauge stays at one value: enough to find examples for a test."""

from collections.abc import Callable
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Any

import promql_parser

from generator.promql.tree import walk

_SAMPLES = 60.0  # of a range; any number gives the same ratio
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
_OVER_TIME: dict[str, Callable[[float], float]] = {
    "sum_over_time": lambda value: value * _SAMPLES,
    "count_over_time": lambda value: _SAMPLES,
    "avg_over_time": lambda value: value,
    "min_over_time": lambda value: value,
    "max_over_time": lambda value: value,
    "last_over_time": lambda value: value,
}
_AGGREGATIONS: dict[str, Callable[[float], float]] = {
    "sum": lambda value: value,
    "avg": lambda value: value,
    "min": lambda value: value,
    "max": lambda value: value,
    "count": lambda value: 1.0,
    "group": lambda value: 1.0,
}


def find_constant(node: Any, wanted: float) -> float | None:
    """Return a value of the gauge for which the parsed form gives `wanted`, or None.

    Tried are 0, 1, and what lies at and around each number in the text.
    Raises ValueError for PromQL that this does not know.
    """
    written = [part.val for part in walk(node) if isinstance(part, promql_parser.NumberLiteral)]
    near = [value + step for value in written for step in (0.0, 1.0, -1.0)]
    for value in dict.fromkeys([1.0, 0.0, *near]):
        if evaluate_constant(node, value) == wanted:
            return value
    return None


def evaluate_constant(node: Any, value: float) -> float | None:
    """Return what the parsed form gives while its only series stays at `value`; None: nothing.

    Raises ValueError for PromQL that this does not know.
    """
    found: float | None
    match node:
        case promql_parser.NumberLiteral():
            found = float(node.val)
        case promql_parser.VectorSelector() if node.offset is None and node.at is None:
            found = value
        case promql_parser.MatrixSelector():
            found = evaluate_constant(node.vector_selector, value)
        case promql_parser.SubqueryExpr() if node.offset is None and node.at is None:
            found = evaluate_constant(node.expr, value)
        case promql_parser.UnaryExpr():  # the parser keeps only minus
            inner = evaluate_constant(node.expr, value)
            found = None if inner is None else -inner
        case promql_parser.ParenExpr():
            found = evaluate_constant(node.expr, value)
        case promql_parser.AggregateExpr() if node.param is None:
            found = _apply(_AGGREGATIONS, str(node.op), evaluate_constant(node.expr, value))
        case promql_parser.Call():
            found = _call(node, value)
        case promql_parser.BinaryExpr():
            found = _binary(node, value)
        case _:
            raise ValueError("this PromQL cannot be tried out")
    return found


def _apply(
    known: dict[str, Callable[[float], float]], name: str, inner: float | None
) -> float | None:
    if name not in known:
        raise ValueError(f"`{name}` cannot be tried out")
    return None if inner is None else known[name](inner)


def _call(node: Any, value: float) -> float | None:
    arguments = [evaluate_constant(argument, value) for argument in node.args]
    name = node.func.name
    if name in ("vector", "scalar") and len(arguments) == 1:
        return arguments[0]
    if name in ("clamp_min", "clamp_max") and None not in arguments:
        first, bound = (float(argument) for argument in arguments if argument is not None)
        return max(first, bound) if name == "clamp_min" else min(first, bound)
    if len(arguments) != 1:
        raise ValueError(f"`{name}` cannot be tried out")
    return _apply(_OVER_TIME, name, arguments[0])


def _binary(node: Any, value: float) -> float | None:
    left, right = evaluate_constant(node.lhs, value), evaluate_constant(node.rhs, value)
    operator = str(node.op)
    if operator in ("or", "and", "unless"):
        return _set_operation(operator, left, right)
    if left is None or right is None:
        return None
    if operator == "/":
        return left / right if right else None
    if operator in _ARITHMETIC:
        return _ARITHMETIC[operator](left, right)
    if operator not in _COMPARISONS:
        raise ValueError(f"`{operator}` cannot be tried out")
    holds = _COMPARISONS[operator](left, right)
    if node.modifier is not None and node.modifier.return_bool:
        return float(holds)
    kept = right if isinstance(node.lhs, promql_parser.NumberLiteral) else left
    return kept if holds else None


def _set_operation(operator: str, left: float | None, right: float | None) -> float | None:
    if operator == "or":
        return right if left is None else left
    return left if (right is None) == (operator == "unless") else None
