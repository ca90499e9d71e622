"""Pages of metrics: every form that a series may have is read for its name and its labels."""

import pytest

from generator.presets.page import PageError, parse_page


@pytest.mark.parametrize(
    ("line", "name", "labels"),
    [
        ("x 1", "x", ()),
        ("x\t1", "x", ()),
        ("  x  +Inf  ", "x", ()),
        ("x 1 1700000000000", "x", ()),
        ("x{} NaN", "x", ()),
        ('x{a="1"}2', "x", ("a",)),
        ('x { a = "1" , b = "2" , } 3', "x", ("a", "b")),
        (r'x{a="} # \" \\",b="{"} 1', "x", ("a", "b")),
        ('x:y_total{a="1"} 1 1.5 # {trace_id="abc"} 0.5 1.4', "x:y_total", ("a",)),
        ('{"http.requests","http.code"="200",b="é"} 1', "http.requests", ("http.code", "b")),
        ('x{a="1"} 1e-05\r', "x", ("a",)),
    ],
)
def test_a_series_is_read(line: str, name: str, labels: tuple[str, ...]) -> None:
    page = parse_page("page.txt", f"# TYPE other gauge\n{line}\n".encode())

    assert page.series == {name: frozenset({frozenset(labels)})}


@pytest.mark.parametrize(
    "line",
    [
        "x one",
        "x{a=1} 1",
        'x{a="1" 1',
        'x{a="1"b="2"} 1',
        'x{"y"} 1',
        '{a="1"} 1',
        "x 1 yesterday",
        "9x 1",
        "x: {a: 1}",
    ],
)
def test_what_is_no_series_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(PageError, match=r"page\.txt:3: neither a series nor a comment"):
        parse_page("page.txt", f"y 1\n\n{line}\n".encode())


def test_series_of_one_metric_may_have_other_labels() -> None:
    page = parse_page("page.txt", b'x{a="1"} 1\nx{a="2"} 1\nx{b="1"} 1\n')

    assert page.series["x"] == {frozenset("a"), frozenset("b")}


@pytest.mark.parametrize(
    ("page", "declared"),
    [
        ("# TYPE x counter\n", {"x"}),
        ("# HELP x What.\n", {"x"}),
        ("# TYPE x histogram\n", {"x_bucket", "x_sum", "x_count"}),
        ("# TYPE x summary\nx_sum 1\n", {"x", "x_count"}),
        ("# TYPE x counter\n# EOF\n", {"x_total"}),
        ("# TYPE x info\n# HELP x What.\n# EOF\n", {"x_info"}),
        ("# TYPE x gauge\nx 1\n# EOF\n", set()),
        ("# a comment\nx 1\n", set()),
    ],
)
def test_what_is_declared_without_a_series_is_known(page: str, declared: set[str]) -> None:
    assert parse_page("page.txt", page.encode()).declared == declared


def test_a_list_of_names_is_no_page_with_labels() -> None:
    page = parse_page("x-names.txt", b"b_total\na:b\n\n")

    assert not page.shows_labels
    assert page.series.keys() == {"b_total", "a:b"}
