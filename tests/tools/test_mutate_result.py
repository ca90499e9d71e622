"""Reasons for survivors, the score, and what is good enough."""

from pathlib import Path

import pytest

from tools.mutate.harmless import (
    DECLARED,
    DECLARED_OF_PRESETS,
    Harmless,
    find_reason,
    find_stale,
    read_harmless,
)
from tools.mutate.mutants import Mutant, make_mutants
from tools.mutate.report import render_markdown, render_text
from tools.mutate.result import Result, Verdict
from tools.mutate.suite import SuiteError

RULE = {
    "alert": "Burn",
    "expr": "ratio > 0.01",
    "labels": {"severity": "low"},
    "annotations": {"summary": "a"},
}
MUTANTS = make_mutants({"casos.yml": {"groups": [{"name": "casos/slow", "rules": [RULE]}]}})
EDGE = Harmless(
    operator="comparison-edge", rule="Burn", change=r"> 0\.01 →", reason="Never exactly so."
)


def one(operator: str) -> Mutant:
    (found,) = (mutant for mutant in MUTANTS if mutant.operator.name == operator)
    return found


def result(*, killed: int, explained: int = 0, unexplained: int = 0) -> Result:
    mutant = one("comparison-edge")
    return Result(
        verdicts=[
            *[Verdict(mutant=mutant, killed=True)] * killed,
            *[Verdict(mutant=mutant, killed=False, reason="Never exactly so.")] * explained,
            *[Verdict(mutant=mutant, killed=False)] * unexplained,
        ],
        invalid=0,
        stale=(),
    )


@pytest.mark.parametrize(
    "other",
    [{"operator": "comparison"}, {"rule": "^Burn"}, {"change": r"0\.02"}],
    ids=["a part of the operator's name", "another rule", "another change"],
)
def test_a_reason_holds_for_its_operator_its_rules_and_its_change(other: dict[str, str]) -> None:
    values = {name: getattr(EDGE, name) for name in ("operator", "rule", "change", "reason")}
    assert find_reason(one("comparison-edge"), [EDGE]) == "Never exactly so."
    assert find_reason(one("comparison-edge"), [Harmless(**(values | other))]) is None


def test_a_reason_that_no_survivor_needs_is_stale() -> None:
    assert find_stale([EDGE], [one("comparison-edge")]) == []
    assert find_stale([EDGE], [one("comparison-turned")]) == [EDGE]
    assert find_stale([EDGE], []) == [EDGE]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {operator: a, rule: b, change: c}", "entry 1: give operator, rule, change, reason"),
        ("- {operator: a, rule: b, change: c, reason: d, why: e}", "and nothing else"),
        ("- {operator: a, rule: b, change: c, reason: ' '}", "none is empty"),
        ("- {operator: a, rule: '(', change: c, reason: d}", "entry 1: rule: "),
        ("- a", "entry 1: give"),
        ("operator: a", "a list"),
        ("- {", "line 1"),
    ],
)
def test_a_mistake_in_the_reasons_is_said(text: str, says: str) -> None:
    with pytest.raises(SuiteError, match=says):
        read_harmless(text)


@pytest.mark.parametrize("file", [DECLARED, DECLARED_OF_PRESETS])
def test_the_declared_reasons_can_be_read(file: Path) -> None:
    for entry in read_harmless(file.read_text(encoding="utf-8")):
        assert entry.reason.endswith("."), f"{entry}: the reason is not a sentence"


def test_a_harmless_survivor_is_explained_but_not_killed() -> None:
    count = result(killed=18, explained=1, unexplained=1).total
    assert (count.mutants, count.killed, count.survived, count.harmless) == (20, 18, 2, 1)
    assert count.score_ratio == 18 / 20
    assert count.score_without_harmless_ratio == 18 / 19


def test_good_is_enough_killed_and_all_others_explained() -> None:
    assert result(killed=80, explained=20).is_good
    assert not result(killed=90, unexplained=10).is_good
    assert not result(killed=99, unexplained=1).is_good


def test_a_stale_reason_is_not_good() -> None:
    good = result(killed=100)
    stale = Result(verdicts=good.verdicts, invalid=0, stale=[EDGE])
    assert good.is_good
    assert not stale.is_good
    assert "no survivor matches comparison-edge | Burn" in render_text(stale)


def test_the_report_names_each_survivor_its_change_and_its_reason() -> None:
    found = Result(
        verdicts=[
            Verdict(mutant=one("annotation-dropped"), killed=False),
            Verdict(mutant=one("comparison-turned"), killed=True),
            Verdict(mutant=one("comparison-edge"), killed=False, reason="Never exactly so."),
        ],
        invalid=4,
        stale=(),
    )
    text = render_text(found)
    heading, table = text.split("\n\n")[:2]
    assert heading == "Mutants of the rules of the catalog"
    rows = [line.split() for line in table.splitlines()]
    assert rows == [
        ["operator", "mutants", "killed", "survived", "harmless"],
        ["comparison-turned", "1", "1", "0", "0"],
        ["comparison-edge", "1", "0", "1", "1"],
        ["annotation-dropped", "1", "0", "1", "0"],
        ["rules", "2", "1", "1", "1"],
        ["annotations", "1", "0", "1", "0"],
        ["all", "3", "1", "2", "1"],
    ]
    assert "casos.yml | casos/slow: Burn (low) | comparison-edge\n" in text
    assert "  - ratio > 0.01\n  + ratio >= 0.01\n  harmless: Never exactly so.\n" in text
    assert "  - summary: a\n  + (none)\n  no reason given\n" in text
    assert (
        "score: 50 % of the 2 mutants that are not harmless killed (95 % wanted), 33.3 % of all 3"
        in text
    )
    assert "4 more mutants are not valid" in text
    markdown = render_markdown(found)
    assert "| comparison-edge | 1 | 0 | 1 | 1 |" in markdown
    assert "`ratio > 0.01` → `ratio >= 0.01`. harmless: Never exactly so." in markdown


def test_a_score_just_below_the_mark_is_not_rounded_up_to_it() -> None:
    assert "score: 94.9 % of" in render_text(result(killed=9_499, unexplained=501))
