"""The only place that reads PromQL: is it valid, which series does it select."""

import re
from dataclasses import dataclass

import promql_parser

from generator.promql.text import quote
from generator.promql.tree import is_deeper
from guardia.matcher import Matcher, check_regular_expression

# By name: the parser's operators cannot be keys.
_LONGEST, _DEEPEST = 5000, 100
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`", re.DOTALL)
_BRACKET = re.compile(r"[()\[\]{}]")
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A plain selector as its author wrote it, and what it selects.

    `text` is never printed anew from the parsed form, which would lose what
    the parser does not keep.
    """

    text: str
    metric: str
    matchers: tuple[Matcher, ...]


def check_expression(text: str) -> str | None:
    """Return why `text` is not valid PromQL, or None when it is."""
    try:
        parsed = _parse(text)
    except ValueError as error:
        return _reason(error)
    if isinstance(parsed, promql_parser.MatrixSelector | promql_parser.StringLiteral):
        return "it gives a range or a text, and an alert needs an instant vector"
    return None


def has_comment(text: str) -> bool:
    """Say whether a comment stands in an expression."""
    return "#" in _STRING.sub("", text)


def parse_expression(text: str) -> object:
    """Return the parser's tree of an expression. Raises ValueError, with the reason."""
    try:
        return _parse(text)
    except ValueError as error:
        raise ValueError(_reason(error)) from None


def selector_of(parsed: promql_parser.VectorSelector) -> Selector | None:
    """Return a selector of a tree, or None for one that cannot be tried out on series.

    Its text is empty, since a tree is never printed.
    """
    if parsed.offset is not None or parsed.at is not None or parsed.matchers.or_matchers:
        return None
    try:
        matchers = tried_matchers_of(parsed)
        return Selector(text="", metric=parsed.name or _named_inside(parsed), matchers=matchers)
    except ValueError:
        return None


def parse_selector(text: str) -> Selector:
    """Return the plain selector that `text` writes, such as `up{job="casos"}`.

    Raises ValueError for invalid PromQL and for anything more than a metric
    name with matchers: an SLI adds the range itself, so an offset, a range or
    a function would change its meaning. RegularExpressionError is for one that
    we could not match as Prometheus does, and so not prove.
    """
    written = text.strip()
    try:
        parsed = _parse(written)
    except ValueError as error:
        raise ValueError(_reason(error)) from None
    if not isinstance(parsed, promql_parser.VectorSelector):
        raise ValueError("a plain selector is wanted: a metric name with matchers, no function")
    if parsed.offset is not None or parsed.at is not None or parsed.matchers.or_matchers:
        raise ValueError("a plain selector is wanted: no offset, no @, no `or`")
    matchers = tried_matchers_of(parsed)
    metric = parsed.name or _named_inside(parsed)
    # A comment would swallow what we add behind the text, or hold a brace.
    if has_comment(written):
        raise ValueError("a comment in a selector would hide what is added to it")
    if re.search(r"[{,]\s*[\"']", _STRING.sub('""', written)):
        raise ValueError("a quoted metric or label name: Prometheus before 3.0 does not read it")
    return Selector(text=written, metric=metric, matchers=matchers)


def with_label(selector: Selector, name: str, value: str) -> Selector:
    """Return the selector with one more matcher, `name="value"`.

    The text is edited, and the parser then proves that exactly this matcher
    was added. Raises ValueError when it was not.
    """
    added = f"{name}={quote(value)}"
    brace = selector.text.find("{")
    if brace < 0:
        edited = f"{selector.text}{{{added}}}"
    else:
        rest = selector.text[brace + 1 :]
        comma = "" if rest.strip() == "}" else ","
        edited = f"{selector.text[: brace + 1]}{added}{comma}{rest}"
    wanted = (Matcher(name=name, operator="=", value=value), *selector.matchers)
    got = parse_selector(edited)
    if got.metric != selector.metric or got.matchers != wanted:
        raise ValueError(f"cannot add {added} to {selector.text}")
    return got


def _named_inside(parsed: promql_parser.VectorSelector) -> str:
    for matcher in parsed.matchers.matchers:
        if matcher.name == "__name__" and matcher.op == promql_parser.MatchOp.Equal:
            return str(matcher.value)
    raise ValueError("a selector needs the name of a metric")


def tried_matchers_of(parsed: promql_parser.VectorSelector) -> tuple[Matcher, ...]:
    """Return what `matchers_of` does.

    Raises RegularExpressionError for one that we could not match as Prometheus does.
    """
    matchers = matchers_of(parsed)
    for matcher in matchers:
        if matcher.operator in ("=~", "!~"):
            check_regular_expression(matcher.value)
    return matchers


def matchers_of(parsed: promql_parser.VectorSelector) -> tuple[Matcher, ...]:
    """Return the matchers on labels of a selector of a tree."""
    return tuple(
        Matcher(
            name=matcher.name,
            operator=_OPERATORS[str(matcher.op).removeprefix("MatchOp.")],
            value=matcher.value,
        )
        for matcher in parsed.matchers.matchers
        if matcher.name != "__name__"
    )


def _parse(text: str) -> object:
    """Parse, within bounds: the parser's recursion would end the process beyond them."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    if len(text) > _LONGEST or deepest > _DEEPEST:
        raise ValueError(f"longer than {_LONGEST} characters or nested deeper than {_DEEPEST}")
    parsed = promql_parser.parse(text)
    # a + b + c is a tree as deep as it has signs, and whoever walks it is recursive.
    if len(text) > _DEEPEST and is_deeper(parsed, _DEEPEST):
        raise ValueError(f"more than {_DEEPEST} operators in a row")
    return parsed


def _reason(error: ValueError) -> str:
    return " ".join(str(error).split()) or "the parser gives no reason"
