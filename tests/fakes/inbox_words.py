"""Words that every column of the inbox uses."""

from datetime import datetime
from html import escape


def count(number: int, one: str, many: str) -> str:
    """Return `1 edit`, `2 edits`."""
    return f"{number} {one if number == 1 else many}"


def clock(at: datetime) -> str:
    """Return the time of the day, as HTML."""
    return escape(at.strftime("%H:%M:%S %Z"))
