"""PromQL cut into tokens with positions, so that an expression can be edited as text."""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a token is."""

    NUMBER = auto()
    DURATION = auto()
    STRING = auto()
    NAME = auto()  # metrics, labels, functions and words such as `by`, `and`, `offset`
    SIGN = auto()  # operators, brackets, commas


class Zone(Enum):
    """Where a token stands; a name or a sign means something else in each."""

    PLAIN = auto()
    MATCHERS = auto()  # between { and }
    RANGE = auto()  # between [ and ]
    LABELS = auto()  # between the parentheses of by, without, on, ignoring, group_*


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of an expression: `text[start:end]` of the whole."""

    kind: Kind
    zone: Zone
    text: str
    start: int
    end: int
    depth: int  # parentheses around it; a parenthesis itself counts as outside

    @property
    def word(self) -> str:
        """Return it as PromQL compares words: `AND` is `and`."""
        return self.text.lower()


LABEL_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})

_TOKEN = re.compile(
    r"""
      (?P<SKIP> \s+ | \#[^\n]* )
    | (?P<STRING> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*` )
    | (?P<DURATION> (?: [0-9]+ (?:ms|[smhdwy]) )+ (?![\w.]) )
    | (?P<NUMBER> 0[xX][0-9a-fA-F]+ | (?: [0-9]+ (?:\.[0-9]*)? | \.[0-9]+ ) (?:[eE][+-]?[0-9]+)? )
    | (?P<NAME> [A-Za-z_:] [\w:]* )
    | (?P<SIGN> =~ | !~ | == | != | >= | <= | [-+*/%^<>=(){}\[\],@:] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
# A range has no names: there a colon parts range and resolution.
_RANGE_SIGN = re.compile(r"[:\]]")

_OPENS = {"{": Zone.MATCHERS, "[": Zone.RANGE}
_CLOSES = {"}": Zone.MATCHERS, "]": Zone.RANGE, ")": Zone.LABELS}


def split_tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a PromQL expression, without spaces and comments.

    Raises ValueError with the position of a character that no token starts with.

    Source: Prometheus documentation, "Querying basics" and "Querying operators".
    """
    tokens: list[Token] = []
    zone, depth, at = Zone.PLAIN, 0, 0
    while at < len(text):
        kind, end = _next(text, at, zone)
        if kind is not None:
            piece = text[at:end]
            depth -= piece == ")"
            zone_inside = zone
            if kind is Kind.SIGN:
                zone_inside, zone = _zones(piece, zone, tokens)
            tokens.append(
                Token(kind=kind, zone=zone_inside, text=piece, start=at, end=end, depth=depth)
            )
            depth += piece == "("
        at = end
    return tuple(tokens)


def _next(text: str, at: int, zone: Zone) -> tuple[Kind | None, int]:
    """Return the kind of the token at `at`, None for what is skipped, and its end."""
    if zone is Zone.RANGE and (sign := _RANGE_SIGN.match(text, at)):
        return Kind.SIGN, sign.end()
    found = _TOKEN.match(text, at)
    if found is None or found.lastgroup is None:
        raise ValueError(f"no PromQL token starts at character {at}: {text[at : at + 20]!r}")
    return (None if found.lastgroup == "SKIP" else Kind[found.lastgroup]), found.end()


def _zones(sign: str, zone: Zone, before: list[Token]) -> tuple[Zone, Zone]:
    """Return the zone of the sign itself, outside what it opens or closes, and the one after."""
    if zone is Zone.PLAIN:
        if sign == "(" and before and before[-1].word in LABEL_LISTS:
            return Zone.PLAIN, Zone.LABELS
        return Zone.PLAIN, _OPENS.get(sign, Zone.PLAIN)
    if _CLOSES.get(sign) is zone:
        return Zone.PLAIN, Zone.PLAIN
    return zone, zone
