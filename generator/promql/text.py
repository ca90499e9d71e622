"""The only place that writes PromQL: quoting, selectors, aggregations."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from guardia.duration import format_duration


def quote(value: str) -> str:
    """Return any text as a PromQL string literal in double quotes.

    Source: Prometheus documentation, "Querying basics", string literals. Line
    ends are written \\n, so that an expression never gains a line by a label.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def series(metric: str, labels: Mapping[str, str]) -> str:
    """Return a selector of `metric` with exactly these label values."""
    return select(metric, matchers(labels))


def select(metric: str, inside: str) -> str:
    """Return a selector of `metric` with these matchers between its braces."""
    return f"{metric}{{{inside}}}"


def matchers(labels: Mapping[str, str]) -> str:
    """Return what stands between the braces to select exactly these label values."""
    return _matchers(tuple(labels.items()))


@lru_cache(maxsize=4096)  # every expression of an SLO selects by the same labels
def _matchers(labels: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f"{name}={quote(value)}" for name, value in labels)


def over(selector: str, window: timedelta) -> str:
    """Return the range vector of a plain selector over `window`."""
    return f"{selector}[{format_duration(window)}]"


def sum_by(labels: Sequence[str], expression: str) -> str:
    """Return the sum that keeps only these labels."""
    return aggregate("sum", labels, expression)


def aggregate(operator: str, labels: Sequence[str], expression: str) -> str:
    """Return an aggregation that keeps only these labels, or none at all."""
    if not labels:
        return f"{operator}({expression})"
    return f"{operator} by ({', '.join(labels)}) ({expression})"


WINDOW = "$window"  # what an author writes where the rules put a window's length


def set_window(expression: str, window: timedelta) -> str:
    """Return the author's expression with the window's length in the place of `$window`."""
    return expression.replace(WINDOW, format_duration(window))
