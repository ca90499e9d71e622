"""Tests of promtool before they become YAML: made-up series, and what must come of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from generator.catalog.model import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """At `at`, `expression` gives exactly these samples (labels as PromQL text, value)."""

    at: timedelta
    expression: str
    samples: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One story. `series` maps a series to values in promtool's notation, one each scrape."""

    name: str
    series: Mapping[str, str]
    expectations: Sequence[Expectation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a test scrapes and evaluates; evaluations stand on scrapes.

    So what a scrape brings is seen at once.
    """

    scrape: timedelta
    evaluation: timedelta

    def up_to(self, length: timedelta) -> timedelta:
        """Return the first evaluation at or after `length`."""
        return -(-length // self.evaluation) * self.evaluation

    def scrapes(self, length: timedelta) -> int:
        """Return how many scrapes cover a length of time."""
        return -(-length // self.scrape)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFile:
    """All cases of one rule file at one pace; `name` tells the tests of a rule file apart."""

    name: str
    pace: Pace
    cases: Sequence[Case]


def pace_of(organisation: Organisation) -> Pace:
    """Return the pace of production, the evaluation rounded up to whole scrapes."""
    scrape = organisation.scrape_interval
    return Pace(scrape=scrape, evaluation=-(-organisation.intervals.fast // scrape) * scrape)


def merge(name: str, cases: Iterable[Case]) -> Case:
    """Return one case that tells several stories at once.

    promtool evaluates every rule of the file in each case, so many stories in
    one cost as much as one. They must not feed each other's rules; a series
    that several use must be the same.
    """
    series: dict[str, str] = {}
    expectations: list[Expectation] = []
    for case in cases:
        for text, values in case.series.items():
            if series.setdefault(text, values) != values:
                raise ValueError(f"{text} has two sets of values in {name}")
        expectations += case.expectations
    return Case(name=name, series=series, expectations=expectations)
