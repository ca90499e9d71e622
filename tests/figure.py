"""A figure that a line of a dashboard must show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one line of a panel shows at its last point, in production's region a.

    `value` takes that point's instant (Unix seconds). `relative` and `absolute`
    are how far off it may be, and `because` says where that comes from.
    """

    name: str
    board: str
    panel: str
    value: Callable[[float], float]
    because: str = "Both are what was counted, or one formula of the clock."
    letter: str = "A"
    labels: Mapping[str, str] = field(default_factory=dict)
    slo: tuple[str, str] | None = None
    relative: float = 1e-9
    absolute: float = 0.0
