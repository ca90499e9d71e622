"""The YAML that we write: read back as it was given, by readers of YAML 1.1 and 1.2 alike."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.yaml_text import HEADER, render_yaml
from guardia.document import read_document

_LINES = st.text(
    st.sampled_from("ab:#-?!&*|>%@`'\"{}[](),=<~. \t\n\r\\/0123456789xeoEZyñ\u2028\u202e😀")
)
_WORDS = st.sampled_from(
    [
        *("yes", "No", "ON", "off", "y", "N", "null", "~", "True", "", "=", "<<", "0x1f", "0b1"),
        *("1_000", "1e3", "1e+3", ".5", "-.inf", "12:30", "190:20:30", "2001-12-14", "5m", "1h30m"),
        *("2001-12-14 21:59:43 -5", "2001-12-14 21:59:43 Z", "0x64", "7x64", "0+1x9", "0.5-.1x9"),
        *(
            "---",
            "- a",
            "? a",
            "a: b",
            "a #b",
            "a:",
            " a",
            "a ",
            "#a\nb",
            "0 * up",
            "1 - x",
            "../a",
        ),
        *("a\n", "a\n\n", "\na", " a\nb", "a\n b", "a\n\nb", "a \nb", "a\nb\n", "a\n---\nb"),
    ]
)
_TEXTS = _WORDS | _LINES | st.text(st.characters(codec="utf-8"))
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert yaml.load(render_yaml(value), Loader=yaml.CSafeLoader) == value
    assert yaml.load(render_yaml(value), Loader=yaml.SafeLoader) == value


@given(_TEXTS)
def test_text_stays_text_for_readers_of_yaml_1_2(text: str) -> None:
    document, problems = read_document("a.yml", render_yaml({"text": text, "list": [text]}))
    assert not problems
    assert document is not None
    assert document.value == {"text": text, "list": [text]}


@given(st.text(st.characters(codec="utf-8")))
def test_no_line_hides_or_turns_a_character(text: str) -> None:
    written = render_yaml(text)
    assert not set(written) & set("\x00\x1b\x7f\x85\xa0\u200b\u200f\u2028\u202e\u2066\ufeff")
    assert all(line == line.rstrip() for line in written.splitlines())


def test_a_rule_reads_like_one_written_by_hand() -> None:
    rule = {
        "record": "slo:errors:rate5m",
        "expr": 'sum(rate(a{code=~"5.."}[5m]))\nor\n0 * sum(slo:total:rate5m)',
        "for": "2m",
        "labels": {"objective": "0.999", "answer": "yes"},
        "annotations": {"summary": "casos: {{ $value }} failed"},
    }
    assert render_yaml({"groups": [{"name": "casos/fast", "rules": [rule], "empty": []}]}) == (
        HEADER
        + """\
groups:
- name: casos/fast
  rules:
  - record: slo:errors:rate5m
    expr: |-
      sum(rate(a{code=~"5.."}[5m]))
      or
      0 * sum(slo:total:rate5m)
    for: 2m
    labels:
      objective: '0.999'
      answer: 'yes'
    annotations:
      summary: 'casos: {{ $value }} failed'
  empty: []
"""
    )


@pytest.mark.parametrize(
    ("number", "written"),
    [(1.0, "1.0"), (1e-05, "1.0e-05"), (2.5e22, "2.5e+22"), (float("inf"), ".inf"), (-7, "-7")],
)
def test_numbers_are_numbers_in_yaml_1_1(number: float, written: str) -> None:
    assert render_yaml(number) == f"{HEADER}{written}\n"


def test_a_key_of_any_length_is_a_key() -> None:
    value = {"k" * 3000: {"a" * 3000: ["x"]}, "ñ" * 600: "a\nb"}
    assert yaml.load(render_yaml(value), Loader=yaml.CSafeLoader) == value


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        render_yaml({"a": {1}})


def test_json_is_read_as_it_is() -> None:
    hostile = "a: \\u0041 \u0085 \" ' \b \f \t / \ud7ff"
    written = render_yaml(hostile)
    assert json.loads(written.removeprefix(HEADER)) == hostile
