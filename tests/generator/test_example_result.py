"""Examples that the expression contradicts, and those of which nothing is sure."""

import pytest

from generator.promql.example_result import contradicts

SERIES = 'x{environment="prod",code="500"}'


@pytest.mark.parametrize(
    ("text", "fires", "silent"),
    [
        ("x > 5", 6, 5),
        ("max by (environment) (x) > 5", 6, 5),
        ("avg_over_time(x[1h]) <= 0.5", 0.5, 0.6),
        ("5 < x", 6, 4),
        ("100 * x / 4 > 50", 3, 2),
        ("sum(x) == 0", 0, 1),
        ('x{code=~"5.."} > 1', 2, 1),
    ],
)
def test_a_steady_series_on_the_wrong_side_contradicts(
    text: str, fires: float, silent: float
) -> None:
    assert contradicts(text, SERIES, silent, fires=True)
    assert contradicts(text, SERIES, fires, fires=False)
    assert not contradicts(text, SERIES, fires, fires=True)
    assert not contradicts(text, SERIES, silent, fires=False)


@pytest.mark.parametrize(
    "text",
    [
        "y > 5",  # of another metric
        'x{code="200"} > 5',
        "x > 5 and y > 1",
        "absent(x)",
        "count_over_time(x[1h]) > 1000",
        "sum_over_time(x[1h]) > 1000",
        "x - x offset 1h > 0",
        "x - time() < 5",
        "rate(x[5m]) > 0",
        "topk(1, x) > 1",
        'x{code=~"(?P<a>5)"} > 100',
    ],
)
@pytest.mark.parametrize("value", [0, 7])
def test_what_is_not_sure_is_left_to_promtool(text: str, value: float) -> None:
    assert not contradicts(text, SERIES, value, fires=True)
    assert not contradicts(text, SERIES, value, fires=False)


def test_labels_that_keep_two_vectors_apart_are_not_judged() -> None:
    apart = "x > 5 and on (code) sum by (environment) (x) > 5"
    assert not contradicts(apart, SERIES, 6, fires=False)
