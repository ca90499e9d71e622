"""JSON Schemas of the declared files, and what breaks them as problems with positions."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from guardia.document import Document
from guardia.problem import Problem, first_problems
from guardia.schema.valid import Check, compile_check
from guardia.schema.wording import canonical, describe_error


def check_schema(document: Document, kind: str) -> Iterator[Problem]:
    """Yield what in a document breaks the JSON Schema of its kind.

    `kind` is the name of a file beside this one, without its ending. Source:
    JSON Schema 2020-12.
    """
    if _is_valid(kind)(document.value):
        return
    errors = _validator(kind).iter_errors(document.value)
    found = (one for error in errors for one in describe_error(document, error, _schema(kind)))
    yield from first_problems(document.path, found)


@cache
def _schema(kind: str) -> Any:
    return json.loads(Path(__file__).with_name(f"{kind}.json").read_text(encoding="utf-8"))


@cache
def _is_valid(kind: str) -> Check:
    return compile_check(_schema(kind))


@cache
def _validator(kind: str) -> Any:
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def match_to_the_end(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
        # Python's `$` also matches before a last line end.
        end = r"\Z" if pattern.endswith("$") else ""
        if isinstance(value, str) and not re.search(pattern.removesuffix("$") + end, value):
            yield ValidationError("does not match")

    def compare_by_text(_validator: Any, wanted: bool, value: Any, _schema: Any) -> Iterator[Any]:
        # jsonschema compares each item with each other one when they have no order.
        if wanted and isinstance(value, list) and len(set(map(canonical, value))) < len(value):
            yield ValidationError("has an item twice")

    validator = extend(  # type: ignore[no-untyped-call]  # jsonschema's own stub has none
        Draft202012Validator, {"pattern": match_to_the_end, "uniqueItems": compare_by_text}
    )
    return validator(_schema(kind))
