"""Alertmanager's matchers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.matcher import Matcher, matches_all, parse_matcher

CRITICAL = {"severity": "critical", "environment": "prod"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('severity="critical"', True),
        ("severity=critical", True),
        (' severity = "critical" ', True),
        ('severity!="critical"', False),
        ('severity=~"crit|high"', False),  # the whole value must match
        ('severity=~"critical|high"', True),
        ('environment!~"dev|qa"', True),
        ('region=""', True),  # absent counts as empty
        ('region!=""', False),
        ('region=~".*"', True),
    ],
)
def test_matching(text: str, found: bool) -> None:
    assert parse_matcher(text).matches(CRITICAL) is found


def test_no_matchers_match_everything() -> None:
    assert matches_all([], CRITICAL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "severity",
        "severity==critical",
        '{severity="critical"}',
        'severity="critical',
        'severity="a\\q"',
        'a="b",c="d"',
        'severity=~"("',
        'severity=~"(?=x)"',
        r'severity=~"(a)\\1"',
        '1a="b"',
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_matcher(text)


names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True)


@given(name=names, operator=st.sampled_from(["=", "!="]), value=st.text())
def test_a_written_matcher_reads_back(name: str, operator: str, value: str) -> None:
    matcher = Matcher(name=name, operator=operator, value=value)
    assert parse_matcher(str(matcher)) == matcher


@given(value=st.text(), labels=st.dictionaries(names, st.text()))
def test_a_negation_is_the_opposite(value: str, labels: dict[str, str]) -> None:
    positive = Matcher(name="a", operator="=", value=value)
    negative = Matcher(name="a", operator="!=", value=value)
    assert positive.matches(labels) is not negative.matches(labels)
