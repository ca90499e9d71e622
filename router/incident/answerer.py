"""Who answers: people are who they are, by whatever way their name comes."""

from typing import Final

from router.incident.describe import one_line

_IN_PAGERDUTY: Final = " (PagerDuty)"


def in_pagerduty(name: str) -> str:
    """Return how somebody is named who answers there."""
    return f"{name}{_IN_PAGERDUTY}"


def is_same_person(one: str | None, other: str | None) -> bool:
    """Say whether two names are of one person, however each way spells them."""
    return _who(one) == _who(other) != ""


def speaker(by: str) -> str:
    """Return the name of who answers, on one line."""
    return one_line(by) or "somebody"


def _who(name: str | None) -> str:
    return one_line(name or "").removesuffix(_IN_PAGERDUTY).casefold()
