"""Values over time in promtool's notation, one each 15 s."""


def counter(*phases: tuple[float, int]) -> str:
    """Return a counter from 0 that rises by so much a step, for so many steps, one phase a pair."""
    value, written = 0.0, ["0"]
    for rise, steps in phases:
        written.append(f"{value + rise:.10g}+{rise:.10g}x{steps - 1}")
        value += rise * steps
    return " ".join(written)
