"""How much one address of a channel takes before its provider refuses, or before people do."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` messages at once, then one more each `every`; the last `spared` wait for pages.

    So in any span of time at most `burst + span / every` are sent.
    """

    burst: int
    every: timedelta
    spared: int
