"""What the operators make of a whole rule, and how all mutants of a file are gathered."""

from collections.abc import Mapping
from typing import Any

import pytest

from tools.mutate.mutants import draw_sample, make_mutants, mutated
from tools.mutate.operators import ANNOTATIONS, OPERATORS, RULES

ALERT = {
    "alert": "Down",
    "expr": "up == 0",
    "for": "2m",
    "labels": {"severity": "low", "team": "a"},
    "annotations": {"summary": "It\n is down."},
}
RECORD = {"record": "a:b", "expr": "sum(a)", "labels": {"slo": "x"}}
FILE = {"groups": [{"name": "g", "interval": "30s", "rules": [RECORD, ALERT]}]}


def differences(operator: str, rule: Mapping[str, Any]) -> list[str]:
    document = {"groups": [{"name": "g", "rules": [rule]}]}
    found = make_mutants({"r.yml": document})
    return [mutant.difference for mutant in found if mutant.operator.name == operator]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("rule-removed", ["alert: Down → (none)"]),
        ("name-changed", ["alert: Down → alert: Down_changed"]),
        ("severity-next", ["severity: low → severity: critical"]),
        ("label-changed", ["team: a → team: a_changed"]),
        ("label-dropped", ["severity: low → (none)", "team: a → (none)"]),
        ("for-doubled", ["for: 2m → for: 4m"]),
        ("for-halved", ["for: 2m → for: 1m"]),
        ("for-removed", ["for: 2m → (none)"]),
        ("for-added", []),
        ("keep-firing-added", ["(none) → keep_firing_for: 5m"]),
        ("keep-firing-removed", []),
        ("annotation-dropped", ["summary: It is down. → (none)"]),
    ],
)
def test_an_operator_changes_one_part_of_a_rule(operator: str, expected: list[str]) -> None:
    assert differences(operator, ALERT) == expected


def test_times_belong_to_alerts_alone() -> None:
    assert differences("for-added", RECORD) == differences("keep-firing-added", RECORD) == []


def test_a_kept_alert_is_kept_for_another_time_or_not_at_all() -> None:
    kept = {**ALERT, "keep_firing_for": "1s"}
    assert differences("keep-firing-doubled", kept) == ["keep_firing_for: 1s → keep_firing_for: 2s"]
    assert differences("keep-firing-halved", kept) == [
        "keep_firing_for: 1s → keep_firing_for: 500ms"
    ]
    assert differences("keep-firing-removed", kept) == ["keep_firing_for: 1s → (none)"]


def test_a_change_of_a_lone_word_is_shown_with_what_it_joins() -> None:
    rule = {"record": "x", "expr": "a > 1\nand\nb > 2\nand\nc > 3"}
    assert differences("and-to-or", rule) == [
        "a > 1 and b > 2 → a > 1 or b > 2",
        "b > 2 and c > 3 → b > 2 or c > 3",
    ]


def test_no_mutant_is_made_twice_or_is_the_rule_itself() -> None:
    rule = {"record": "x", "expr": "a or 0 * a or 0 * a"}
    texts = [
        mutant.change.rule["expr"]
        for mutant in make_mutants({"r.yml": {"groups": [{"name": "g", "rules": [rule]}]}})
        if mutant.change.rule is not None and mutant.change.rule["record"] == "x"
    ]
    assert len(set(texts)) == len(texts)
    assert rule["expr"] not in texts


def test_a_mutant_stands_alone_in_its_file() -> None:
    before = repr(FILE)
    for mutant in make_mutants({"r.yml": FILE}):
        (group,) = mutated(FILE, mutant)["groups"]
        others = [rule for index, rule in enumerate((RECORD, ALERT)) if index != mutant.rule]
        assert group["interval"] == "30s"
        assert [rule for rule in group["rules"] if rule in others] == others
        assert group["rules"] != [RECORD, ALERT]
        assert len(group["rules"]) == (1 if mutant.change.rule is None else 2)
    assert repr(FILE) == before


def test_a_title_names_group_rule_and_severity() -> None:
    titles = {mutant.title for mutant in make_mutants({"r.yml": FILE})}
    assert titles == {"g: a:b", "g: Down (low)"}


def test_the_same_seed_draws_the_same_sample() -> None:
    every = make_mutants({"r.yml": FILE})
    sample = draw_sample(every, 5, seed=7)
    assert sample == draw_sample(every, 5, seed=7) != draw_sample(every, 5, seed=8)
    assert [every.index(mutant) for mutant in sample] == sorted(map(every.index, sample))
    assert draw_sample(every, 1000, seed=7) == every


def test_operators_have_names_of_their_own_and_annotations_are_a_class() -> None:
    names = [operator.name for operator in OPERATORS]
    assert len(set(names)) == len(names)
    kinds = {operator.name: operator.kind for operator in OPERATORS}
    assert kinds.pop("annotation-dropped") == ANNOTATIONS
    assert set(kinds.values()) == {RULES}
