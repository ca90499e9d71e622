"""How problems are drawn."""

import json
from dataclasses import replace
from typing import Any

import pytest

from guardia.problem import (
    Problem,
    Span,
    Suppression,
    first_problems,
    open_problems,
    parse_problem,
    problem_fields,
    render_github,
    render_json,
    render_text,
    sort_problems,
)

PATH = "catalog/services/casos.yaml"
SOURCE = "service: casos\nslos:\n  - name: availability\n    objective: 100%\n"
PROBLEM = Problem(
    code="objective-range",
    message="objective 100% leaves no error budget",
    span=Span(path=PATH, line=4, column=16, end_column=20),
    label="must be below 100%",
    why="without a budget, burn rates divide by zero",
    fix="lower it; 99.95% allows 21 min 36 s in 30 days",
)


def test_text_shows_where_why_and_the_way_out() -> None:
    assert render_text([PROBLEM], {PATH: SOURCE}) == (
        "catalog/services/casos.yaml:4:16: error[objective-range]:"
        " objective 100% leaves no error budget\n"
        "   3 |   - name: availability\n"
        "   4 |     objective: 100%\n"
        "     |                ^^^^ must be below 100%\n"
        "  why: without a budget, burn rates divide by zero\n"
        "  fix: lower it; 99.95% allows 21 min 36 s in 30 days\n"
    )


def test_a_file_without_text_is_drawn_without_an_excerpt() -> None:
    assert "|" not in render_text([PROBLEM], {})


def test_the_mark_stands_under_the_value_after_tabs_and_strange_line_ends() -> None:
    source = "a:\r\n\tobjective\u2028: 1\r\n"
    span = Span(path=PATH, line=2, column=2, end_column=11)
    drawn = render_text([_with_span(span)], {PATH: source}).splitlines()
    assert drawn[2].index("objective") == drawn[3].index("^")


def test_github_escapes_what_would_end_the_command() -> None:
    span = Span(path="a,b:c%.yaml", line=1, column=2, end_column=3)
    assert render_github([_with_span(span)]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=2,title=objective-range::"
        "objective 100%25 leaves no error budget%0A"
        "why: without a budget, burn rates divide by zero%0A"
        "fix: lower it; 99.95%25 allows 21 min 36 s in 30 days"
    )


def test_github_gets_nothing_that_steers_a_terminal() -> None:
    problem = replace(PROBLEM, message="\x1b[31mred\u202e\nnext", fix="\x9b2J")
    shown = render_github([problem])
    assert "::\\x1b[31mred\\u202e%0Anext%0Awhy: " in shown
    assert shown.isprintable()


def test_json_has_every_part() -> None:
    (found,) = json.loads(render_json([PROBLEM]))
    assert found["path"] == PATH
    assert (found["line"], found["column"], found["end_column"]) == (4, 16, 20)
    assert {"code", "message", "label", "why", "fix"} <= set(found)


def test_problems_come_in_reading_order() -> None:
    later = _with_span(Span(path=PATH, line=9, column=1, end_column=2))
    other = _with_span(Span(path="catalog/catalog.yaml", line=20, column=1, end_column=2))
    assert sort_problems([later, PROBLEM, other]) == (other, PROBLEM, later)


def test_what_steers_a_terminal_is_written_as_its_escape() -> None:
    steering = "\x1b[31m\x07\r\n\u202e\u2066\udcff"
    problem = replace(
        PROBLEM,
        message=steering,
        label=steering,
        why=steering,
        fix=steering,
        span=replace(PROBLEM.span, path=f"{steering}.yaml"),
    )
    drawn = render_text([problem], {problem.span.path: SOURCE.replace("100%", steering)})
    assert all(char.isprintable() or char == "\n" for char in drawn)
    assert drawn.count("\\x1b[31m\\x07\\r\\n\\u202e\\u2066\\udcff") == 5


def test_a_very_long_sentence_is_cut_on_a_terminal_only() -> None:
    problem = replace(PROBLEM, message="x" * 10_000)
    assert max(map(len, render_text([problem], {}).splitlines())) < 1000
    assert json.loads(render_json([problem]))[0]["message"] == "x" * 10_000


def test_of_very_many_problems_the_first_are_shown_and_one_stands_for_the_rest() -> None:
    few = [PROBLEM] * 100
    assert first_problems(PATH, few) == tuple(few)
    shown = first_problems(PATH, [PROBLEM] * 101)
    assert len(shown) == 101
    assert (shown[-1].code, shown[-1].span.path) == ("too-many-problems", PATH)


def test_allowed_problems_are_not_open_and_have_their_reason_in_json() -> None:
    allowed = replace(
        PROBLEM,
        allowed=Suppression(code=PROBLEM.code, reason="because", span=PROBLEM.span, line=4),
    )
    assert open_problems([allowed, PROBLEM]) == (PROBLEM,)
    assert [one["allowed"] for one in json.loads(render_json([allowed, PROBLEM]))] == [
        "because",
        None,
    ]


def _with_span(span: Span) -> Problem:
    return Problem(
        code=PROBLEM.code,
        message=PROBLEM.message,
        span=span,
        label=PROBLEM.label,
        why=PROBLEM.why,
        fix=PROBLEM.fix,
    )


def test_a_problem_read_from_json_is_the_one_that_was_written() -> None:
    fields = {**problem_fields(PROBLEM), "of_a_later_version": 1}
    assert parse_problem(json.loads(json.dumps(fields))) == PROBLEM


@pytest.mark.parametrize("fields", [{}, {**problem_fields(PROBLEM), "line": "first"}])
def test_what_is_no_problem_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        parse_problem(fields)
