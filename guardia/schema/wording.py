"""What breaks a JSON Schema, as problems that say what to write instead."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from guardia.document import Document, Pointer
from guardia.duration import format_duration, parse_duration
from guardia.problem import Problem
from guardia.word import nearest

_SHORT = 60  # characters of a value that a sentence repeats
_ADDRESS = re.compile(r"/|[a-z][a-z0-9+.-]*://", re.I)  # of a file, or on the web
# What a bare number may mean, by the unit of the example that a place gives. A latency's
# is as often thought of in seconds as in milliseconds; with a point in it, in seconds.
_UNITS_MEANT = {
    "ms": ("ms", "s"),
    "s": ("s",),
    "m": ("m",),
    "h": ("h",),
    "d": ("d",),
}
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}

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
            yield _missing_key(document, pointer, error, root)
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
        written = _as_matchers(error.instance[key], key) if guess == "matchers" else None
        yield Problem(
            code="unknown-key",
            message=f"`{key}` is not known here",
            span=document.key_span((*pointer, key)),
            label=f"did you mean `{guess}`?" if guess else "not known",
            why="a key that nobody reads is a setting that silently does nothing",
            fix=f"write `{written or guess}`" if guess else f"use one of: {allowed}; or remove it",
        )


def _as_matchers(value: Any, key: str) -> str | None:
    """Return a mapping, as Alertmanager once took it in `match` and `match_re`, as the list."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return None
    sign = "=~" if key.endswith("_re") else "="
    items = [f"{name}{sign}{json.dumps(text, ensure_ascii=False)}" for name, text in value.items()]
    quoted = ", ".join("'" + item.replace("'", "''") + "'" for item in items)
    return f"matchers: [{quoted}]"


def _missing_key(
    document: Document, pointer: Pointer, error: Any, root: Mapping[str, Any]
) -> Problem:
    # jsonschema raises one error a missing key; the key is only named in the message.
    missing = next(key for key in error.validator_value if error.message.startswith(f"{key!r} "))
    path = list(error.absolute_schema_path)[:-1]
    if path and path[-1] in ("then", "else"):
        path.pop()  # what is only wanted on a condition is described where it is declared
    about = _at(path, root)[-1].get("properties", {}).get(missing, {})
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
        example = re.fullmatch(r"[0-9]+([a-z]+)", _first_example(about))
        units = _UNITS_MEANT.get(example[1], ()) if example else ()
        return " or ".join(_lengths(value, units)) or None
    return f'"{value}"'


def _lengths(value: Any, units: tuple[str, ...]) -> Iterator[str]:
    """Yield the durations that a number may mean, by unit, as far as there are such."""
    for unit in units[-1:] if isinstance(value, float) else units:
        try:
            text = f"{value}{unit}"
            if isinstance(value, float):
                text = format_duration(timedelta(seconds=value * _SECONDS[unit]))
            parse_duration(text)
        except (ValueError, OverflowError):
            continue  # nothing, below nothing, too long, or a piece of a millisecond
        yield text


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
            key = error.absolute_path[-1] if error.absolute_path else None
            label, fix = _form(key, error.instance, rule, about)
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


def _form(
    key: str | int | None, value: Any, pattern: str, about: list[Mapping[str, Any]]
) -> tuple[str, str]:
    """Return the advice for a text of another form: a changed one that fits, or an example."""
    is_address = _ADDRESS.match(str(value)) is not None
    if is_address and key == "runbook":
        return (
            "must be the name of a file in runbooks/",
            "put the link into a file NAME.md in the catalog's folder runbooks/, and NAME here",
        )
    form = _uncapitalised(about[-1]) or f"what matches {pattern}"
    for guess in () if is_address else _respelt(str(value)):
        if re.search(pattern, guess) and len(guess) <= about[-1].get("maxLength", len(guess)):
            return f"did you mean `{guess}`?", f"write `{guess}`"
    example = _example(about)
    if example:
        return f"must be of the form {example}", f"write {form}, such as {example}"
    return f"must match {pattern}", f"write {form}"


def _respelt(text: str) -> tuple[str, ...]:
    """Return a text as names are written: with hyphens, with underscores, in CamelCase."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    with_underscores = re.sub(r"[^a-zA-Z0-9]+", "_", text).strip("_")
    camel = "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", text))
    # A label may be CamelCase too, but nobody who wrote two words meant that.
    return slug, with_underscores, camel, with_underscores.lower()


def _schemas(error: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas that speak of a value: of its place first, then what that refers to."""
    return _at(list(error.absolute_schema_path)[:-1], root)


def _at(path: list[Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schema at a path, then what it refers to.

    jsonschema leaves references out of an error's path, so they are followed here.
    """
    found: list[Mapping[str, Any]] = [root]
    for step in path:
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


def _first_example(about: list[Mapping[str, Any]]) -> str:
    examples = (str(example) for schema in about for example in schema.get("examples", ()))
    return next(examples, "")


def _example(about: list[Mapping[str, Any]]) -> str:
    example = _first_example(about)
    return f"`{example}`" if example else ""


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
