"""PromQL as a tree: its parts in the order they are written, and where each name stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATORS = frozenset({"and", "or", "unless"})

_TOKEN = re.compile(
    r"""(?P<skipped>\#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[0-9.][\w.]*)
    |(?P<word>[a-zA-Z_:][\w:]*)|(?P<sign>\S)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_KEYWORDS = SET_OPERATORS | {"bool", "offset", "atan2", "inf", "nan", "start", "end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A name in an expression, and how many times it stood there as a whole word before."""

    piece: str
    nth: int


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the parts of an expression in the order they are written."""
    match expr:
        case AggregateExpr():
            return (expr.param, expr.expr) if isinstance(expr.param, Expr) else (expr.expr,)
        case BinaryExpr():
            return expr.lhs, expr.rhs
        case Call():
            return tuple(argument for argument in expr.args if isinstance(argument, Expr))
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            return (expr.expr,)
        case MatrixSelector():
            return (expr.vector_selector,)
    return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and all its parts, each before what it is made of."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def is_deeper(expr: Expr, most: int) -> bool:
    """Say whether parts stand inside each other more than `most` times; walks without recursion."""
    level = [expr]
    for _ in range(most + 1):
        level = [child for part in level for child in children(part)]
        if not level:
            return False
    return True


def bare(expr: Expr) -> Expr:
    """Return an expression without the parentheses around it."""
    while isinstance(expr, ParenExpr):
        expr = expr.expr
    return expr


def operator(expr: AggregateExpr | BinaryExpr) -> str:
    """Return `sum`, `/`, `and` and so on."""
    return str(expr.op).strip()


def metric(selector: VectorSelector) -> str:
    """Return the metric's name, or the empty text when the selector names none."""
    if selector.name:
        return str(selector.name)
    named = (m.value for m in selector.matchers.matchers if m.name == "__name__")
    return next(named, "")


def number(expr: Expr) -> float | None:
    """Return the constant that an expression is, or None."""
    inner = bare(expr)
    if isinstance(inner, UnaryExpr):  # the parser keeps only minus
        value = number(inner.expr)
        return None if value is None else -value
    return inner.val if isinstance(inner, NumberLiteral) else None


def is_scalar(expr: Expr) -> bool:
    """Say whether an expression gives one number without labels."""
    inner = bare(expr)
    match inner:
        case NumberLiteral():
            return True
        case UnaryExpr():
            return is_scalar(inner.expr)
        case Call():
            return inner.func.name in ("scalar", "time", "pi")
        case BinaryExpr():
            return is_scalar(inner.lhs) and is_scalar(inner.rhs)
    return False


def places(text: str, top: Expr) -> dict[int, Place]:
    """Return where the name of each selector, function and aggregation stands, by `id`.

    The parser keeps no positions. So the names are read from the text as well,
    in order; only when both orders agree, they are the same names.
    """
    metrics, functions = words(text)
    selectors = [part for part in walk(top) if isinstance(part, VectorSelector) and part.name]
    calls = [part for part in walk(top) if isinstance(part, Call | AggregateExpr)]
    found: dict[int, Place] = {}
    if [name for name, _ in metrics] == [part.name for part in selectors]:
        found |= {
            id(part): _place(text, *word) for part, word in zip(selectors, metrics, strict=True)
        }
    if [name for name, _ in functions] == [_called(part) for part in calls]:
        found |= {
            id(part): _place(text, *word) for part, word in zip(calls, functions, strict=True)
        }
    return found


def _called(expr: Expr) -> str:
    return expr.func.name if isinstance(expr, Call) else str(getattr(expr, "op", ""))


def _place(text: str, name: str, index: int) -> Place:
    whole = rf"(?<![\w:]){re.escape(name)}(?![\w:])"
    return Place(piece=name, nth=len(re.findall(whole, text[:index])))


def words(text: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the names of metrics and of functions with their places, as far as a lexer sees.

    A place is the index of the first character. Names inside braces and lists
    of labels are no such names.
    """
    tokens = [match for match in _TOKEN.finditer(text) if match["skipped"] is None]
    metrics: list[tuple[str, int]] = []
    functions: list[tuple[str, int]] = []
    braces = 0
    list_ends = -1
    for index, token in enumerate(tokens):
        after = tokens[index + 1][0] if index + 1 < len(tokens) else ""
        word = token["word"]
        if word is None:
            braces += (token[0] in "{[") - (token[0] in "}]")
        if word is None or braces or index < list_ends:
            continue
        if word.lower() in _LISTS:
            if after == "(":
                ends = (n for n in range(index, len(tokens)) if tokens[n][0] == ")")
                list_ends = next(ends, len(tokens))
        elif after == "(" or after.lower() in ("by", "without"):
            if word.lower() not in _KEYWORDS:
                functions.append((word, token.start()))
        elif word.lower() not in _KEYWORDS:
            metrics.append((word, token.start()))
    return metrics, functions
