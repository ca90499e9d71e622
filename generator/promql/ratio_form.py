"""Which PromQL of others is a plain ratio of counters, and which selectors it counts."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import promql_parser

from generator.promql.check import (
    Selector,
    check_expression,
    parse_expression,
    parse_selector,
    selector_of,
)
from generator.promql.text import WINDOW, set_window
from generator.promql.tree import bare, walk
from guardia.duration import format_duration

Part = Literal["bad", "good"]

# A length that nobody writes, so that a range of this length was `$window`.
MARKED_WINDOW = timedelta(milliseconds=98_765_432)

_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`"
_STRING_OR_COMMENT = re.compile(rf"({_STRING})|#[^\n]*", re.DOTALL)
_RANGE = re.compile(rf"\[\s*{re.escape(WINDOW)}\s*\]")
_SUBQUERY = re.compile(rf"\[\s*{re.escape(WINDOW)}\s*:\s*\]")
_SELECTOR_BEFORE = re.compile(r"(?:[a-zA-Z_:][\w:]*\s*)?(?:\{[^{}]*\}\s*)?\Z", re.ASCII)
_NO_SELECTOR = "no plain selector stands before the range"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioForm:
    """Bad or good events of all, as selectors of the author's text; `by` labels keep budgets apart.

    The selectors are cut from the text, never printed from the parsed form.
    """

    part: Part
    counted: Selector
    total: Selector
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Summed:
    """`sum by (…) (rate(SELECTOR[$window]))`, or the same with increase."""

    function: str
    by: tuple[str, ...]
    selector: promql_parser.VectorSelector


def without_comments(expression: str) -> str:
    """Return the PromQL without its comments, which would swallow what is written behind it."""
    return _STRING_OR_COMMENT.sub(lambda match: match[1] or "", expression).strip()


def parse_with_window(expression: str) -> Any:
    """Return the parsed form of PromQL that holds `$window`; its ranges are MARKED_WINDOW long.

    Raises ValueError with the parser's reason.
    """
    text = set_window(expression, MARKED_WINDOW)
    reason = check_expression(text)
    if reason is not None:
        raise ValueError(reason)
    return parse_expression(text)


def match_events(bad: str, total: str) -> RatioForm | None:
    """Return the plain ratio that two expressions over `$window` make, or None for any other form.

    Known: sums of rates (or increases) of one selector each, with the same
    `by`; and for the bad events the total less the good ones. `or vector(0)`
    around a sum is left out: the rules count missing bad events as none.
    Raises ValueError when an expression is not valid PromQL, or a selector is
    none that the catalog takes.
    """
    counted, whole = parse_with_window(bad), parse_with_window(total)
    all_events = _summed(whole)
    if all_events is None:
        return None
    texts = [*_selector_texts(bad), *_selector_texts(total)]
    return _form("bad", counted, all_events, texts)


def match_error_ratio(expression: str) -> RatioForm | None:
    """Return the plain ratio that one expression over `$window` divides, or None.

    Known: bad / total, (total - good) / total, and 1 - good / total. Raises
    ValueError as `match_events` does.
    """
    node: Any = bare(parse_with_window(expression))
    part: Part = "bad"
    if _is_operation(node, "-") and _is_number(node.lhs, 1):
        node, part = bare(node.rhs), "good"
    if not _is_operation(node, "/"):
        return None
    all_events = _summed(node.rhs)
    if all_events is None:
        return None
    return _form(part, node.lhs, all_events, _selector_texts(expression))


def _form(
    part: Part, counted: Any, total: _Summed, texts: tuple[str, ...] | list[str]
) -> RatioForm | None:
    found = [total]
    one = _summed(counted)
    if one is None and part == "bad":
        one, part = _rest_of(counted, total), "good"
        found.append(total)
    if one is None or (one.by, one.function) != (total.by, total.function):
        return None
    found.append(one)
    if len(texts) != len(found):
        return None  # something else over the window stands in the text
    return RatioForm(
        part=part, counted=_cut(one, texts), total=_cut(total, texts), by=tuple(sorted(one.by))
    )


def _rest_of(node: Any, total: _Summed) -> _Summed | None:
    """Return the good events where the bad ones are written as the total less those."""
    node = bare(node)
    if not _is_operation(node, "-"):
        return None
    whole, good = _summed(node.lhs), _summed(node.rhs)
    same = whole is not None and _same(whole.selector, total.selector)
    return good if same and whole is not None and whole.by == total.by else None


def _summed(node: Any) -> _Summed | None:
    node = bare(node)
    if _is_operation(node, "or") and _is_zero_vector(node.rhs):
        return _summed(node.lhs)
    if not isinstance(node, promql_parser.AggregateExpr) or str(node.op) != "sum":
        return None
    by = _by(node.modifier)
    call = bare(node.expr)
    if by is None or not isinstance(call, promql_parser.Call):
        return None
    if call.func.name not in ("rate", "increase"):
        return None
    ranged = bare(call.args[0])
    if not isinstance(ranged, promql_parser.MatrixSelector) or ranged.range != MARKED_WINDOW:
        return None
    return _Summed(call.func.name, by, ranged.vector_selector)


def _by(modifier: Any) -> tuple[str, ...] | None:
    if modifier is None:
        return ()
    if modifier.type != promql_parser.AggModifierType.By:
        return None
    return tuple(sorted(modifier.labels))


def _cut(summed: _Summed, texts: tuple[str, ...] | list[str]) -> Selector:
    """Return the piece of the text that selects what the parsed form selects."""
    for text in texts:
        if _same(parse_expression(text), summed.selector):
            return parse_selector(text)
    raise ValueError(_NO_SELECTOR)


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # the parser's own form, which leaves nothing out


def _selector_texts(expression: str) -> list[str]:
    """Return what stands before each `[$window]`, as written."""
    masked = _mask_strings(expression)
    texts = []
    for match in _RANGE.finditer(masked):
        before = _SELECTOR_BEFORE.search(masked[: match.start()])
        text = expression[before.start() : match.start()].strip() if before else ""
        if not text:
            return []  # a subquery: no plain ratio
        texts.append(text)
    return texts


def _mask_strings(expression: str) -> str:
    return re.sub(_STRING, lambda match: "_" * len(match[0]), expression, flags=re.DOTALL)


def with_step(expression: str, step: timedelta) -> str:
    """Return the PromQL with a step for the subqueries over `$window` that name none."""
    masked = _mask_strings(expression)
    pieces, done = [], 0
    for match in _SUBQUERY.finditer(masked):
        pieces += [expression[done : match.start()], f"[{WINDOW}:{format_duration(step)}]"]
        done = match.end()
    return "".join([*pieces, expression[done:]])


def grouping(node: Any) -> tuple[str, ...] | None:
    """Return the labels that the parsed form's result has, or None where that cannot be told."""
    node = bare(node)
    match node:
        case promql_parser.AggregateExpr():
            return _by(node.modifier)
        case promql_parser.NumberLiteral():
            return ()
        case promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            return grouping(node.expr)
        case promql_parser.BinaryExpr():
            return _grouping_of_both(node)
        case promql_parser.Call():
            return _grouping_of_call(node)
        case _:
            return None


def _grouping_of_both(node: Any) -> tuple[str, ...] | None:
    left, right = grouping(node.lhs), grouping(node.rhs)
    if _is_operation(node, "or") and _is_zero_vector(node.rhs):
        return left
    for one, other in ((node.lhs, right), (node.rhs, left)):
        if isinstance(bare(one), promql_parser.NumberLiteral):
            return other
    return left if left == right else None


def _grouping_of_call(node: Any) -> tuple[str, ...] | None:
    if node.func.name in ("vector", "scalar", "time"):
        return ()
    vectors = [
        argument
        for argument in node.args
        if not isinstance(bare(argument), promql_parser.NumberLiteral)
    ]
    return grouping(vectors[0]) if len(vectors) == 1 else None


def counts_only(node: Any) -> bool:
    """Say whether every range in the parsed form is that of a rate or an increase of `$window`."""
    ranges = [found for found in walk(node) if _is_range(found)]
    counted = [found for found in walk(node) if _counts_over_the_window(found)]
    return bool(ranges) and len(counted) == len(ranges)


def _counts_over_the_window(node: Any) -> bool:
    if not isinstance(node, promql_parser.Call) or node.func.name not in ("rate", "increase"):
        return False
    ranged = bare(node.args[0])
    return isinstance(ranged, promql_parser.MatrixSelector) and ranged.range == MARKED_WINDOW


def _is_range(node: Any) -> bool:
    return isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr)


def selectors(node: Any) -> tuple[Selector, ...] | None:
    """Return every selector in the parsed form, without texts; None where we refuse one."""
    parsed = [part for part in walk(node) if isinstance(part, promql_parser.VectorSelector)]
    found = [selector_of(part) for part in parsed]
    known = tuple(selector for selector in found if selector is not None)
    return known if len(known) == len(found) else None


def _is_operation(node: Any, operator: str) -> bool:
    """Say whether the node applies the operator, and pairs its sides by all their labels.

    What `or` pairs by makes no difference here: its right side is a plain zero.
    """
    if not isinstance(node, promql_parser.BinaryExpr) or str(node.op) != operator:
        return False
    return operator == "or" or node.modifier is None or node.modifier.matching is None


def _is_number(node: Any, value: float) -> bool:
    node = bare(node)
    return isinstance(node, promql_parser.NumberLiteral) and node.val == value


def _is_zero_vector(node: Any) -> bool:
    node = bare(node)
    return (
        isinstance(node, promql_parser.Call)
        and node.func.name == "vector"
        and _is_number(node.args[0], 0)
    )
