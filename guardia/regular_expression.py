r"""Regular expressions that RE2 and Python read alike: Prometheus has the one, we the other.

Source: RE2, "Syntax" (wiki), and Go's regexp/syntax, which Prometheus and
Alertmanager use: at most 1000 repetitions, nested ones multiplied.
"""

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

_MOST_REPETITIONS = 1000

# All that is let through. Escaped letters are few, since each means something
# else, or nothing, to the other: \z and \pL to Python, \Z and \u to RE2.
_ESCAPE = r"\\(?:x[0-9A-Fa-f]{2}|[dDwWsSnrtfva]|[!-/:-@\[-`{-~ ])"
_TOKEN = re.compile(
    rf"(?P<atom>{_ESCAPE}|\[\^?\]?(?:{_ESCAPE}|[^\\\]])*\]|[^\\\[(){{}}*+?|^$]|\}}|\{{(?![\d,]))"
    r"|(?P<open>\((?:\?(?:[ims]+|[ims]*-[ims]+)?:|(?!\?)))"
    r"|(?P<close>\))"
    r"|(?P<between>\||\^|\\[Ab]|\$(?![^|)]))"
    r"|(?P<repeat>(?:[*+?]|\{(?P<least>\d{1,4})(?:,(?P<most>\d{0,4}))?\})\??)(?![*+?]|\{[\d,])",
    re.DOTALL,
)
_FLAGS = re.compile(r"\(\?[ims]+\)")
_REASONS = (
    (r"\(\?", "look-around, named groups, or flags elsewhere than at the beginning"),
    (r"\\\d", "backreferences, or a character by its number in octal"),
    (r"[*+?{]", "a repetition that RE2 does not know"),
    (r"\$", "an end of the text that is not at its end"),
)


class RegularExpressionError(ValueError):
    """A regular expression that we cannot match as Prometheus does; the text says why."""


@lru_cache(maxsize=1024)  # many services match by the same few expressions
def check_regular_expression(text: str) -> None:
    r"""Accept a regular expression only when RE2 and Python read it alike.

    They do for the forms that are let through, matched with MATCHING_FLAGS,
    but for the vertical tab, which is no \s to RE2, and for the two letters
    beyond ASCII that are a `k` and an `s` to RE2 under (?i).

    Raises RegularExpressionError for any other: Prometheus and Alertmanager
    would refuse it, or match by one reading while we match by the other.
    """
    _check_forms(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python only warns of [[:digit:]], which it misreads
            re.compile(text, MATCHING_FLAGS)
    except (re.error, Warning, RecursionError, OverflowError) as error:
        raise RegularExpressionError(
            f"{text!r} is not a regular expression that can be tried out: {error}"
        ) from None


MATCHING_FLAGS = re.DOTALL | re.ASCII  # \d, \w and \b are ASCII to RE2


def _check_forms(text: str) -> None:
    flags = _FLAGS.match(text)
    at = flags.end() if flags else 0
    nesting = _Nesting()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise RegularExpressionError(f"{text!r} uses {_reason(text, at)}")
        if not nesting.take(token):
            raise RegularExpressionError(f"{text!r} repeats something more than 1000 times")
        at = token.end()
    if not text.isascii() and re.search(r"\(\?[ms]*i", text):
        raise RegularExpressionError(f"{text!r} ignores the case of letters beyond ASCII")


def _reason(text: str, at: int) -> str:
    if text[at] == "\\" and not text[at + 1 : at + 2].isdigit():
        return f"the escape {text[at : at + 2]}, which Prometheus or Python does not know"
    return next(
        (reason for form, reason in _REASONS if re.compile(form).match(text, at)),
        f"{text[at]!r} in a way that cannot be tried out",
    )


@dataclass(slots=True)
class _Nesting:
    """How often the last thing repeats, and the most repeated one of each open group."""

    last: int = 1
    groups: list[int] = field(default_factory=lambda: [1])

    def take(self, token: re.Match[str]) -> bool:
        """Take the next token in; False when something repeats too often."""
        if token["open"]:
            self.groups.append(1)
        elif token["close"]:
            self.last = self.groups.pop() if len(self.groups) > 1 else 1
            self.groups[-1] = max(self.groups[-1], self.last)
        elif token["least"]:
            self.last *= max(int(token["most"] or token["least"]), 1)
            self.groups[-1] = max(self.groups[-1], self.last)
        elif not token["repeat"]:
            self.last = 1
        return self.last <= _MOST_REPETITIONS
