"""Which stories of conditions one test tells: those that cannot feed each other's alert."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from generator.catalog.model import Condition
from generator.promtool.condition import condition_cases
from generator.promtool.model import pace_of
from generator.promtool.side_by_side import side_by_side
from tests.catalogs import copy_catalog, read_whole


def told(folder: Path, *conditions: tuple[str, str]) -> list[set[str]]:
    """Return what each test tells of conditions on these expressions and series, a sign each.

    `0+` says that the first condition fires, `1-` that the second stays silent.
    """
    catalog = read_whole(copy_catalog(folder))
    service = next(one for one in catalog.services if one.conditions)
    made = [made_of(service.conditions[0], f"Alert{n}", *one) for n, one in enumerate(conditions)]
    pace = pace_of(catalog.organisation)
    cases = side_by_side(
        (one, condition_cases(catalog.organisation, service, one, pace)) for one in made
    )
    return [
        {
            f"{number}{'+' if fires else '-'}"
            for number in range(len(made))
            for fires in (False, True)
            if any(
                f'alertname="Alert{number}"' in one.expression
                and bool(one.samples) == fires
                and ("clamp_max" in one.expression) == fires
                for one in case.expectations
            )
        }
        for case in cases
    ]


def made_of(any_other: Condition, alert: str, expression: str, series: str) -> Condition:
    return replace(
        any_other,
        alert=alert,
        expression=expression,
        fires={series: "1"},
        silent={series: "0"},
        holds_for=timedelta(minutes=1),
    )


def test_strangers_share_two_tests_and_neighbours_are_of_two_minds(tmp_path: Path) -> None:
    found = told(tmp_path, ("a > 0", "a"), ("b > 0", "b"), ('c{x=~"1|2"} > 0', 'c{x="1"}'))

    assert found == [{"0+", "1-", "2+"}, {"0-", "1+", "2-"}]


def test_one_metric_is_shared_by_those_that_select_other_labels(tmp_path: Path) -> None:
    found = told(tmp_path, ('a{x="1"} > 0', 'a{x="1"}'), ('a{x="2"} > 0', 'a{x="2"}'))

    assert found == [{"0+", "1-"}, {"0-", "1+"}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a > 0", 'a{x="1"}'), ('a{x="2"} > 0', 'a{x="2"}')),  # the first reads the second's
        (('a{x="2"} > 0', 'a{x="2"}'), ("a > 0", 'a{x="1"}')),
        (("a > 0", "a"), ("b > 0 unless a offset 1m > 5", "b")),
        (("a > 0", "a"), ("absent(a) or b > 0", "b")),
        (("a > 0", "z"), ("b > 0", "z")),  # the same series with two values
        (("a > 0", 'z{x="1",y="2"}'), ("b > 0", 'z{y="2",x="1"}')),
    ],
)
def test_what_one_reads_no_other_brings(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    found = told(tmp_path, first, second)

    assert sorted(map(sorted, found)) == [["0+"], ["0-"], ["1+"], ["1-"]]


@pytest.mark.parametrize(
    "expression",
    [
        '{job="b"} > 0',
        '{__name__=~"b.*"} > 0',
        'b > 0 unless on () ALERTS{alertname="Alert0"}',
        "b > 0 and on () growth:value > 1",
        'b{x=~"[[:alpha:]]"} > 0',
    ],
)
def test_what_is_not_known_to_read_only_its_own_is_told_alone(
    tmp_path: Path, expression: str
) -> None:
    found = told(tmp_path, ("a > 0", "a"), (expression, "b"), ("c > 0", "c"))

    assert {"1+"} in found
    assert {"1-"} in found
