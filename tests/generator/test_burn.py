"""Budgets and burn rates, against the published table."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.slo.burn import burn_rate_threshold, error_budget
from generator.slo.percent import format_number, format_percent, parse_percent

MONTH = timedelta(days=30)


@pytest.mark.parametrize(
    ("spent", "window", "rate"),
    [
        # The Site Reliability Workbook, ch. 5, table of the recommended parameters.
        ("2%", timedelta(hours=1), "14.4"),
        ("5%", timedelta(hours=6), "6"),
        ("10%", timedelta(days=1), "3"),
        ("10%", timedelta(days=3), "1"),
        ("100%", MONTH, "1"),
    ],
)
def test_the_workbooks_burn_rates(spent: str, window: timedelta, rate: str) -> None:
    assert format_number(burn_rate_threshold(parse_percent(spent), window, MONTH)) == rate


@pytest.mark.parametrize(
    ("spent", "window"),
    [
        (Fraction(0), timedelta(hours=1)),
        (Fraction(3, 2), timedelta(hours=1)),
        (Fraction(1, 2), timedelta()),
        (Fraction(1, 2), timedelta(days=31)),
    ],
)
def test_impossible_pairs_are_refused(spent: Fraction, window: timedelta) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        burn_rate_threshold(spent, window, MONTH)


@given(
    spent=st.fractions(min_value=Fraction(1, 1000), max_value=1),
    seconds=st.integers(min_value=1, max_value=30 * 86_400),
)
def test_burning_at_the_threshold_spends_exactly_the_share(spent: Fraction, seconds: int) -> None:
    rate = burn_rate_threshold(spent, timedelta(seconds=seconds), MONTH)
    assert rate * Fraction(seconds, 30 * 86_400) == spent


@pytest.mark.parametrize("objective", [Fraction(0), Fraction(1), Fraction(-1), Fraction(2)])
def test_an_objective_needs_a_budget(objective: Fraction) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        error_budget(objective)


@pytest.mark.parametrize("text", ["99.9", "0.999", "", "%", "99,9%", "1e2%", "-5%", "٩٩%"])
def test_only_a_percent_sign_makes_a_percentage(text: str) -> None:
    with pytest.raises(ValueError, match="percentage"):
        parse_percent(text)


def test_a_third_is_rounded_and_ends() -> None:
    assert format_number(Fraction(1, 3)) == "0.333333333333"


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=0, max_value=12))
def test_decimals_are_exact_both_ways(digits: int, places: int) -> None:
    share = Fraction(digits, 10**places) / 100
    assert parse_percent(format_percent(share)) == share


@given(st.fractions(min_value=0, max_value=10**6))
def test_numbers_are_written_without_an_exponent_and_close(number: Fraction) -> None:
    text = format_number(number)
    assert "e" not in text
    assert abs(Fraction(text) - number) <= number / 10**11
