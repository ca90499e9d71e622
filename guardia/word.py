"""The known word that somebody most likely meant, and numbers with their nouns."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_CLOSE = (
    0.6  # of 1: as close as two words must be for a suggestion, unless the caller asks for more
)
_LONGEST = 100  # characters; what is longer is no name that somebody misspelt
_MOST = 2000  # known words that are compared: a suggestion must not take seconds


def nearest(word: str, known: Iterable[str], *, close: float = _CLOSE) -> str | None:
    """Return the known word that `word` most likely means, or None.

    `close` is how close the two must be, up to 1 for words that differ in
    nothing but capitals. Two words are as close as difflib's ratio says; of equals the first in
    alphabetical order wins, so that the same catalog gives the same sentence.
    """
    if len(word) > _LONGEST:
        return None
    folded = word.casefold()
    matcher = SequenceMatcher(b=folded)
    best, best_ratio = None, 0.0
    for candidate in sorted(known)[:_MOST]:
        matcher.set_seq1(candidate.casefold()[:_LONGEST])
        least = max(best_ratio, close)
        if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
            continue
        ratio = matcher.ratio()
        if ratio >= close and ratio > best_ratio:
            best, best_ratio = candidate, ratio
    return best


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, whose plural ends in s: `1 service`, `0 services`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
