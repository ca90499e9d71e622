"""Alertmanager's matchers: `severity="critical"`, `environment=~"dev|qa"`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from guardia.regular_expression import (
    MATCHING_FLAGS,
    RegularExpressionError,
    check_regular_expression,
)

__all__ = [
    "Matcher",
    "RegularExpressionError",
    "check_regular_expression",
    "guess_matcher",
    "matches_all",
    "parse_matcher",
]

_MATCHER = re.compile(
    r"\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"
    r'(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^"\x27`\\{}!=~,\s]+))\s*',
    re.ASCII | re.DOTALL,
)
# What PromQL and Go take for quotes is a part of the value to Alertmanager, or a mistake.
_OTHER_QUOTES = re.compile(
    r"\s*(?P<name>\w+)\s*(?P<operator>=~|!~|!=|=)\s*(?P<quote>['`])(?P<value>.*)(?P=quote)\s*",
    re.ASCII | re.DOTALL,
)
_ESCAPES = {"n": "\n", "\\": "\\", '"': '"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on one label. A label that is absent counts as the empty text."""

    name: str
    operator: str  # one of = != =~ !~
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels meet this condition; regular expressions match the whole value."""
        value = labels.get(self.name, "")
        if self.operator in ("=~", "!~"):
            found = re.fullmatch(self.value, value, MATCHING_FLAGS) is not None
        else:
            found = value == self.value
        return found == (self.operator in ("=", "=~"))

    def __str__(self) -> str:
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.operator}"{value}"'


def parse_matcher(text: str) -> Matcher:
    r"""Return the matcher that `text` writes; quotes around the value may be left out.

    Raises ValueError for another form or a regular expression that does not
    compile. Alertmanager's expressions are RE2; what Python reads otherwise
    (look-around, backreferences) is refused, so that both agree.

    Source: Alertmanager documentation, "Configuration", matcher: the escapes
    inside quotes are \", \\ and \n.
    """
    match = _MATCHER.fullmatch(text)
    if match is None and (guess := guess_matcher(text)) is not None:
        raise ValueError(f"{text} is not in the quotes that Alertmanager knows; write {guess}")
    if match is None:
        raise ValueError(f'{text!r} is not a matcher such as severity="critical"')
    quoted = match["quoted"]
    value = match["bare"] if quoted is None else _unescape(quoted)
    if match["operator"] in ("=~", "!~"):
        check_regular_expression(value)
    return Matcher(name=match["name"], operator=match["operator"], value=value)


def guess_matcher(text: str) -> str | None:
    """Return the matcher that a text with PromQL's single quotes means; None for any other text."""
    match = _OTHER_QUOTES.fullmatch(text)
    if match is None:
        return None
    found = Matcher(name=match["name"], operator=match["operator"], value=match["value"])
    return str(found)


def matches_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether the labels meet every one of the conditions (none at all: yes)."""
    return all(matcher.matches(labels) for matcher in matchers)


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped not in _ESCAPES:
            raise ValueError(f'\\{escaped} is not an escape; only \\", \\\\ and \\n are')
        return _ESCAPES[escaped]

    return re.sub(r"\\(.)", replace, text, flags=re.DOTALL)
