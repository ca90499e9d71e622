"""What a file that breaks its schema is told: the value that was meant, or an example."""

import pytest

from guardia.document import read_document
from guardia.problem import Problem
from guardia.schema import check_schema
from guardia.word import counted, nearest
from tests.catalogs import CATALOG

SERVICE = """\
service: casos
team: plataforma
description: d
targets: up{job="casos"}
conditions:
  - alert: DatabaseDown
    severity: critical
    expr: up == 0
    for: 1m
    summary: s
    description: d
    runbook: down
    examples: {fires: {up: 0}, silent: {up: 1}}
"""


def problem_of(old: str, new: str) -> Problem:
    assert SERVICE.count(old) == 1
    document, problems = read_document("x.yaml", SERVICE.replace(old, new))
    assert problems == ()
    assert document is not None
    (problem,) = check_schema(document, "service")
    return problem


@pytest.mark.parametrize(
    ("old", "new", "label"),
    [
        ("for: 1m", "for: 5", "did you mean 5m?"),
        ("for: 1m", "for: [5m]", "did you mean 5m?"),
        ("for: 1m", "for: 0", "must be text, such as `5m`"),
        ("for: 1m", "for: true", "must be text, such as `5m`"),
        ("for: 1m", "for: {m: 5}", "must be text, such as `5m`"),
        ("for: 1m", "for: 1.5", "did you mean 1m30s?"),
        ("for: 1m", "for: 0.000001", "must be text, such as `5m`"),
        ("for: 1m", "for: .inf", "must be text, such as `5m`"),
        ("for: 1m", "for: 99999999999", "must be text, such as `5m`"),
        ("summary: s", "summary: 404", 'did you mean "404"?'),
        ("team: plataforma", "team: Plataforma Uno", "did you mean `plataforma-uno`?"),
        ("team: plataforma", "team: '---'", "must be of the form `casos`"),
        ("alert: DatabaseDown", "alert: database-down", "did you mean `DatabaseDown`?"),
        ("severity: critical", "severity: Critical", "did you mean `critical`?"),
        ("severity: critical", "severity: page", "not one of the known values"),
        ("summary: s", "sumary: s\n    summary: s", "not known"),
        ("targets:", "target: x\ntargets:", "not known"),
        ("team: plataforma", "team: plataforma\nenvironments: prod", "did you mean [prod]?"),
        ("team: plataforma", "team: plataforma\nenvironments: [a, b, a]", "stands here twice"),
        ("team: plataforma", "team: plataforma\nenvironments: []", "must not be empty"),
        ("team: plataforma", f"team: {'a' * 64}", "at most 63 characters allowed"),
    ],
)
def test_a_wrong_value_is_told_what_was_meant(old: str, new: str, label: str) -> None:
    assert problem_of(old, new).label == label


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("500", "did you mean 500ms or 500s?"),
        ("0.5", "did you mean 500ms?"),
        ("2.5", "did you mean 2s500ms?"),
        ("0.0001", "must be text, such as `500ms`"),
        ("-1", "must be text, such as `500ms`"),
    ],
)
def test_a_latency_is_never_taken_for_minutes(written: str, label: str) -> None:
    slo = f"""\
slos:
  - name: speed
    description: d
    objective: 99%
    sli: {{latency: {{histogram: h_seconds, below: {written}}}}}
    runbook: slow
conditions:
"""
    assert problem_of("conditions:\n", slo).label == label


def test_the_unit_of_a_length_is_that_of_its_place() -> None:
    text = (CATALOG / "catalog.yaml").read_text(encoding="utf-8")
    text = text.replace("scrape_interval: 15s", "scrape_interval: 15")
    document, _ = read_document("catalog.yaml", text.replace("retention: 30d", "retention: 30"))
    assert document is not None
    found = [problem.label for problem in check_schema(document, "catalog")]
    assert found == ["did you mean 15s?", "did you mean 30d?"]


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        (
            "runbook: down",
            "runbook: https://wiki.example.org/x",
            "put the link into a file NAME.md in the catalog's folder runbooks/, and NAME here",
        ),
        ("runbook: down", 'runbook: "down!"', "write `down`"),
        ("team: plataforma", 'team: plataforma\nlabels: {"foo bar": x}', "write `foo_bar`"),
        ("team: plataforma", 'team: plataforma\nlabels: {"Foo-Bar": x}', "write `Foo_Bar`"),
        (
            "team: plataforma",
            'team: plataforma\nlinks: {"Foo Bar": https://example.org}',
            "write `foo_bar`",
        ),
    ],
)
def test_a_name_is_not_made_of_what_is_none(old: str, new: str, fix: str) -> None:
    assert problem_of(old, new).fix == fix


def test_a_misspelt_key_is_told_the_right_one() -> None:
    document, _ = read_document("x.yaml", SERVICE.replace("severity:", "severty:"))
    assert document is not None
    found = {problem.code: problem for problem in check_schema(document, "service")}
    assert found["unknown-key"].label == "did you mean `severity`?"
    assert found["missing-key"].label == "this needs `severity`"


def test_the_reason_is_what_the_key_is_for() -> None:
    assert problem_of("team: plataforma", "team: 7").why.startswith("who owns it")


def test_an_item_given_twice_is_marked_itself() -> None:
    problem = problem_of("team: plataforma", "team: plataforma\nenvironments: [a, b, a]")
    assert (problem.span.line, problem.span.column) == (3, 22)


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("match: {severity: critical}", """write `matchers: ['severity="critical"']`"""),
        ("match_re: {team: a|b}", """write `matchers: ['team=~"a|b"']`"""),
        ("match: {a: it's, b: c}", """write `matchers: ['a="it''s"', 'b="c"']`"""),
        ("match: ['severity=critical']", "write `matchers`"),
        ("match: {severity: 1}", "write `matchers`"),
    ],
)
def test_a_mapping_of_matchers_is_shown_as_the_list(written: str, fix: str) -> None:
    document, _ = read_document(
        "alertmanager.yaml",
        f"routes: [{{receiver: team, {written}}}]\n"
        "receivers: [{name: team, webhook_configs: [{url_file: /a}]}]\n",
    )
    assert document is not None
    assert [problem.fix for problem in check_schema(document, "alertmanager")] == [fix]


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("hihg", ["critical", "high", "low"], "high"),
        ("HIGH", ["critical", "high", "low"], "high"),
        ("page", ["critical", "high", "low"], None),
        ("", ["a"], None),
        ("ab", ["abd", "abc"], "abc"),
        ("x" * 101, ["x" * 100], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_word(word: str, known: list[str], meant: str | None) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 services"), (1, "1 service"), (2, "2 services")]
)
def test_one_is_singular(number: int, said: str) -> None:
    assert counted(number, "service") == said
