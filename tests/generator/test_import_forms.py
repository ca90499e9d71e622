"""Which PromQL is a plain ratio, what its selectors are, and which examples show it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.importing.indicator import (
    NotAnIndicatorError,
    error_ratio_indicator,
    events_indicator,
)
from generator.promql.constant import evaluate_constant, find_constant
from generator.promql.ratio_form import (
    grouping,
    match_error_ratio,
    match_events,
    parse_with_window,
    with_step,
    without_comments,
)

BAD, GOOD, ALL = 'a_total{code=~"5.."}', 'a_total{code!~"5.."}', "a_total"


def rate(selector: str, by: str = "") -> str:
    return f"sum(rate({selector}[$window])){by}"


@pytest.mark.parametrize(
    ("bad", "total", "by"),
    [
        (rate(BAD), rate(ALL), ()),
        (f"sum(\n  rate( {BAD} [ $window ])\n)\n", f"(sum(rate({ALL}[$window])))", ()),
        (rate(BAD, "by (route)"), f"sum by(route) (rate({ALL}[$window]) )", ("route",)),
        (rate(BAD, " by (b,a)"), rate(ALL, " by (a, b)"), ("a", "b")),
        (f"{rate(BAD)} or vector(0)", rate(ALL), ()),
        (f"({rate(BAD)} OR on() vector(0))", rate(ALL), ()),
        (f"sum(increase({BAD}[$window]))", f"sum(increase({ALL}[$window]))", ()),
    ],
)
def test_sums_of_rates_are_a_ratio_of_their_selectors(
    bad: str, total: str, by: tuple[str, ...]
) -> None:
    found = match_events(bad, total)
    assert found is not None
    assert (found.part, found.counted.text, found.total.text) == ("bad", BAD, ALL)
    assert found.by == by


def test_the_total_less_the_good_ones_counts_the_good_ones() -> None:
    found = match_events(f"({rate(ALL)} - {rate(GOOD)})", rate(ALL))
    assert found is not None
    assert (found.part, found.counted.text, found.total.text) == ("good", GOOD, ALL)


@pytest.mark.parametrize(
    ("expression", "part", "counted"),
    [
        (f"{rate(BAD)}\n/\n{rate(ALL)}\n", "bad", BAD),
        (f"1 - ({rate(GOOD)} / {rate(ALL)})", "good", GOOD),
        (f"1 - {rate(GOOD)} / {rate(ALL)}", "good", GOOD),
        (f"({rate(ALL)} - {rate(GOOD)}) / {rate(ALL)}", "good", GOOD),
    ],
)
def test_an_error_ratio_that_divides_sums_is_a_ratio(
    expression: str, part: str, counted: str
) -> None:
    found = match_error_ratio(expression)
    assert found is not None
    assert (found.part, found.counted.text, found.total.text) == (part, counted, ALL)


@pytest.mark.parametrize(
    ("bad", "total"),
    [
        (rate(BAD, "by (route)"), rate(ALL)),  # other labels
        (f"sum(increase({BAD}[$window]))", rate(ALL)),  # other units
        (f"sum(rate({BAD}[5m]))", rate(ALL)),  # another window
        (f"sum(rate({BAD}[$window] offset 5m))", rate(ALL)),
        (f"sum without (route) (rate({BAD}[$window]))", rate(ALL)),
        (f"avg(rate({BAD}[$window]))", rate(ALL)),
        (f"{rate(BAD)} or vector(1)", rate(ALL)),
        (f"2 * {rate(BAD)}", rate(ALL)),
        (f"{rate('b_total')} - {rate(GOOD)}", rate(ALL)),  # less than something else
        (f"sum(rate({BAD}[$window:1m]))", rate(ALL)),
    ],
)
def test_anything_else_is_no_plain_ratio(bad: str, total: str) -> None:
    try:
        found = match_events(bad, total)
    except ValueError:
        found = None  # an offset is no selector that the catalog takes
    assert found is None


@pytest.mark.parametrize(
    "expression",
    [
        f"{rate(GOOD)} / {rate(ALL)} - 1",
        f"2 - {rate(GOOD)} / {rate(ALL)}",
        f"{rate(BAD)} / on (route) group_left {rate(ALL)}",
        f"{rate(BAD)} / {rate(ALL)} / {rate(ALL)}",
    ],
)
def test_another_division_is_no_error_ratio(expression: str) -> None:
    assert match_error_ratio(expression) is None


label_values = st.text(
    st.sampled_from("ab[]{}()\"'`\\$#, -=~\n") | st.characters(codec="utf-8"), max_size=12
)


@given(value=label_values)
def test_a_selector_is_cut_from_the_text_whatever_its_labels_hold(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    selector = f'a_total{{x="{escaped}"}}'
    try:
        found = match_events(f"sum(rate({selector}[$window]))", "sum(rate(a_total[$window]))")
    except ValueError:
        return  # refused, never cut wrongly
    assert found is not None
    assert found.counted.text == selector
    assert found.counted.matchers[0].value == value


def test_a_window_inside_a_label_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match="selector"):
        match_events('sum(rate(a_total{x="[$window]"}[$window]))', rate(ALL))


def test_comments_end_with_their_line_and_strings_keep_their_signs() -> None:
    assert without_comments('a{b="#"} # c\n+ d # e') == 'a{b="#"} \n+ d'


@pytest.mark.parametrize(
    ("count", "bucket", "below"),
    [
        ('t_seconds_count{job="x"}', 't_seconds_bucket{le="0.4",job="x"}', "400ms"),
        ("t_seconds_count", 't_seconds_bucket{le="5"}', "5s"),
        ("t_seconds_count", 't_seconds_bucket{le="5.0"}', "5s"),
        ("t_milliseconds_count", 't_milliseconds_bucket{le="250"}', "250ms"),
    ],
)
def test_a_count_less_one_of_its_buckets_is_a_latency(count: str, bucket: str, below: str) -> None:
    found = events_indicator(f"{rate(count)} - {rate(bucket)}", rate(count))
    assert found.sli["latency"]["below"] == below
    assert found.sli["latency"]["histogram"] == count.replace("_count", "")


@pytest.mark.parametrize(
    ("count", "bucket"),
    [
        ("t_seconds_count", 't_seconds_bucket{le="0.40"}'),  # no bucket that we would write
        ("t_seconds_count", 't_seconds_bucket{le="0.0001"}'),  # less than a millisecond
        ("t_seconds_count", 't_seconds_bucket{le=~"5|5.0"}'),
        ("t_seconds_count", 't_seconds_bucket{le="+Inf"}'),
        ("t_seconds_count", 't_seconds_bucket{le="1",code="200"}'),  # other requests
        ("t_seconds_count", 'u_seconds_bucket{le="1"}'),
        ("t_bytes_count", 't_bytes_bucket{le="1"}'),  # no time
    ],
)
def test_other_buckets_stay_a_ratio_of_what_is_written(count: str, bucket: str) -> None:
    found = events_indicator(f"{rate(count)} - {rate(bucket)}", rate(count))
    assert found.sli == {"ratio": {"good": bucket, "total": count}}


def test_rates_that_are_no_plain_ratio_stay_promql() -> None:
    bad = f"{rate('a_total')} + {rate('b_total')}"
    found = events_indicator(bad, rate("t_total"))
    assert found.sli == {"ratio": {"bad": bad, "total": rate("t_total")}}


def test_a_gauge_becomes_an_error_ratio_with_examples() -> None:
    found = events_indicator(
        'sum(count_over_time((g{x=~"a|b"} > 300)[$window:1m])) or vector(0)',
        'sum(count_over_time(g{x=~"a|b"}[$window]))',
    )
    (expression,) = found.sli["raw"].values()
    assert expression.startswith("(\n  sum(count_over_time(")
    assert found.examples == {"works": {'g{x="a"}': 1}, "fails": {'g{x="a"}': 301}}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (f"1 - histogram_fraction(0, 1, {rate('t')})", "cannot be tried out"),
        ("avg_over_time(g[$window])", "kept apart"),
        ("avg(avg_over_time(g[$window])) / avg(avg_over_time(h[$window]))", "more than one"),
        ("avg(avg_over_time(g[$window] offset 1h))", "another time"),
        ("avg(avg_over_time(g[$window])) * 0", "no value was found"),
    ],
)
def test_what_cannot_be_tried_out_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(NotAnIndicatorError, match=reason):
        error_ratio_indicator(expression)


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("sum(sum_over_time(g[$window])) / sum(count_over_time(g[$window]))", 0.25, 0.25),
        ("count(g < 0.75)", 0.5, 1),
        ("count(g < 0.75)", 1, None),
        ("0.75 > g", 0.5, 0.5),
        ("count(g < bool 0.75)", 1, 1),
        ("g < bool 0.75", 1, 0),
        ("g == 2 or vector(7)", 1, 7),
        ("g unless g > 1", 2, None),
        ("g and g > 1", 2, 2),
        ("clamp_min(-g, 0)", 2, 0),
        ("g / 0", 2, None),
    ],
)
def test_a_constant_gauge_gives_what_promql_gives(
    expression: str, value: float, result: float | None
) -> None:
    assert evaluate_constant(parse_with_window(expression), value) == result


def test_no_constant_is_found_where_none_does() -> None:
    assert find_constant(parse_with_window("g * g"), -1) is None


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("sum by (b, a) (x)", ("a", "b")),
        ("1 - sum(x)", ()),
        ("sum by (a) (x) or vector(0)", ("a",)),
        ("clamp_max(sum by (a) (x), 1)", ("a",)),
        ("sum by (a) (x) / sum by (b) (x)", None),
        ("sum without (a) (x)", None),
        ("x", None),
    ],
)
def test_the_labels_of_a_result_are_told_or_not(
    expression: str, labels: tuple[str, ...] | None
) -> None:
    assert grouping(parse_with_window(expression)) == labels


def test_only_subqueries_without_a_step_get_one() -> None:
    text = 'a{b="[$window:]"} + max_over_time(c[$window:]) + max_over_time(c[ $window : ])[1h:1m]'
    stepped = with_step(text, timedelta(minutes=5))
    assert stepped == text.replace("c[$window:]", "c[$window:5m]").replace(
        "c[ $window : ]", "c[$window:5m]"
    )
