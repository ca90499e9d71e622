"""The checks of PromQL on rules that others run: what they find there are real mistakes.

Each finding was looked at by hand. The numbers may rise only when a new finding
was looked at as well: a check that finds what works is worse than none.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from generator.promql.finding import Finding, Setting, read_expression
from generator.promql.lint import check_alert_expression, check_rate_expression
from guardia.duration import parse_duration

SETTING = Setting(scrape_interval=timedelta(seconds=15), retention=timedelta(days=365), kept=())
FOUND = {
    # count() and rate() below what they can be: alerts that never fire.
    "comparison-impossible": 5,
    # Restarts of Prometheus alert.
    "absent-without-for": 4,
    # Two of them are examples of another linter, two average over instances.
    "avg-of-ratio": 4,
    # A rate that is not compared, and the alert `1` in three test files.
    "comparison-missing": 4,
    # "more than 10 errors since the process began".
    "counter-no-rate": 2,
    "offset-negative": 1,
    # Eight are made by templates of mixins from an empty selector.
    "regexp-redundant": 11,
}


def rules(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.rglob("*.y*ml")):
        try:
            documents = list(yaml.safe_load_all(path.read_text("utf-8")))
        except yaml.YAMLError:  # some are broken on purpose
            continue
        for document in documents:
            if not isinstance(document, dict):
                continue
            groups = document.get("groups") or (document.get("spec") or {}).get("groups") or []
            for group in groups:
                for rule in group.get("rules") or [] if isinstance(group, dict) else []:
                    if isinstance(rule, dict) and "expr" in rule:
                        yield path.name, rule


def findings(rule: dict[str, Any]) -> tuple[Finding, ...]:
    expression = str(rule["expr"])
    if "alert" not in rule:
        return check_rate_expression(expression, setting=SETTING)
    try:
        holds_for = parse_duration(str(rule.get("for", "")))
    except ValueError:
        holds_for = timedelta()
    return check_alert_expression(expression, holds_for=holds_for, setting=SETTING)


def test_only_mistakes_are_found_in_the_rules_of_others(corpus: Path) -> None:
    every = [rule for _, rule in rules(corpus / "rules")]
    assert len(every) > 1000
    assert Counter(one.code for rule in every for one in findings(rule)) == FOUND


def test_what_another_linter_calls_bad_is_found(corpus: Path) -> None:
    # The others are not about expressions: intervals, labels, rules that read rules.
    files = {"alerts", "fragile", "impossible", "nan", "regexp"}
    found = {name for name, rule in rules(corpus / "rules" / "pint-bad-examples") if findings(rule)}
    assert found == {f"pint__{name}.yml" for name in files}


def test_the_indicators_of_others_are_left_alone(corpus: Path) -> None:
    checked = 0
    for path in sorted((corpus / "slo-specs").rglob("*.y*ml")):
        text = path.read_text("utf-8")
        try:
            documents = list(yaml.safe_load_all(text.replace("{{.window}}", "$window")))
        except yaml.YAMLError:  # Helm templates
            continue
        for query in queries(documents):
            checked += 1
            assert check_rate_expression(query, setting=SETTING) == (), (path.name, query)
    assert checked > 100


def queries(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (query for item in value.values() for query in queries(item))
    elif isinstance(value, list):
        yield from (query for item in value for query in queries(item))
    elif isinstance(value, str) and "$window" in value:
        try:
            read_expression(value.replace("$window", "5m"))
        except ValueError:  # a sentence that speaks of it
            return
        yield value
