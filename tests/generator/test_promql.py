"""PromQL: what is written is what a parser reads."""

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.promql.check import check_expression, parse_selector, with_label
from generator.promql.example import counterexample_labels, example_labels
from generator.promql.text import quote, series
from guardia.matcher import Matcher, matches_all

label_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True).filter(
    lambda name: name != "__name__"
)


@given(value=st.text())
def test_any_label_value_survives_quoting(value: str) -> None:
    # A NUL is the one character that the parser refuses in a string.
    parsed = promql_parser.parse(series("up", {"a": value.replace("\0", "")}))
    assert isinstance(parsed, promql_parser.VectorSelector)
    assert parsed.matchers.matchers[0].value == value.replace("\0", "")


def test_a_quoted_value_stays_on_its_line() -> None:
    assert "\n" not in quote('a\n"b\\')


@pytest.mark.parametrize(
    "text",
    [
        "up",
        'up{job="casos"}',
        'up{job="casos",}',
        "up{}",
        ' up { job = "x{" , code =~ "5.." } ',
        '{__name__="up",job="casos"}',
    ],
)
def test_a_label_is_added_and_nothing_else_changes(text: str) -> None:
    selector = parse_selector(text)
    added = with_label(selector, "environment", 'pro"d')
    assert added.metric == selector.metric
    wanted = Matcher(name="environment", operator="=", value='pro"d')
    assert added.matchers == (wanted, *selector.matchers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "up{",
        "rate(up[5m])",
        "up[5m]",
        "up offset 5m",
        "up @ 0",
        "up # the targets",
        "1",
        'up{a="1" or b="2"}',
        '{job="casos"}',
        '{"http.requests",job="casos"}',  # Prometheus before 3.0 does not read it
        'up # {\n{job="casos"}',
        "(" * 200 + "up" + ")" * 200,
        "up or vector(0)",
    ],
)
def test_more_than_a_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_selector(text)


def test_a_broken_expression_says_why() -> None:
    assert check_expression("sum(up) by (") is not None
    assert check_expression("sum by (job) (up) > 0") is None


@pytest.mark.parametrize(
    "expression",
    ["5..", "5[0-9]{2}", "500|502", "(5..|429)", ".+", r"5\d\d", "[^2].*", "a?b+", "(?i)error", ""],
)
def test_an_example_meets_its_matcher(expression: str) -> None:
    matchers = (Matcher(name="code", operator="=~", value=expression),)
    labels = example_labels(matchers)
    assert labels is not None
    assert matches_all(matchers, labels)


def test_a_good_event_is_in_the_total_and_not_bad() -> None:
    total = (Matcher(name="job", operator="=", value="casos"),)
    bad = (*total, Matcher(name="code", operator="=~", value="5.."))
    assert counterexample_labels(total, bad) == {"job": "casos", "code": "200"}


@pytest.mark.parametrize(
    ("operator", "value"), [("!=", "success"), ("!~", "OK|NotFound"), ("!~", "2..")]
)
def test_a_good_event_is_found_where_bad_ones_are_excluded(operator: str, value: str) -> None:
    total = (Matcher(name="job", operator="=", value="casos"),)
    bad = (*total, Matcher(name="result", operator=operator, value=value))
    good = counterexample_labels(total, bad)
    assert good is not None
    assert not matches_all(bad, good)
    assert matches_all(total, good)


def test_contradicting_matchers_have_no_example() -> None:
    both = (
        Matcher(name="job", operator="=", value="a"),
        Matcher(name="job", operator="=", value="b"),
    )
    assert example_labels(both) is None


@given(st.dictionaries(label_names, st.text(), max_size=4))
def test_examples_of_equality_are_the_values(labels: dict[str, str]) -> None:
    matchers = [Matcher(name=name, operator="=", value=value) for name, value in labels.items()]
    found = example_labels(matchers)
    assert found == {name: value for name, value in labels.items() if value}
