"""Label sets that a selector does and does not match, for tests that prove a rule."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined, unused-ignore]  # its tree beats our own
from typing import Any

from guardia.matcher import Matcher, matches_all

Labels = dict[str, str]

# Tried where the matchers only say what a value must not be.
_OTHER_VALUES = ("200", "other", "500", "0", "x")
_CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}


def example_labels(matchers: Sequence[Matcher]) -> Labels | None:
    """Return labels that meet all the matchers, or None when none were found."""
    found = _example(tuple(matchers))
    return None if found is None else dict(found)


def counterexample_labels(wanted: Sequence[Matcher], unwanted: Sequence[Matcher]) -> Labels | None:
    """Return labels that meet all of `wanted` and not all of `unwanted`, or None."""
    found = _counterexample(tuple(wanted), tuple(unwanted))
    return None if found is None else dict(found)


# Every story of an SLO asks for the same labels again.
@lru_cache(maxsize=4096)
def _example(matchers: tuple[Matcher, ...]) -> Labels | None:
    own: dict[str, list[Matcher]] = {}
    for matcher in matchers:
        own.setdefault(matcher.name, []).append(matcher)
    labels: Labels = {}
    for name, conditions in own.items():
        value = _value(tuple(conditions))
        if value is None:
            return None
        if value:
            labels[name] = value
    return labels


@lru_cache(maxsize=4096)  # most SLOs of a service share all but one of their conditions
def _value(own: tuple[Matcher, ...]) -> str | None:
    """Return a value that meets all conditions on one label, or None."""
    name = own[0].name
    return next((value for value in _candidates(own) if matches_all(own, {name: value})), None)


@lru_cache(maxsize=4096)
def _counterexample(wanted: tuple[Matcher, ...], unwanted: tuple[Matcher, ...]) -> Labels | None:
    base = _example(wanted)
    if base is None:
        return None
    for name in dict.fromkeys(matcher.name for matcher in unwanted):
        own = [matcher for matcher in wanted if matcher.name == name]
        if any(matcher.operator == "=" for matcher in own):
            continue  # no other value than that of `base` is left
        excluded = [matcher.value for matcher in unwanted if matcher.name == name]
        for value in (*_OTHER_VALUES, "", *excluded, *_candidates(_opposites(unwanted, name))):
            if not matches_all(own, {name: value}):
                continue  # all other labels stay as in `base`, which meets the rest of `wanted`
            labels = {key: text for key, text in {**base, name: value}.items() if text}
            differs = labels != base  # a good event should show what makes it good
            if differs and not matches_all(unwanted, labels):
                return labels
    return None if matches_all(unwanted, base) else base


def _opposites(matchers: Sequence[Matcher], name: str) -> list[Matcher]:
    """Return matchers that want what these exclude, since that is where a good event lies."""
    turned = {"!=": "=", "!~": "=~"}
    return [
        replace(matcher, operator=turned[matcher.operator])
        for matcher in matchers
        if matcher.name == name and matcher.operator in turned
    ]


def _candidates(matchers: Sequence[Matcher]) -> Iterator[str]:
    """Yield values worth trying; the matchers themselves judge them."""
    for matcher in matchers:
        if matcher.operator == "=":
            yield matcher.value
        elif matcher.operator == "=~":
            yield from _texts(matcher.value)
    yield from _OTHER_VALUES
    yield ""


@lru_cache(maxsize=1024)  # many services tell good from bad by the same few expressions
def _texts(expression: str) -> tuple[str, ...]:
    """Return a short text for each alternative of a regular expression."""
    items = list(_parser.parse(expression))
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return tuple(_text(branch) for branch in items[0][1][1])
    return (_text(items),)


def _text(items: Any) -> str:
    return "".join(_piece(str(operator), argument) for operator, argument in items)


def _piece(operator: str, argument: Any) -> str:
    text = ""  # anchors and the like stand for no character
    match operator:
        case "LITERAL":
            text = chr(argument)
        case "NOT_LITERAL":
            text = "b" if chr(argument) == "a" else "a"
        case "ANY":
            text = "0"
        case "IN":
            text = _member(argument)
        case "BRANCH":
            text = _text(argument[1][0])
        case "SUBPATTERN":
            text = _text(argument[3])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            text = _text(argument[2]) * int(argument[0])
    return text


def _member(items: Any) -> str:
    """Return one character of a set such as `[0-9_]` or `[^5]`."""
    operator, argument = str(items[0][0]), items[0][1]
    if operator == "NEGATE":
        excluded = "".join(_member([item]) for item in items[1:])
        return next((char for char in "02ax_-!~" if char not in excluded), "")
    if operator == "RANGE":
        return chr(argument[0])
    return _CATEGORIES.get(str(argument), "") if operator == "CATEGORY" else chr(argument)
