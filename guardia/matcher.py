"""Alertmanager's matchers: `severity="critical"`, `environment=~"dev|qa"`."""

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_MATCHER = re.compile(
    r"\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"
    r'(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^"\\{}!=~,\s]+))\s*',
    re.ASCII | re.DOTALL,
)
_ESCAPES = {"n": "\n", "\\": "\\", '"': '"'}


class RegularExpressionError(ValueError):
    """A regular expression that we cannot match as Prometheus does; the text says why."""


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
            found = re.fullmatch(self.value, value, re.DOTALL) is not None
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
    if match is None:
        raise ValueError(f'{text!r} is not a matcher such as severity="critical"')
    quoted = match["quoted"]
    value = match["bare"] if quoted is None else _unescape(quoted)
    if match["operator"] in ("=~", "!~"):
        check_regular_expression(value)
    return Matcher(name=match["name"], operator=match["operator"], value=value)


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


@lru_cache(maxsize=1024)  # many services match by the same few expressions
def check_regular_expression(text: str) -> None:
    """Accept a regular expression only when RE2 and Python read it alike.

    Raises RegularExpressionError for any other: Prometheus and Alertmanager
    would match by the one reading, and we by the other.
    """
    if re.search(r"\(\?(?![:imsU-])|\\[1-9]", text):
        raise RegularExpressionError(f"{text!r} uses look-around, named groups or backreferences")
    if re.search(r"[*+?}]\+|\{,|\{\d{4}|\{\d+,\d{4}", text):
        raise RegularExpressionError(f"{text!r} uses a repetition that RE2 does not know")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python only warns of [[:digit:]], which it misreads
            re.compile(text)
    except (re.error, Warning) as error:
        raise RegularExpressionError(
            f"{text!r} is not a regular expression that can be tried out: {error}"
        ) from None
