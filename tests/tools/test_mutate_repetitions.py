"""Times of rules that SLOs repeat are mutated once, at the SLO of which tests tell them."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.catalog.model import Catalog
from generator.naming import slo_file
from generator.promtool.tellers import SloName, find_tellers
from generator.write import generate, write_files
from tests.catalogs import CATALOG, copy_catalog, read_whole
from tests.tooling import require_tool_set
from tools.mutate.judge import Judge, benches
from tools.mutate.mutants import Mutant, make_mutants
from tools.mutate.repetitions import without_repetitions
from tools.mutate.suite import Suite, read_suite

TELLS, REPEATS = SloName("casos", "availability"), SloName("derivacion", "availability")
OF_TIMES = {
    "window-doubled",
    "window-halved",
    "keep-firing-added",
    "keep-firing-doubled",
    "keep-firing-halved",
    "keep-firing-removed",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_whole(CATALOG)


@pytest.fixture
def suite(catalog: Catalog, tmp_path: Path) -> Suite:
    write_files(generate(catalog, ["rules", "promtool-tests"]), tmp_path)
    return read_suite(tmp_path)


def of_slo(mutants: list[Mutant], name: SloName) -> list[Mutant]:
    return [one for one in mutants if one.title.startswith(f"{name.service}/{name.slo}/")]


def operators(mutants: list[Mutant]) -> set[str]:
    return {one.operator.name for one in mutants}


def change_rule(suite: Suite, record: str, old: str, new: str) -> Suite:
    """Return the suite with a text replaced in one rule of the SLO that repeats another's."""
    rules: dict[str, Any] = copy.deepcopy(dict(suite.rules))
    (rule,) = (
        rule
        for group in rules[f"{slo_file(*REPEATS)}.yml"]["groups"]
        for rule in group["rules"]
        if rule.get("record") == record
    )
    assert old in rule["expr"]
    rule["expr"] = rule["expr"].replace(old, new)
    return replace(suite, rules=rules)


def test_one_tells_for_all_alike_unless_every_slo_tells(tmp_path: Path) -> None:
    every = copy_catalog(
        tmp_path,
        changes={"catalog.yaml": ("prometheus:\n", "prometheus:\n  window_tests: every-slo\n")},
    )

    assert find_tellers(read_whole(CATALOG)) == {TELLS: TELLS, REPEATS: TELLS}
    assert find_tellers(read_whole(every)) == {TELLS: TELLS, REPEATS: REPEATS}


def test_times_that_are_repeated_are_left_out_and_nothing_else(
    suite: Suite, catalog: Catalog
) -> None:
    every = make_mutants(suite.rules)

    left = without_repetitions(every, suite, catalog)

    assert of_slo(left, TELLS) == of_slo(every, TELLS)
    assert operators(of_slo(every, TELLS)) >= OF_TIMES
    assert operators(of_slo(every, REPEATS)) - operators(of_slo(left, REPEATS)) == OF_TIMES
    gone = {one for one in every if one not in set(left)}
    assert operators(list(gone)) == OF_TIMES
    assert len(of_slo(every, REPEATS)) - len(of_slo(left, REPEATS)) == len(gone)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[6h]", "[7h]"),
        ("sum_over_time", "avg_over_time"),
        (" > 0)", " >= 0)"),
        ("rate5m", "rate1h"),
    ],
)
def test_a_rule_that_differs_from_the_one_that_is_proven_is_not_left_out(
    suite: Suite, catalog: Catalog, old: str, new: str
) -> None:
    changed = change_rule(suite, "slo:error_ratio:6h", old, new)

    left = without_repetitions(make_mutants(changed.rules), changed, catalog)

    windows = {one.title for one in of_slo(left, REPEATS) if one.operator.name == "window-doubled"}
    assert windows == {f"{REPEATS.service}/{REPEATS.slo}/fast: slo:error_ratio:6h"}


def test_other_selectors_and_thresholds_are_no_difference(suite: Suite, catalog: Catalog) -> None:
    changed = change_rule(suite, "slo:total:rate1h", "http_requests_total", "jobs_done_total")

    left = without_repetitions(make_mutants(changed.rules), changed, catalog)

    assert not OF_TIMES & operators(of_slo(left, REPEATS))


def test_the_tests_notice_the_times_of_the_one_that_tells(suite: Suite, catalog: Catalog) -> None:
    left = without_repetitions(make_mutants(suite.rules), suite, catalog)
    wanted = {"slo:error_ratio:6h": "window-halved", "ErrorBudgetBurn (low)": "keep-firing-halved"}
    mutants = [
        one
        for one in of_slo(left, TELLS)
        if wanted.get(one.title.partition(": ")[2]) == one.operator.name
    ]
    assert operators(mutants) == set(wanted.values())
    told = replace(
        suite,
        scenarios=tuple(
            one for one in suite.scenarios if "windows, every" in one.document["tests"][0]["name"]
        ),
    )

    with benches(told, require_tool_set("installed").promtool, 2) as places:
        judge = Judge(told, places)
        judge.time_scenarios()
        assert judge.find_survivors(mutants, lambda *_: None) == set()
