"""A quick yes for documents without a mistake; jsonschema judges, and words, all others.

jsonschema takes 40 ms to load and a third of the time that checking a large
catalog takes. Nearly every document is right, so most runs never need it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sized
from typing import Any

Check = Callable[[Any], bool]

_TYPES: Mapping[str, Check] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_SAYS_NOTHING = frozenset(
    {
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "format",
        "then",  # with "if"
        "else",
    }
)


def compile_check(schema: Mapping[str, Any]) -> Check:
    """Return what says True only for values that the schema allows.

    It may say False for one that is allowed, as for every value where the
    schema uses a keyword that is not known here. Source: JSON Schema 2020-12,
    Core and Validation.
    """
    return _Compiler(schema).check(schema)


class _Compiler:
    """One schema with its definitions, each compiled once; a definition may hold itself."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._definitions: dict[str, Check] = {}

    def check(self, schema: Mapping[str, Any] | bool) -> Check:
        """Return the check of a schema: all its keywords hold."""
        if isinstance(schema, bool):
            return lambda value: schema
        checks = [
            self._keyword(keyword, rule, schema)
            for keyword, rule in schema.items()
            if keyword not in _SAYS_NOTHING
        ]
        return checks[0] if len(checks) == 1 else lambda value: all(one(value) for one in checks)

    def _keyword(self, keyword: str, rule: Any, schema: Mapping[str, Any]) -> Check:
        if keyword in _ALONE:
            return _ALONE[keyword](rule)
        check: Check = _never  # jsonschema knows what is not known here
        match keyword:
            case "$ref":
                check = self._reference(rule)
            case "items" | "propertyNames":
                check = self._each(rule, list if keyword == "items" else dict)
            case "properties":
                check = self._properties(rule)
            case "additionalProperties":
                check = self._other_properties(rule, frozenset(schema.get("properties", ())))
            case "if" if set(rule) == {"required"}:  # others may say False for what is allowed
                check = self._either(schema)
        return check

    def _either(self, schema: Mapping[str, Any]) -> Check:
        chosen = self.check(schema["if"])
        then, otherwise = (self.check(schema.get(key, True)) for key in ("then", "else"))
        return lambda value: then(value) if chosen(value) else otherwise(value)

    def _reference(self, reference: str) -> Check:
        name = reference.removeprefix("#/$defs/")
        definition = self._root.get("$defs", {}).get(name)
        if definition is None:
            return _never
        if name not in self._definitions:

            def later(value: Any) -> bool:
                return self._definitions[name](value)

            self._definitions[name] = later  # while the definition, which may name itself, is made
            self._definitions[name] = self.check(definition)
        return self._definitions[name]

    def _each(self, rule: Mapping[str, Any] | bool, kind: type[Iterable[Any]]) -> Check:
        check = self.check(rule)
        return lambda value: not isinstance(value, kind) or all(map(check, value))

    def _properties(self, rule: Mapping[str, Any]) -> Check:
        checks = {name: self.check(schema) for name, schema in rule.items()}
        return lambda value: (
            not isinstance(value, dict)
            or all(checks[key](item) for key, item in value.items() if key in checks)
        )

    def _other_properties(self, rule: Mapping[str, Any] | bool, known: frozenset[str]) -> Check:
        check = self.check(rule)
        return lambda value: (
            not isinstance(value, dict)
            or all(check(item) for key, item in value.items() if key not in known)
        )


def _never(_value: Any) -> bool:
    return False


def _type(rule: str | list[str]) -> Check:
    checks = [_TYPES[name] for name in ([rule] if isinstance(rule, str) else rule)]
    return checks[0] if len(checks) == 1 else lambda value: any(one(value) for one in checks)


def _enum(rule: list[Any]) -> Check:
    if not all(isinstance(one, str) for one in rule):
        return _never  # 1, 1.0 and true are equal in Python only
    allowed = frozenset(rule)
    return lambda value: isinstance(value, str) and value in allowed


def _pattern(rule: str) -> Check:
    # Python's `$` also matches before a last line end.
    search = re.compile(rule.removesuffix("$") + r"\Z" if rule.endswith("$") else rule).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _minimum(rule: float) -> Check:
    is_number = _TYPES["number"]
    return lambda value: not is_number(value) or bool(value >= rule)


def _required(rule: list[str]) -> Check:
    return lambda value: not isinstance(value, dict) or all(key in value for key in rule)


def _unique(rule: bool) -> Check:
    if not rule:
        return lambda value: True
    return lambda value: (
        not isinstance(value, list)
        or (all(isinstance(item, str) for item in value) and len(set(value)) == len(value))
    )


def _at_least(kind: type[Sized]) -> Callable[[int], Check]:
    return lambda rule: lambda value: not isinstance(value, kind) or len(value) >= rule


def _at_most(kind: type[Sized]) -> Callable[[int], Check]:
    return lambda rule: lambda value: not isinstance(value, kind) or len(value) <= rule


_ALONE: Mapping[str, Callable[[Any], Check]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "required": _required,
    "uniqueItems": _unique,
    "minLength": _at_least(str),
    "minItems": _at_least(list),
    "minProperties": _at_least(dict),
    "maxLength": _at_most(str),
    "maxItems": _at_most(list),
    "maxProperties": _at_most(dict),
}
