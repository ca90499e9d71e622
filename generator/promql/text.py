"""The only place that writes PromQL: quoting, selectors, aggregations."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from guardia.duration import format_duration

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def quote(value: str) -> str:
    """Return any text as a PromQL string literal in double quotes.

    Source: Prometheus documentation, "Querying basics", string literals. Line
    ends are written \\n, so that an expression never gains a line by a label.
    """
    return '"' + "".join(_ESCAPES.get(char, char) for char in value) + '"'


def series(metric: str, labels: Mapping[str, str]) -> str:
    """Return a selector of `metric` with exactly these label values."""
    return f"{metric}{{{matchers(labels)}}}"


def matchers(labels: Mapping[str, str]) -> str:
    """Return what stands between the braces to select exactly these label values."""
    return ",".join(f"{name}={quote(value)}" for name, value in labels.items())


def over(selector: str, window: timedelta) -> str:
    """Return the range vector of a plain selector over `window`."""
    return f"{selector}[{format_duration(window)}]"


def sum_by(labels: Sequence[str], expression: str) -> str:
    """Return the sum that keeps only these labels."""
    return aggregate("sum", labels, expression)


def aggregate(operator: str, labels: Sequence[str], expression: str) -> str:
    """Return an aggregation that keeps only these labels."""
    return f"{operator} by ({', '.join(labels)}) ({expression})"
