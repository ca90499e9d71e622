"""One test of promtool: made-up series, and what must come of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """At `at`, `expression` gives exactly these samples (labels as PromQL text, value)."""

    at: timedelta
    expression: str
    samples: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One story. `series` maps a series to values in promtool's notation, one each interval."""

    name: str
    series: Mapping[str, str]
    expectations: Sequence[Expectation]
