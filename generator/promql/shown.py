"""PromQL of a catalog as a dashboard shows it: with its threshold apart, over its interval."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from promql_parser import BinaryExpr, Call, Expr, MatrixSelector

from generator.promql.check import parse_expression
from generator.promql.tree import COMPARISONS, bare, number, operator, walk

RATE_INTERVAL = "$__rate_interval"  # Grafana's: a range that holds enough samples at any zoom
_ANY = "5m"  # stands for it while PromQL is checked
_TOKEN = re.compile(
    r"""\#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[\w:.]+|==|!=|>=|<=|=~|!~|\S""",
    re.DOTALL | re.ASCII,
)
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What an alert's expression compares: `value` `sign` `limit`, each PromQL.

    `rest` is what follows, from `and` or `unless` on, which narrows when the
    alert fires. Without `sign` and `limit`, `value` is the whole expression: it
    has a value only while something is wrong.
    """

    value: str
    sign: str | None = None
    limit: str | None = None
    rest: str | None = None


def set_rate_interval(expression: str) -> str:
    """Return PromQL of a panel with a length in place of Grafana's variable, to parse it."""
    return expression.replace(RATE_INTERVAL, _ANY)


def watched(expression: str) -> Watched:
    """Return what an alert's expression compares, by its first comparison.

    What follows it behind `and` or `unless` narrows when the alert fires, not
    what its value is.
    """
    text, top = expression, bare(_parsed(expression))
    rest: list[str] = []
    while isinstance(top, BinaryExpr) and operator(top) in ("and", "unless"):
        parts = _left(text, top)
        if parts is None:
            return Watched(value=expression)
        text, top = parts[0], bare(top.lhs)
        rest.insert(0, parts[1])
    if not isinstance(top, BinaryExpr) or operator(top) not in COMPARISONS or _is_bool(top):
        return Watched(value=expression)
    parts = _around(text, top)
    if parts is None:
        return Watched(value=expression)
    left, right = parts
    after = "\n".join(rest) or None
    if number(top.lhs) is not None:
        return Watched(value=right, sign=_MIRRORED[operator(top)], limit=left, rest=after)
    return Watched(value=left, sign=operator(top), limit=right, rest=after)


def as_shown(expression: str) -> tuple[str, timedelta | None]:
    """Return an expression with its rates over Grafana's interval, and their length.

    As it is, and None, where not all ranges are those of rates and of one length.

    A panel whose steps are a quarter of that length then asks for the same
    ranges as the alert, as long as the picture is not wide. Source: Grafana
    documentation, `$__rate_interval`: at least four times the step.
    """
    ranges = [part for part in walk(_parsed(expression)) if isinstance(part, MatrixSelector)]
    of_rates = [
        part.args[0].range
        for part in walk(_parsed(expression))
        if isinstance(part, Call)
        and part.func.name in ("rate", "irate")
        and isinstance(part.args[0], MatrixSelector)
    ]
    # Ranges of two lengths, or of increases, mean something by their length.
    if len(of_rates) < len(ranges) or len(set(of_rates)) != 1:
        return expression, None
    shown, done = [], 0
    tokens = list(_TOKEN.finditer(expression))
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before[0] == "[" and after[0] == "]" and ":" not in token[0]:
            shown += [expression[done : token.start()], RATE_INTERVAL]
            done = token.end()
    return "".join([*shown, expression[done:]]), of_rates[0]


def _is_bool(comparison: BinaryExpr) -> bool:
    return bool(comparison.modifier and comparison.modifier.return_bool)


def _left(text: str, top: BinaryExpr) -> tuple[str, str] | None:
    """Return what stands before an operator and from it on, or None where that cannot be proven."""
    inner = _unwrapped(text)
    for start, _ in _signs(inner, operator(top)):
        if _reads_as(inner[:start], top.lhs):
            return inner[:start].strip(), inner[start:].strip()
    return None


def _around(text: str, top: BinaryExpr) -> tuple[str, str] | None:
    """Return what stands on both sides of an operator, or None where that cannot be proven."""
    inner = _unwrapped(text)
    for start, end in _signs(inner, operator(top)):
        if _reads_as(inner[:start], top.lhs) and _reads_as(inner[end:], top.rhs):
            return inner[:start].strip(), inner[end:].strip()
    return None


def _reads_as(text: str, wanted: Expr) -> bool:
    try:
        return repr(bare(_parsed(text))) == repr(bare(wanted))  # the form leaves nothing out
    except ValueError:
        return False


def _unwrapped(text: str) -> str:
    """Return a text without the parentheses around all of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for match in _TOKEN.finditer(text):
            depth += (match[0] == "(") - (match[0] == ")")
            if depth == 0 and match.end() < len(text):
                return text
        text = text[1:-1].strip()
    return text


def _signs(text: str, sign: str) -> Iterator[tuple[int, int]]:
    """Yield where an operator stands outside all brackets, the last one first."""
    depth, found = 0, []
    for match in _TOKEN.finditer(text):
        depth += (match[0] in "([{") - (match[0] in ")]}")
        if depth == 0 and match[0].lower() == sign:
            found.append(match.span())
    yield from reversed(found)


@lru_cache(maxsize=256)  # each expression of a panel is looked at a few times in a row
def _parsed(text: str) -> Expr:
    parsed = parse_expression(text)
    if not isinstance(parsed, Expr):
        raise ValueError("no expression")
    return parsed
