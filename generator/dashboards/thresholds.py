"""The colours of a graph's values, by the limits beyond which they are bad."""

from collections.abc import Sequence
from math import isfinite

from guardia.severity import Severity

Steps = Sequence[tuple[str, float | None]]
SEVERITY_COLORS = {
    Severity.CRITICAL: "red",
    Severity.HIGH: "orange",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
}
_PLAIN = "text"  # as Grafana names the colour of its letters
_LITTLE = 1e-9


def steps_beyond(sign: str | None, limit: float, color: str) -> Steps:
    """Return the colours of a value for which `value sign limit` is bad.

    A colour holds from its value on, so what is only bad beyond the limit
    begins a little above it.
    """
    if sign is None or not isfinite(limit):
        return ()
    beyond = limit + max(abs(limit), 1) * _LITTLE
    # Of what is counted there is nothing below zero: then "equal" has no good side below.
    equal: Steps = (("green", None), (color, limit), ("green", beyond))
    by_sign: dict[str, Steps] = {
        ">": (("green", None), (color, beyond)),
        ">=": (("green", None), (color, limit)),
        "<": ((color, None), ("green", limit)),
        "<=": ((color, None), ("green", beyond)),
        "==": equal if limit > 0 else ((color, None), ("green", beyond)),
    }
    return by_sign.get(sign, ())


def plain_steps(limit: float) -> Steps:
    """Return a line at a limit, neither side of which is good or bad."""
    return ((_PLAIN, None), (_PLAIN, limit))


def both_steps(one: Steps, other: Steps) -> Steps:
    """Return the colours of two thresholds at once: between each two limits the worse one."""
    limits = sorted({value for _, value in (*one, *other) if value is not None})
    steps: list[tuple[str, float | None]] = [(_worse(one[0][0], other[0][0]), None)]
    for limit in limits:
        color = _worse(_color(one, limit), _color(other, limit))
        if color != steps[-1][0] or color == _PLAIN:  # a line that is not the border of a colour
            steps.append((color, limit))
    return steps


def _color(steps: Steps, value: float) -> str:
    return [color for color, start in steps if start is None or start <= value][-1]


def _worse(one: str, other: str) -> str:
    return min(one, other, key=[*SEVERITY_COLORS.values(), "green", _PLAIN].index)
