"""YAML reading: what a reader of the file sees is what comes out, with its place."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guardia.document import Document, read_document


def read(text: str) -> Document:
    document, problems = read_document("catalog.yaml", text)
    assert problems == ()
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("09:00", "09:00"),
        ("2026-01-05", "2026-01-05"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("99.9", 99.9),
        ("99.9%", "99.9%"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ('"true"', "true"),
        ("'5'", "5"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalars_read_as_yaml_1_2_does(written: str, value: object) -> None:
    found = read(f"key: {written}\n").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_the_key_on_stays_text() -> None:
    assert read("on: call\nno: way\n").value == {"on": "call", "no": "way"}


def test_positions_count_from_one_and_end_after_the_value() -> None:
    document = read("slos:\n  - name: availability\n    objective: 100%\n")
    span = document.span(("slos", 0, "objective"))
    assert (span.line, span.column, span.end_column) == (3, 16, 20)
    key = document.key_span(("slos", 0, "objective"))
    assert (key.line, key.column, key.end_column) == (3, 5, 14)


def test_all_duplicate_keys_are_reported_and_name_the_first() -> None:
    _, problems = read_document("x.yaml", "a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n")
    assert [(p.code, p.span.line, p.label) for p in problems] == [
        ("duplicate-key", 3, "first given on line 1"),
        ("duplicate-key", 4, "first given on line 4"),
    ]


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: [1, 2\nb: 3\n", "yaml-syntax", 2, 2),
        ("a: 'open\n", "yaml-syntax", 2, 1),
        ("a: b: c\n", "yaml-syntax", 1, 5),
        ("a: !!python/object:os.system x\n", "yaml-syntax", 1, 4),
        ("a: !!int abc\n", "yaml-syntax", 1, 4),
        ("a: " + "9" * 5000 + "\n", "yaml-syntax", 1, 4),
        ('a: "x\u2028y"\nb: !tag z\n', "yaml-syntax", 2, 4),
        ("a: 1\r\nb: 2\rc: !tag z\n", "yaml-syntax", 3, 4),
        ("a: !tag [1]\n", "yaml-syntax", 1, 4),
        ("a: 1\n---\nb: 2\n", "yaml-syntax", 2, 1),
        ("a: \x07\n", "yaml-syntax", 1, 4),
        ("1: x\n", "wrong-type", 1, 1),
        ("? [a]\n: x\n", "wrong-type", 1, 3),
        ("", "yaml-syntax", 1, 1),
        ("# only a comment\n", "yaml-syntax", 1, 1),
        ("a: &loop\n  b: *loop\n", "yaml-syntax", 1, 4),
        ("a: *missing\n", "yaml-syntax", 1, 4),
    ],
)
def test_what_cannot_be_read_is_a_problem_at_its_place(
    text: str, code: str, line: int, column: int
) -> None:
    document, problems = read_document("x.yaml", text)
    assert document is None
    assert [(p.code, p.span.line, p.span.column) for p in problems] == [(code, line, column)]


def test_aliases_that_multiply_are_refused_and_not_expanded() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    document, problems = read_document("x.yaml", "\n".join(levels) + "\n")
    assert document is None
    assert [problem.code for problem in problems] == ["yaml-syntax"]


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(), plain_values, min_size=1, max_size=4))
def test_any_value_written_as_json_like_yaml_reads_back_with_a_place_for_each_part(
    value: dict[str, object],
) -> None:
    # Double quotes around every text: what PyYAML leaves plain follows YAML 1.1.
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    document = read(text)
    assert document.value == value
    lines = text.split("\n")
    for pointer in document.extents:
        span = document.span(pointer)
        assert 1 <= span.line <= len(lines), pointer
        assert 1 <= span.column <= len(lines[span.line - 1]) + 1, pointer


@given(st.text())
def test_any_text_is_read_or_is_a_problem(text: str) -> None:
    document, problems = read_document("x.yaml", text)
    assert (document is None) == bool(problems)
