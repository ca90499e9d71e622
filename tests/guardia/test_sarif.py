"""SARIF 2.1.0: what its readers rely on, as the specification says it."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from guardia.problem import Problem, Span, Suppression
from guardia.sarif import render_sarif

SPAN = Span(path="catalog/services/años 100%.yaml", line=3, column=5, end_column=5)


def problem(code: str, span: Span = SPAN, allowed: Suppression | None = None) -> Problem:
    return Problem(code=code, message="m", span=span, label="l", why="w", fix="f", allowed=allowed)


def log(*problems: Problem) -> dict[str, Any]:
    run = json.loads(render_sarif(problems, {"wrong-type": "A value of another type."}))
    assert (run["version"], len(run["runs"])) == ("2.1.0", 1)
    found: dict[str, Any] = run["runs"][0]
    return found


def test_each_result_names_its_rule_by_id_and_by_its_place_in_the_list() -> None:
    run = log(problem("wrong-value"), problem("wrong-type"), problem("wrong-value"))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["wrong-type", "wrong-value"]
    assert rules[0]["shortDescription"]["text"] == "A value of another type."
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [
        one["ruleId"] for one in run["results"]
    ]


def test_an_address_is_relative_and_percent_encoded() -> None:
    (result,) = log(problem("wrong-type"))["results"]
    place = result["locations"][0]["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    assert uri.isascii()
    assert " " not in uri
    assert urlsplit(uri).scheme == ""
    assert unquote(uri) == SPAN.path


def test_a_region_counts_from_one_and_ends_behind_its_last_character() -> None:
    wide = Span(path="x.yaml", line=1, column=2, end_column=9)
    for span in (SPAN, wide):
        (result,) = log(problem("wrong-type", span))["results"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region == {
            "startLine": span.line,
            "startColumn": span.column,
            "endColumn": span.end_column,
        }


def test_an_allowed_problem_stays_in_the_list_with_its_reason() -> None:
    allowed = Suppression(code="wrong-type", reason="because", span=SPAN, line=3)
    first, second = log(problem("wrong-type", allowed=allowed), problem("wrong-type"))["results"]
    assert first["suppressions"] == [{"kind": "inSource", "justification": "because"}]
    assert second["suppressions"] == []


def test_no_problems_are_a_run_without_results() -> None:
    run = log()
    assert run["results"] == []
    assert run["tool"]["driver"] == {"name": "guardia", "rules": []}


def test_a_name_that_is_no_text_has_an_address_too() -> None:
    strange = Span(path="a\udcff.yaml", line=1, column=1, end_column=1)
    (result,) = log(problem("wrong-type", strange))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%FF.yaml"
