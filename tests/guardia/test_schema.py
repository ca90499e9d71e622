"""The quick yes to a document and jsonschema's judgement: never a yes where that says no."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardia import schema
from guardia.document import read_document
from guardia.schema.valid import compile_check
from tests.catalogs import CATALOG

FOLDER = Path(schema.__file__).parent
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def _read(path: Path) -> Any:
    document, _ = read_document(path.name, path.read_text())
    assert document is not None
    return document.value


DOCUMENTS = [
    (kind, _read(path))
    for kind, pattern in (
        ("catalog", "catalog.yaml"),
        ("service", "services/*.yaml"),
        ("oncall", "oncall/*.yaml"),
    )
    for path in sorted(CATALOG.glob(pattern))
]
CHECKS = {kind: compile_check(SCHEMAS[kind]) for kind in SCHEMAS}
JUDGES = {kind: Draft202012Validator(SCHEMAS[kind]) for kind in SCHEMAS}
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.floats(),
    st.sampled_from(["", "a", "A", "critical", "5m", "99.9%", "x" * 64, "a\n", "é"]),
    st.just([]),
    st.just(["a", "a"]),
    st.just([1, True]),
    st.just({}),
    st.just({"a": "a"}),
    st.just({"a": {"b": []}}),
)


@pytest.mark.parametrize(("kind", "document"), DOCUMENTS)
def test_right_documents_are_seen_to_be_right_at_once(kind: str, document: Any) -> None:
    assert JUDGES[kind].is_valid(document)
    assert CHECKS[kind](document)


@given(st.data())
def test_no_change_passes_that_jsonschema_refuses(data: st.DataObject) -> None:
    kind, right = data.draw(st.sampled_from(DOCUMENTS))
    document = copy.deepcopy(right)
    for _ in range(data.draw(st.integers(1, 3))):
        _change(data, document)
    if CHECKS[kind](document):
        assert JUDGES[kind].is_valid(document)


@given(st.sampled_from(sorted(SCHEMAS)), _ODD)
def test_odd_documents_are_refused_by_both(kind: str, document: Any) -> None:
    assert not (CHECKS[kind](document) and not JUDGES[kind].is_valid(document))


@pytest.mark.parametrize(
    "rules",
    [
        {"type": "integer", "minimum": 1},
        {"type": ["string", "null"], "pattern": "^a+$", "minLength": 2, "maxLength": 3},
        {"enum": ["a", "A"]},
        {"enum": [1, True]},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
        {"type": "array", "uniqueItems": True},
        {"type": "object", "required": ["a"], "maxProperties": 1},
        {"type": "object", "propertyNames": {"pattern": "^[a-z]$"}, "additionalProperties": True},
        {"properties": {"a": False}, "additionalProperties": {"type": "string"}},
        {"$ref": "#/$defs/tree", "$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}}}},
        {"$ref": "#/$defs/missing"},
        {"not": {"type": "string"}},
        {"type": "number", "multipleOf": 2},
    ],
)
@given(_ODD)
def test_each_keyword_never_says_more_than_jsonschema(rules: dict[str, Any], value: Any) -> None:
    if compile_check(rules)(value):
        assert Draft202012Validator(rules).is_valid(value)


def _change(data: st.DataObject, value: Any) -> None:
    """Put something odd somewhere into `value`: another value, a new key, or nothing."""
    while True:
        if isinstance(value, dict):
            keys: list[Any] = [*value, "new"]
        elif isinstance(value, list) and value:
            keys = list(range(len(value)))
        else:
            return
        key = data.draw(st.sampled_from(keys))
        inner = value.get(key) if isinstance(value, dict) else value[key]
        if not isinstance(inner, dict | list) or data.draw(st.booleans()):
            if isinstance(value, dict) and data.draw(st.booleans()):
                value.pop(key, None)
            else:
                value[key] = copy.deepcopy(data.draw(_ODD))
            return
        value = inner
