"""The four severities, worst first, and how foreign ones are ranked."""

from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How bad it is; the order of declaration is the order of urgency."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def urgency(self) -> int:
        """Return 3 for critical down to 0 for low, so that `max(..., key=urgency)` is the worst."""
        return _URGENCY[self]


_URGENCY: Final = {one: rank for rank, one in enumerate(reversed(Severity))}


def worst(severities: "list[Severity]") -> Severity:
    """Return the most urgent of a non-empty list.

    Raises ValueError when the list is empty.
    """
    return max(severities, key=lambda severity: severity.urgency)
