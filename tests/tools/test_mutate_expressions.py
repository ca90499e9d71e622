"""What each operator on PromQL makes of an expression."""

from collections.abc import Mapping

import pytest

from generator.promql.check import check_expression
from tools.mutate.change import one_line
from tools.mutate.expression import Expression
from tools.mutate.lexer import Kind, Zone, split_tokens
from tools.mutate.operators import OPERATORS

BY_NAME = {operator.name: operator for operator in OPERATORS}


def mutants_of(operator: str, expression: str) -> list[str]:
    changes = BY_NAME[operator].mutate({"record": "x", "expr": expression})
    return [one_line(change.rule["expr"]) for change in changes if change.rule is not None]


CASES: Mapping[tuple[str, str], list[str]] = {
    ("threshold-raised", "a > 0.0144"): ["a > 0.01584"],
    ("threshold-lowered", "0.5 <= bool a"): ["0.45 <= bool a"],
    ("threshold-raised", "a > bool 10"): ["a > bool 11"],
    ("threshold-raised", "a * 3600 > b"): [],
    ("threshold-raised", "a > 2 * b"): [],
    ("number-doubled", "a * 3600 > 2.5"): ["a * 7200 > 2.5", "a * 3600 > 5"],
    ("number-halved", "a * 3600 > 1e-3"): ["a * 1800 > 1e-3", "a * 3600 > 0.0005"],
    ("number-doubled", "vector(0)"): [],
    ("zero-to-one", "a > 0"): ["a > 1"],
    ("window-doubled", "rate(a[5m]) / rate(b[1h])"): [
        "rate(a[10m]) / rate(b[1h])",
        "rate(a[5m]) / rate(b[2h])",
    ],
    ("window-halved", "max_over_time(a[1h:5m])"): [
        "max_over_time(a[30m:5m])",
        "max_over_time(a[1h:2m30s])",
    ],
    ("offset-doubled", "a offset 1h - b offset -5m"): [
        "a offset 2h - b offset -5m",
        "a offset 1h - b offset -10m",
    ],
    ("and-to-or", "a and b AND c"): ["a or b AND c", "a and b or c"],
    ("or-to-and", 'a{x="or"} or b'): ['a{x="or"} and b'],
    ("unless-to-and", "a unless on (x) b"): ["a and on (x) b"],
    ("comparison-turned", "a > 1 == b"): ["a < 1 == b", "a > 1 != b"],
    ("comparison-turned", 'a{x!="b"}'): [],
    ("comparison-edge", "a >= 1 < 2 == 3"): ["a > 1 < 2 == 3", "a >= 1 <= 2 == 3"],
    ("arithmetic-replaced", "a * b / c"): ["a / b / c", "a * b * c"],
    ("arithmetic-replaced", "a > -1 - b"): ["a > -1 + b"],
    ("arithmetic-replaced", "-(a) + -b"): ["-(a) - -b"],
    ("clause-removed", "a and b unless c"): ["b unless c", "a unless c", "a and b"],
    ("clause-removed", "a or b and c"): ["b and c", "a", "a or c", "a or b"],
    ("clause-removed", "a and b or c"): ["b or c", "a or c", "c", "a and b"],
    ("clause-removed", "a unless on (x, y) group_left () b"): ["b", "a"],
    ("clause-removed", "max(a or b) > 1 and f(c, d or e)"): [
        "max(b) > 1 and f(c, d or e)",
        "max(a ) > 1 and f(c, d or e)",
        "f(c, d or e)",
        "max(a or b) > 1",
        "max(a or b) > 1 and f(c, e)",
        "max(a or b) > 1 and f(c, d )",
    ],
    ("clause-removed", "sum by (or) (a)"): [],
    ("fallback-removed", "a or 0 * b"): ["a"],
    ("fallback-removed", "a or (b * 0)"): ["a"],
    ("fallback-removed", "a or vector(0)"): ["a"],
    ("fallback-removed", "a or b * 10"): [],
    ("fallback-unlabelled", "a or 0 * sum by (x) (b)"): ["a or vector(0)"],
    ("fallback-unlabelled", "a or vector(0)"): [],
    ("matcher-dropped", 'a{b="1",c=~"2"}'): ['a{c=~"2"}', 'a{b="1"}'],
    ("matcher-dropped", 'a{b="1"}'): ["a{}"],
    ("matcher-turned", 'a{b="1",c!~"2"}'): ['a{b!="1",c!~"2"}', 'a{b="1",c=~"2"}'],
    ("matcher-changed", "a{b='}',c=`2`}"): ["a{b='}_changed',c=`2`}", "a{b='}',c=`2_changed`}"],
    ("aggregation-replaced", "sum by (x) (a)"): ["max by (x) (a)", "avg by (x) (a)"],
    ("aggregation-replaced", "min(a) > sum"): ["max(a) > sum"],
    ("aggregation-replaced", "count (a)"): ["sum (a)"],
    ("grouping-dropped", "sum by (x) (a) + sum(b) by (y)"): [
        "sum (a) + sum(b) by (y)",
        "sum by (x) (a) + sum(b)",
    ],
    ("grouping-label-dropped", "sum by (x, by) (a)"): ["sum by (by) (a)", "sum by (x) (a)"],
    ("grouping-label-dropped", "sum by (x) (a)"): [],
    ("range-function-replaced", "rate(a[5m])"): ["irate(a[5m])", "increase(a[5m])"],
    ("range-function-replaced", "sum_over_time(a[1h])"): [
        "avg_over_time(a[1h])",
        "max_over_time(a[1h])",
    ],
    ("clamp-removed", "clamp_max(sum(a, 2), 1) + clamp(b, 0, 1)"): [
        "(sum(a, 2)) + clamp(b, 0, 1)",
        "clamp_max(sum(a, 2), 1) + (b)",
    ],
}


@pytest.mark.parametrize(("operator", "expression"), CASES)
def test_an_operator_changes_one_place_at_a_time(operator: str, expression: str) -> None:
    assert mutants_of(operator, expression) == CASES[operator, expression]


def test_every_operator_on_promql_is_in_the_table_of_cases() -> None:
    on_promql = [one.name for one in OPERATORS if "in_expression" in one.mutate.__qualname__]
    assert set(on_promql) == {operator for operator, _ in CASES}


def test_all_mutants_of_a_usual_alert_are_valid_promql() -> None:
    expression = (
        'slo:error_ratio:1h{slo="a"} > 0.0144\nand\n'
        'sum by (x) (rate(e{slo="a",code=~"5.."}[5m])) * 30 > 2.5\nunless\n'
        "(\n  count by (x) (up == 0) or 0 * sum by (x, y) (up offset 5m)\n)"
    )
    assert check_expression(expression) is None
    found = [text for name in BY_NAME for text in mutants_of(name, expression)]
    assert len(found) > 50
    assert {text: reason for text in found if (reason := check_expression(text))} == {}


def test_tokens_know_where_they_stand() -> None:
    text = 'sum by (job) (rate(a:b{c=~"[x]{2}"}[5m:1s])) # 1 and 2\n> 0x1F'
    tokens = split_tokens(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    seen = {token.text: (token.kind, token.zone) for token in tokens}
    assert seen["job"] == (Kind.NAME, Zone.LABELS)
    assert seen["a:b"] == (Kind.NAME, Zone.PLAIN)
    assert seen["c"] == (Kind.NAME, Zone.MATCHERS)
    assert seen['"[x]{2}"'] == (Kind.STRING, Zone.MATCHERS)
    assert seen["5m"] == seen["1s"] == (Kind.DURATION, Zone.RANGE)
    assert seen["0x1F"] == (Kind.NUMBER, Zone.PLAIN)
    assert "and" not in seen


@pytest.mark.parametrize("text", ['a{b="c}', "a ~ b", "a > $threshold"])
def test_what_is_no_promql_is_refused_rather_than_cut_wrongly(text: str) -> None:
    with pytest.raises(ValueError, match="no PromQL token starts at character"):
        split_tokens(text)


def test_a_parenthesis_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="not closed"):
        list(Expression("sum by (x").label_lists())
