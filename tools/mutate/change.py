"""A rule as it is read, and one change of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTHING = "(none)"  # what stands for a part that is not there

Rule = Mapping[str, Any]  # one item below `rules:` of a rule file


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an operator makes of a rule; `rule` is None where the whole rule goes."""

    before: str  # one line
    after: str
    rule: Rule | None


def one_line(text: str) -> str:
    """Return the text with each run of spaces and line ends as one space."""
    return " ".join(text.split())
