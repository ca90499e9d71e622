"""Durations: Prometheus' notation, both ways."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.duration import (
    format_duration,
    guess_duration,
    parse_duration,
    spoken_duration,
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("2m30s", timedelta(minutes=2, seconds=30)),
        ("1h", timedelta(hours=1)),
        ("30d", timedelta(days=30)),
        ("4w", timedelta(weeks=4)),
        ("1h30m", timedelta(minutes=90)),
        ("500ms", timedelta(milliseconds=500)),
    ],
)
def test_durations_are_read(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text",
    ["", "30", "0s", "s", "30 s", "1m1h", "1m1m", "-5m", "1.5h", "1y", "\uff15m", "99999999d"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=10_000 * 86_400_000))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    length = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(length)) == length


def test_days_stay_days() -> None:
    assert format_duration(timedelta(days=30)) == "30d"


def test_a_spoken_length_leaves_out_what_is_nothing() -> None:
    assert spoken_duration(timedelta(seconds=1296)) == "21 min 36 s"
    assert spoken_duration(timedelta(days=2)) == "2 d"
    assert spoken_duration(timedelta()) == "0 s"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", None),  # seconds, minutes, milliseconds?
        ("1h30", "1h30m"),
        ("1 minute", "1m"),
        ("90min", "1h30m"),
        ("1h 30m", "1h30m"),
        ("1m1h", "1h1m"),
        ("1.5h", "1h30m"),
        ("2 days and 3 hours", "2d3h"),
        ("5M", "5m"),
        ("30d", "30d"),
        ("0s", None),
        ("1y", None),
        ("soon", None),
        ("", None),
        ("999999w", None),
        ("\uff15m", None),
        ("1" * 1000, None),
    ],
)
def test_what_is_written_otherwise_is_guessed(text: str, meant: str | None) -> None:
    assert guess_duration(text) == meant


@given(st.text())
def test_a_guess_is_a_duration(text: str) -> None:
    guess = guess_duration(text)
    assert guess is None or format_duration(parse_duration(guess)) == guess
