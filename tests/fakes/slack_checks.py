"""Checks of one value in a block, each of what Slack's documentation asks for."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.urls import is_url


class Missing:
    """Stands for a property that is not there."""


MISSING: Final = Missing()

Check = Callable[[Any], str | None]  # a value, or MISSING -> what is wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold for the values at `path` of one kind of object."""

    kind: str  # a block type, or an object within one
    path: str  # "text.text"; "fields[]" for each entry; "" for the object itself
    clause: str
    check: Check


# The checks


def required(value: Any) -> str | None:
    return "missing required field" if value is MISSING else None


def characters(least: int, most: int) -> Check:
    def check(value: Any) -> str | None:
        if value is MISSING:
            return None
        if not isinstance(value, str):
            return "must be a string"
        if len(value) < least:
            return f"must be more than {least - 1} characters"
        if len(value) > most:
            return f"must be less than {most + 1} characters"
        return None

    return check


def items(least: int, most: int) -> Check:
    def check(value: Any) -> str | None:
        if value is MISSING:
            return None
        if not isinstance(value, list):
            return "must be an array"
        if len(value) < least:
            return f"no fewer than {least} items allowed"
        if len(value) > most:
            return f"no more than {most} items allowed"
        return None

    return check


def one_of(*values: str) -> Check:
    def check(value: Any) -> str | None:
        if value is MISSING or value in values:
            return None
        return f"must be one of {', '.join(values)}"

    return check


def url(value: Any) -> str | None:
    if value is MISSING or not isinstance(value, str) or is_url(value):
        return None
    return "must be a valid URL"


def only(*names: str) -> Check:
    """Refuse properties that the object does not have."""

    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "must be an object"
        unknown = sorted(set(value) - set(names))
        return f"invalid additional property: {', '.join(unknown)}" if unknown else None

    return check


def any_of(*names: str) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, dict) and not any(name in value for name in names):
            return f"must have one of {', '.join(names)}"
        return None

    return check


def different(name: str) -> Check:
    """Refuse a list whose objects share a value of `name`."""

    def check(value: Any) -> str | None:
        if not isinstance(value, list):
            return None
        seen = Counter(one.get(name) for one in value if isinstance(one, dict) and one.get(name))
        twice = sorted(str(one) for one, count in seen.items() if count > 1)
        return f"{name} already exists: {', '.join(twice)}" if twice else None

    return check
