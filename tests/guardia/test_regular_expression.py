"""Regular expressions: only what RE2 and Python read alike is let through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardia.matcher import Matcher, parse_matcher
from guardia.regular_expression import (
    MATCHING_FLAGS,
    RegularExpressionError,
    check_regular_expression,
)

# What Go's regexp refuses or reads otherwise, though Python compiles it; and the reverse.
PYTHON_ONLY = (
    r"crit.*\Z", r"\u0063ritical", r"\U00000063ritical", r"\N{LATIN SMALL LETTER C}", r"\1",
    r"(a)\1", "(?P<n>a)(?P=n)", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?>a)", "(?#note)a",
    "(a)?(?(1)b|c)", "a*+", "a++", "a?+", "a{2}+", "a{,3}", "a{1001}", "a{2,1001}", "(a{500}){3}",
    "((a{10}){11}b){10}", "(?x) a", "(?a)a", "(?a:a)", "(?u)a", r"\0", r"\07", r"[\b]", r"\é",
    r"\B", "[[:digit:]]+", "[[a]", "(?i)é", "(?i:é)", "a$b", "a$\n",
)  # fmt: skip
GO_ONLY = (
    r"a\z", r"\Qa.b\E", r"\pL", r"\p{Greek}", r"\PN", r"\x{41}", "(?P<n>a)(?i)b", "a(?i)b",
    "(?<n>a)", "(?U)a+", r"\123",
)  # fmt: skip
NEITHER = ("(", ")", "a)", "[", "*", "a**", "a{2}{3}", "(?", "\\", r"\C")


@pytest.mark.parametrize("text", [*PYTHON_ONLY, *GO_ONLY, *NEITHER])
def test_what_only_one_of_them_knows_is_refused(text: str) -> None:
    with pytest.raises(RegularExpressionError, match=r"\w"):
        check_regular_expression(text)


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ("critical|high", "high", True),
        ("(critical|high)", "low", False),
        ("(?:dev|qa)-[0-9]+", "qa-12", True),
        (r"5..", "503", True),
        (r"10\.0\.\d{1,3}\.\d{1,3}", "10.0.12.1", True),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "0" * 36, False),
        ("(?i)critical", "CRITICAL", True),
        ("(?i:c)ritical", "Critical", True),
        ("(?s).*", "a\nb", True),
        ("^critical$", "critical", True),
        ("(^a$|b$)", "b", True),
        (r"[^/\]]+", "a]", False),
        ("[]a]+", "]a", True),
        ("[a-]+", "a-a", True),
        (r"a\-b\/c\_d", "a-b/c_d", True),
        (r"\x41", "A", True),
        ("a*?b+?c??", "b", True),
        ("", "", True),
        ("a||b", "", True),
        ("{a}", "{a}", True),
        ("ñandú", "ñandú", True),
        (r"\d+", "٣", False),  # an Arabic three, no digit to RE2
        (r"\w+", "é", False),
        ("(a{10}b{10}){100}", "", False),
    ],
)
def test_what_both_know_is_matched_as_prometheus_does(text: str, value: str, matches: bool) -> None:
    check_regular_expression(text)

    assert Matcher(name="a", operator="=~", value=text).matches({"a": value}) is matches


def test_a_configuration_that_alertmanager_would_refuse_is_refused() -> None:
    for text in (r'severity=~"crit.*\\Z"', r'severity=~"\\u0063ritical"'):
        with pytest.raises(RegularExpressionError, match="escape"):
            parse_matcher(text)


pieces = st.sampled_from(
    ["a", "\\", "(", "(?", "?", ":", "P<n>", ")", "[", "]", "^", "-", "{", "}", ",", "1", "1001",
     "+", "*", "|", "$", "Z", "z", "u0063", "Q", "E", "pL", "b", "i", "<", "=", "!", "é", "."]
)  # fmt: skip


@given(parts=st.lists(pieces, max_size=8))
def test_whatever_is_let_through_compiles_and_has_no_form_of_one_side(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        check_regular_expression(text)
    except RegularExpressionError:
        return
    re.compile(text, MATCHING_FLAGS)
    without_classes = re.sub(r"\\[^\w]|\[\^?\]?(?:\\.|[^\]\\])*\]", "", text)
    possessive = r"(?:[*+?]|\{\d+(?:,\d*)?\})\+"
    of_one_side = rf"\(\?[<=!P>#(]|{possessive}|\{{,|\\[ZzuUNQEpPC0-9]"
    assert not re.search(of_one_side, without_classes)


@given(value=st.text())
def test_any_text_can_be_written_with_escapes(value: str) -> None:
    text = "".join(f"\\{char}" if re.match(r"[!-/:-@\[-`{-~]", char) else char for char in value)
    check_regular_expression(text)
    assert Matcher(name="a", operator="=~", value=text).matches({"a": value})
