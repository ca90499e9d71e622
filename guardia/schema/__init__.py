"""JSON Schemas of the declared files, and what breaks them as problems with positions."""

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from guardia.document import Document, Pointer
from guardia.problem import Problem

_TYPE_NAMES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}


def _whole_pattern(
    _validator: Any, pattern: str, value: Any, _schema: Any
) -> Iterator[ValidationError]:
    """Match to the very end: Python's `$` also matches before a last line end."""
    end = r"\Z" if pattern.endswith("$") else ""
    if isinstance(value, str) and not re.search(pattern.removesuffix("$") + end, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema's own stub has none
    Draft202012Validator, {"pattern": _whole_pattern}
)


@cache
def _validator(kind: str) -> Any:
    text = files(__package__).joinpath(f"{kind}.json").read_text(encoding="utf-8")
    return _Validator(json.loads(text))


def check_schema(document: Document, kind: str) -> Iterator[Problem]:
    """Yield what in a document breaks the JSON Schema of its kind.

    `kind` is "catalog", "service" or "oncall". Source: JSON Schema 2020-12.
    """
    for error in _validator(kind).iter_errors(document.value):
        yield from _problems(document, error)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` most likely means, or None."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _problems(document: Document, error: Any) -> Iterator[Problem]:
    # `Any`, since jsonschema's types allow a validator that has not run: these have.
    pointer: Pointer = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(document, pointer, error)
        case "required":
            yield _missing_key(document, pointer, error)
        case "type":
            yield _wrong_type(document, pointer, error)
        case _:
            yield _wrong_value(document, pointer, error)


def _unknown_keys(document: Document, pointer: Pointer, error: Any) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key in known:
            continue
        guess = nearest(key, (name for name in known if name not in error.instance))
        allowed = ", ".join(known)
        yield Problem(
            code="unknown-key",
            message=f"`{key}` is not known here",
            span=document.key_span((*pointer, key)),
            label=f"did you mean `{guess}`?" if guess else "not known",
            why="a key that nobody reads is a setting that silently does nothing",
            fix=f"write `{guess}`" if guess else f"use one of: {allowed}; or remove it",
        )


def _missing_key(document: Document, pointer: Pointer, error: Any) -> Problem:
    # jsonschema raises one error a missing key; the key is only named in the message.
    missing = next(key for key in error.validator_value if error.message.startswith(f"{key!r} "))
    about = error.schema.get("properties", {}).get(missing, {})
    where = f"`{pointer[-1]}`" if pointer and isinstance(pointer[-1], str) else "this"
    return Problem(
        code="missing-key",
        message=f"`{missing}` is missing",
        span=document.key_span(pointer),
        label=f"{where} needs `{missing}`",
        why=_describe(about) or "nothing sensible can be assumed for it",
        fix=f"add `{missing}:`",
    )


def _wrong_type(document: Document, pointer: Pointer, error: Any) -> Problem:
    wanted = error.validator_value
    names = [_TYPE_NAMES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    expected = " or ".join(names)
    return Problem(
        code="wrong-type",
        message=f"{_name(pointer)} is {_type_name(error.instance)}",
        span=document.span(pointer),
        label=f"must be {expected}",
        why=_describe(error.schema) or f"only {expected} has a meaning here",
        fix=f"write {expected}",
    )


def _wrong_value(document: Document, pointer: Pointer, error: Any) -> Problem:
    rule = error.validator_value
    fix = "write a value of the form the description gives"
    match error.validator:
        case "enum":
            guess = nearest(str(error.instance), [str(value) for value in rule])
            label = f"did you mean `{guess}`?" if guess else "not one of the known values"
            fix = f"use one of: {', '.join(str(value) for value in rule)}"
        case "pattern":
            label = f"must match {rule}"
            fix = f"change it to match; allowed: {_describe(error.schema) or rule}"
        case "minLength" | "minItems" | "minProperties":
            label = "must not be empty"
            fix = "fill it in, or leave the key out where it may be left out"
        case "maxLength" | "maxItems" | "maxProperties":
            label = f"at most {rule} allowed"
        case "uniqueItems":
            label = "an item stands here twice"
            fix = "remove the second one"
        case "minimum":
            label = f"must be {rule} or more"
        case _:
            label = error.message
    return Problem(
        code="wrong-value",
        message=f"{_name(pointer)} cannot be {_shown(error.instance)}",
        span=document.span(pointer),
        label=label,
        why=_describe(error.schema) or "the schema of this file does not allow it",
        fix=fix,
    )


def _name(pointer: Pointer) -> str:
    if not pointer:
        return "the file"
    if isinstance(pointer[-1], str):
        return f"`{pointer[-1]}`"
    return f"item {pointer[-1] + 1} of `{pointer[-2]}`" if len(pointer) > 1 else "this item"


def _describe(schema: Any) -> str:
    if not isinstance(schema, dict):
        return ""
    if "$ref" in schema and "description" not in schema:
        return ""
    text: str = schema.get("description", "").rstrip(".")
    is_word = text[1:2].islower()  # PromQL stays PromQL
    return text[:1].lower() + text[1:] if is_word else text


def _type_name(value: Any) -> str:
    for name, types in (
        ("null", type(None)),
        ("boolean", bool),
        ("string", str),
        ("array", list),
        ("object", dict),
    ):
        if isinstance(value, types):
            return _TYPE_NAMES[name]
    return f"the number {value}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"`{text[:60]}{'…' if len(text) > 60 else ''}`"
