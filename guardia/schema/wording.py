"""What breaks a JSON Schema, as problems that say what to write instead."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from guardia.document import Document, Pointer
from guardia.problem import Problem
from guardia.word import nearest

_SHORT = 60  # characters of a value that a sentence repeats

_TYPE_NAMES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}


def describe_error(document: Document, error: Any, root: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems of one jsonschema ValidationError; `root` is the whole schema.

    `Any`, since jsonschema's types allow a validator that has not run: these have.
    """
    pointer: Pointer = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(document, pointer, error)
        case "required":
            yield _missing_key(document, pointer, error)
        case "type":
            yield _wrong_type(document, pointer, error, root)
        case _:
            yield _wrong_value(document, pointer, error, root)


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
        why=_uncapitalised(about) or "nothing sensible can be assumed for it",
        fix=f"add `{missing}:`",
    )


def _wrong_type(
    document: Document, pointer: Pointer, error: Any, root: Mapping[str, Any]
) -> Problem:
    wanted = error.validator_value
    names = [_TYPE_NAMES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
    expected = " or ".join(names)
    about = _schemas(error, root)
    guess = _meant(error.instance, wanted, about)
    example = _example(about)
    label = f"must be {expected}{f', such as {example}' if example else ''}"
    return Problem(
        code="wrong-type",
        message=f"{_name(pointer)} is {_type_name(error.instance)}",
        span=document.span(pointer),
        label=f"did you mean {guess}?" if guess else label,
        why=_first_description(about) or f"only {expected} has a meaning here",
        fix=f"write {guess}" if guess else f"write {expected}",
    )


def _meant(value: Any, wanted: Any, about: list[Mapping[str, Any]]) -> str | None:
    """Return how the value is most likely to be written as the type that is wanted, or None."""
    if "string" in wanted and isinstance(value, list) and len(value) == 1:
        return value[0] if isinstance(value[0], str) else None
    if wanted == "array" and isinstance(value, str) and len(value) <= _SHORT:
        return f"[{value}]"
    return _text_meant(value, about) if "string" in wanted else None


def _text_meant(value: Any, about: list[Mapping[str, Any]]) -> str | None:
    """Return how a number is written where text is wanted: `5` as `5m`, else in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if any(schema.get("format") == "duration-prometheus" for schema in about):
        return f"{value}m" if isinstance(value, int) and value > 0 else None
    return f'"{value}"'


def _wrong_value(
    document: Document, pointer: Pointer, error: Any, root: Mapping[str, Any]
) -> Problem:
    about = _schemas(error, root)
    value, span = error.instance, document.span(pointer)
    if "propertyNames" in error.absolute_schema_path:
        pointer = (*pointer, value)
        span = document.key_span(pointer)
    if error.validator == "uniqueItems":
        pointer = (*pointer, _second(value))
        value, span = value[pointer[-1]], document.span(pointer)
    label, fix = _advice(error, about)
    return Problem(
        code="wrong-value",
        message=f"{_name(pointer)} cannot be {_shown(value)}",
        span=span,
        label=label,
        why=_first_description(about) or "the schema of this file does not allow it",
        fix=fix,
    )


def _advice(error: Any, about: list[Mapping[str, Any]]) -> tuple[str, str]:
    """Return what stands under the mark, and the way out."""
    rule = error.validator_value
    fix = "write a value of the form the description gives"
    match error.validator:
        case "enum":
            guess = nearest(str(error.instance), [str(value) for value in rule])
            label = f"did you mean `{guess}`?" if guess else "not one of the known values"
            fix = f"use one of: {', '.join(str(value) for value in rule)}"
        case "pattern":
            label, fix = _form(error.instance, rule, about)
        case "minLength" | "minItems" | "minProperties":
            label = "must not be empty" if rule == 1 else f"at least {rule} wanted"
            fix = "fill it in, or leave the key out where it may be left out"
        case "maxLength":
            label, fix = f"at most {rule} characters allowed", "shorten it"
        case "maxItems" | "maxProperties":
            label, fix = f"at most {rule} allowed", "keep one" if rule == 1 else "take some out"
        case "uniqueItems":
            label, fix = "stands here twice", "remove one of the two"
        case "minimum":
            label = f"must be {rule} or more"
        case "exclusiveMinimum":
            label = f"must be more than {rule}"
        case _:
            label = str(error.message)
    return label, fix


def _form(value: Any, pattern: str, about: list[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the advice for a text of another form: a changed one that fits, or an example."""
    form = _uncapitalised(about[-1]) or f"what matches {pattern}"
    slug = re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-")
    camel = "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", str(value)))
    for guess in (slug, camel, slug.replace("-", "_")):
        if re.search(pattern, guess) and len(guess) <= about[-1].get("maxLength", len(guess)):
            return f"did you mean `{guess}`?", f"write `{guess}`"
    example = _example(about)
    if example:
        return f"must be of the form {example}", f"write {form}, such as {example}"
    return f"must match {pattern}", f"write {form}"


def _schemas(error: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas that speak of a value: of its place first, then what that refers to.

    jsonschema leaves references out of an error's path, so they are followed here.
    """
    found: list[Mapping[str, Any]] = [root]
    for step in list(error.absolute_schema_path)[:-1]:
        schema: Any = found[-1]
        while isinstance(schema, dict) and step not in schema and "$ref" in schema:
            schema = _referred(schema, root)
        found = [schema[step]]
    while "$ref" in found[-1]:
        found.append(_referred(found[-1], root))
    return found


def _referred(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    definition: Mapping[str, Any] = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return definition


def _first_description(about: list[Mapping[str, Any]]) -> str:
    return next((text for schema in about if (text := _uncapitalised(schema))), "")


def _example(about: list[Mapping[str, Any]]) -> str:
    examples = [example for schema in about for example in schema.get("examples", ())]
    return f"`{examples[0]}`" if examples else ""


def _second(items: list[Any]) -> int:
    """Return the place of the first item that stands there before."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        key = canonical(item)
        if key in seen:
            return index
        seen.add(key)
    return len(items) - 1


def canonical(value: Any) -> str:
    """Return a text that two values have in common only when they are equal."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _name(pointer: Pointer) -> str:
    if not pointer:
        return "the file"
    if isinstance(pointer[-1], str):
        return f"`{pointer[-1]}`"
    return f"item {pointer[-1] + 1} of `{pointer[-2]}`" if len(pointer) > 1 else "this item"


def _uncapitalised(schema: Mapping[str, Any]) -> str:
    """Return a schema's description to stand inside a sentence."""
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
    return f"`{text[:_SHORT]}{'…' if len(text) > _SHORT else ''}`"
