"""PromQL of a catalog as dashboards ask it: in one place, with the threshold apart."""

from datetime import timedelta

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.promql.check import parse_expression
from generator.promql.selecting import read_selecting, select_everywhere
from generator.promql.shown import Watched, as_shown, set_rate_interval, watched
from generator.promql.tree import walk

HERE = 'environment="$environment",region=~"$region"'


@pytest.mark.parametrize(
    ("expression", "value", "sign", "limit"),
    [
        ('min by (a) (up{job="x"}) == 0', 'min by (a) (up{job="x"})', "==", "0"),
        ("sum(x > 0) > 1000", "sum(x > 0)", ">", "1000"),
        ("5 < x", "x", ">", "5"),
        ("(x > 5)", "x", ">", "5"),
        ("x <= 1.5e3", "x", "<=", "1.5e3"),
        ("used / size > limit * 2", "used / size", ">", "limit * 2"),
        ('x{a="> 5"} < 3 # above', 'x{a="> 5"}', "<", "3 # above"),
        ("predict_linear(x[6h], 4 * 3600) < 0", "predict_linear(x[6h], 4 * 3600)", "<", "0"),
    ],
)
def test_what_an_alert_compares_is_split_from_its_threshold(
    expression: str, value: str, sign: str, limit: str
) -> None:
    assert watched(expression) == Watched(value=value, sign=sign, limit=limit)


@pytest.mark.parametrize(
    ("expression", "rest"),
    [
        ("a > 5 and on (s) up == 1", "and on (s) up == 1"),
        ("a > 5 unless (b and c)", "unless (b and c)"),
        ("((a > 5) and b > 1) unless c # but not", "and b > 1\nunless c # but not"),
    ],
)
def test_what_else_an_alert_asks_is_kept(expression: str, rest: str) -> None:
    assert watched(expression) == Watched(value="a", sign=">", limit="5", rest=rest)


@pytest.mark.parametrize(
    "expression", ["absent(up)", "a > 1 or b > 2", "x > bool 1", "rate(x[5m])"]
)
def test_what_compares_nothing_by_itself_is_shown_whole(expression: str) -> None:
    assert watched(expression) == Watched(value=expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up", f"up{{{HERE}}}"),
        ("up{}", f"up{{{HERE}}}"),
        ("up { }", f"up {{{HERE} }}"),
        (
            'sum by (x) (rate(a{b="{"}[$__rate_interval])) / on (x) c',
            f'sum by (x) (rate(a{{{HERE},b="{{"}}[$__rate_interval])) / on (x) c{{{HERE}}}',
        ),
        ("x offset 5m", f"x{{{HERE}}} offset 5m"),
        ("max_over_time(rate(x[5m])[1h:])", f"max_over_time(rate(x{{{HERE}}}[5m])[1h:])"),
        ("vector(1)", "vector(1)"),
    ],
)
def test_every_selector_gets_the_place(expression: str, expected: str) -> None:
    assert select_everywhere(expression, HERE) == expected
    promql_parser.parse(set_rate_interval(expected))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('absent(x{environment="prod"})', 'absent(x{region=~"$region",environment="prod"})'),
        ('x{region="a",environment!=""} / y', f'x{{region="a",environment!=""}} / y{{{HERE}}}'),
    ],
)
def test_a_selector_that_names_a_place_itself_is_asked_for_no_other(
    expression: str, expected: str
) -> None:
    read = read_selecting(expression)
    place = {"environment": 'environment="$environment"', "region": 'region=~"$region"'}
    assert read.inside(place) == expected
    assert read.named(("environment",))
    assert read.only("") == expression


@pytest.mark.parametrize("expression", ['{__name__="x"}', '{"x"}', 'a + {__name__=~"b.*"}'])
def test_a_selector_that_cannot_be_held_to_a_place_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="metric's name before its braces"):
        select_everywhere(expression, HERE)


names = st.sampled_from(["a", "by_b", "sum_c", "on:d", "rate"])
leaves = st.one_of(
    names,
    names.map(lambda name: f'{name}{{x="}}{{"}}'),
    names.map(lambda name: f"sum by (on_x, y) (rate({name}[5m]))"),
    st.just("2.5"),
)
operators = st.sampled_from(["+", "/", "and", "or on (a)", "> bool"])


@given(parts=st.lists(st.tuples(leaves, operators), min_size=1, max_size=5), last=names)
def test_the_place_is_added_to_all_and_nothing_else_changes(
    parts: list[tuple[str, str]], last: str
) -> None:
    expression = " ".join(f"({leaf}) {sign}" for leaf, sign in parts) + f" {last}"
    try:
        promql_parser.parse(expression)
    except ValueError:
        return  # sets of numbers and the like

    found = select_everywhere(expression, HERE)

    parsed = parse_expression(expression)
    assert isinstance(parsed, promql_parser.Expr)
    selectors = [one for one in walk(parsed) if isinstance(one, promql_parser.VectorSelector)]
    assert found.count(HERE) == len(selectors)
    assert found.replace(f"{HERE},", "").replace(f"{{{HERE}}}", "") == expression


def test_rates_are_asked_over_grafanas_interval_and_never_finer_than_the_alert_asks() -> None:
    shown, length = as_shown('sum(rate(x{a=~"[45].."}[5m])) / rate(y{b="[5m]"}[ 300s ]) # [5m]')

    assert shown == (
        'sum(rate(x{a=~"[45].."}[$__rate_interval])) / rate(y{b="[5m]"}[ $__rate_interval ]) # [5m]'
    )
    assert length == timedelta(minutes=5)
    assert as_shown("x[5m]") == ("x[5m]", None)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(x[5m]) / rate(y[1h])",
        "rate(x[5m]) - increase(y[5m])",
        "max_over_time(x[1h])",
    ],
)
def test_ranges_that_mean_something_by_their_length_stay(expression: str) -> None:
    assert as_shown(expression) == (expression, None)


def test_the_length_of_a_subquery_stays() -> None:
    shown, _ = as_shown("max_over_time(rate(x[5m])[1h:])")
    assert shown == "max_over_time(rate(x[$__rate_interval])[1h:])"
