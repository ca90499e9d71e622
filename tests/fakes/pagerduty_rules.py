"""What the PagerDuty Events API v2 refuses, a row a rule.

Sources, named in the rows: PagerDuty developer documentation, "Events API v2
Overview" and "Send an Alert Event"; the OpenAPI document "PagerDuty V2 Events
API" 2.0. The wording of the errors is that of the service where it is known.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jsonschema import Draft4Validator

from tests.fakes.urls import is_url

Event = Mapping[str, Any]

ACTIONS: Final = ("trigger", "acknowledge", "resolve")
SEVERITIES: Final = ("critical", "warning", "error", "info")
ROUTING_KEY_LENGTH: Final = 32
SUMMARY_MAX: Final = 1024
DEDUP_KEY_MAX: Final = 255
# "512 KB" as Alertmanager reads it: the smaller of the two meanings.
BODY_MAX_BYTES: Final = 512_000

# The documentation's own example has "+0000", which RFC 3339 does not allow.
ISO_8601: Final = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII
)

ALERT_EVENT: Final = "Send an Alert Event, 'Parameters'"
DEDUPLICATION: Final = "Send an Alert Event, 'Alert De-Duplication'"
ACTION_BEHAVIOR: Final = "Send an Alert Event, 'Event Action Behavior'"
IMAGES: Final = "Send an Alert Event, 'The images Property'"
LINKS: Final = "Send an Alert Event, 'The links Property'"
OVERVIEW_SIZE: Final = "Events API v2 Overview, 'Size Limits'"
OVERVIEW_CODES: Final = "Events API v2 Overview, 'Response Codes & Retry Logic'"
OPENAPI: Final = "OpenAPI document, POST /enqueue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One clause of the contract: the errors it finds in an event."""

    name: str
    clause: str
    in_schema: bool  # does the published OpenAPI document say it too?
    find_errors: Callable[[Event], Iterator[str]]


class UnreadableError(Exception):
    """A body that is not an event at all: the service answers without looking at fields."""


def parse_event(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Raises UnreadableError, its text for the `errors` of the answer, for what is too
    large, not declared as JSON, not JSON or not an object.
    """
    if len(body) > BODY_MAX_BYTES:
        raise UnreadableError(f"Event size exceeds the limit of {BODY_MAX_BYTES} bytes")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnreadableError("Content-Type must be application/json")
    try:
        # Python reads NaN and Infinity, which are not JSON.
        event = json.loads(body, parse_constant=_refuse_constant)
    except ValueError as problem:
        raise UnreadableError("JSON parse error") from problem
    if not isinstance(event, dict):
        raise UnreadableError("Event must be a JSON object")
    return event


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def find_errors(event: Event, schema: Mapping[str, Any] | None = None) -> list[str]:
    """Return every error of `event` by the rules, and by the OpenAPI document if given."""
    errors = [error for _, error in find_broken_rules(event)]
    if schema is not None:
        errors += [f"schema: {one.message}" for one in schema_validator(schema).iter_errors(event)]
    return errors


def find_broken_rules(event: Event) -> list[tuple[Rule, str]]:
    """Return each broken rule with its error."""
    return [(rule, error) for rule in RULES for error in rule.find_errors(event)]


def schema_validator(document: Mapping[str, Any]) -> Draft4Validator:
    """Return a validator for the body of POST /enqueue.

    OpenAPI 3.0 schemas are close to JSON Schema draft 4 (OpenAPI Specification
    3.0.2, "Schema Object"); the components stay in place for the `$ref`s.
    """
    body = document["paths"]["/enqueue"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    return Draft4Validator({**schema, "components": document["components"]})


# The checks


def _at(event: Event, path: str) -> Any:
    """Return the value at a dotted path; None where it, or an object above it, is missing."""
    value: Any = event
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _has(event: Event, path: str) -> bool:
    parent, _, name = path.rpartition(".")
    holder = _at(event, parent) if parent else event
    return isinstance(holder, dict) and name in holder


def _applies(event: Event, path: str) -> bool:
    """Say whether the object that holds `path` is there to be checked."""
    parent = path.rpartition(".")[0]
    return not parent or isinstance(_at(event, parent), dict)


def _required(path: str) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        if _applies(event, path) and not _has(event, path):
            yield f"'{path}' is missing or blank"

    return errors


def _not_blank(path: str) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        value = _at(event, path)
        if isinstance(value, str) and not value.strip():
            yield f"'{path}' is missing or blank"

    return errors


def _type(path: str, kind: type, name: str) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        if _has(event, path) and not isinstance(_at(event, path), kind):
            yield f"'{path}' must be {name}"

    return errors


def _max_length(path: str, limit: int) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        value = _at(event, path)
        if isinstance(value, str) and len(value) > limit:
            yield f"'{path}' is too long (should be at most {limit} characters)"

    return errors


def _one_of(path: str, values: tuple[str, ...]) -> Callable[[Event], Iterator[str]]:
    wanted = ", ".join(f"'{value}'" for value in values[:-1]) + f" or '{values[-1]}'"

    def errors(event: Event) -> Iterator[str]:
        if _has(event, path) and _at(event, path) not in values:
            yield f"'{path}' is invalid (must be one of the following: {wanted})"

    return errors


def _entries(event: Event, path: str) -> Iterator[tuple[str, Any]]:
    entries = _at(event, path)
    if isinstance(entries, list):
        for index, entry in enumerate(entries):
            yield f"{path}[{index}]", entry


def _entry_objects(path: str) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        for place, entry in _entries(event, path):
            if not isinstance(entry, dict):
                yield f"'{place}' must be an object"

    return errors


def _entry_required(path: str, name: str) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        for place, entry in _entries(event, path):
            if isinstance(entry, dict) and name not in entry:
                yield f"'{place}.{name}' is missing or blank"

    return errors


def _entry_strings(path: str, names: tuple[str, ...]) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        for place, entry in _entries(event, path):
            for name in names:
                if isinstance(entry, dict) and not isinstance(entry.get(name, ""), str):
                    yield f"'{place}.{name}' must be a string"

    return errors


def _entry_url(path: str, name: str, schemes: tuple[str, ...]) -> Callable[[Event], Iterator[str]]:
    def errors(event: Event) -> Iterator[str]:
        for place, entry in _entries(event, path):
            value = entry.get(name) if isinstance(entry, dict) else None
            if isinstance(value, str) and not is_url(value, schemes):
                yield f"'{place}.{name}' must be a URL ({' or '.join(schemes)})"

    return errors


def _client_url(event: Event) -> Iterator[str]:
    value = event.get("client_url")
    if isinstance(value, str) and not is_url(value):
        yield "'client_url' must be a URL (http or https)"


def _routing_key_form(event: Event) -> Iterator[str]:
    key = event.get("routing_key")
    if not isinstance(key, str):
        return
    if len(key) != ROUTING_KEY_LENGTH:
        yield f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"
    if not (key.isascii() and key.isalnum()):
        yield "'routing_key' cannot contain non-alphanumeric characters."


def _trigger_payload(event: Event) -> Iterator[str]:
    if event.get("event_action") == "trigger" and "payload" not in event:
        yield "'payload' is missing or blank"


def _follow_up_dedup_key(event: Event) -> Iterator[str]:
    key = event.get("dedup_key")
    blank = "dedup_key" not in event or (isinstance(key, str) and not key.strip())
    if event.get("event_action") in ("acknowledge", "resolve") and blank:
        yield "'dedup_key' is missing or blank"


def _timestamp(event: Event) -> Iterator[str]:
    value = _at(event, "payload.timestamp")
    if isinstance(value, str) and not is_iso_8601(value):
        yield "'payload.timestamp' must be an ISO 8601 timestamp"


def is_iso_8601(text: str) -> bool:
    """Say whether `text` is a date that exists, in the forms PagerDuty documents."""
    if not ISO_8601.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _row(
    name: str, clause: str, check: Callable[[Event], Iterator[str]], *, in_schema: bool = True
) -> Rule:
    return Rule(name=name, clause=clause, in_schema=in_schema, find_errors=check)


# fmt: off
RULES: Final = (
    _row("routing-key-required", ALERT_EVENT, _required("routing_key")),
    _row("routing-key-type", OPENAPI, _type("routing_key", str, "a string")),
    _row("routing-key-form", ALERT_EVENT, _routing_key_form, in_schema=False),
    _row("action-required", ALERT_EVENT, _required("event_action")),
    _row("action-known", ALERT_EVENT, _one_of("event_action", ACTIONS)),
    _row("dedup-key-type", OPENAPI, _type("dedup_key", str, "a string")),
    _row("dedup-key-length", ALERT_EVENT, _max_length("dedup_key", DEDUP_KEY_MAX), in_schema=False),
    _row("dedup-key-for-follow-up", OPENAPI, _follow_up_dedup_key, in_schema=False),
    _row("payload-required", ALERT_EVENT, _trigger_payload, in_schema=False),
    _row("payload-type", OPENAPI, _type("payload", dict, "an object")),
    _row("summary-required", ALERT_EVENT, _required("payload.summary")),
    _row("summary-type", OPENAPI, _type("payload.summary", str, "a string")),
    _row("summary-blank", ALERT_EVENT, _not_blank("payload.summary"), in_schema=False),
    _row("summary-length", ALERT_EVENT, _max_length("payload.summary", SUMMARY_MAX),
         in_schema=False),
    _row("source-required", ALERT_EVENT, _required("payload.source")),
    _row("source-type", OPENAPI, _type("payload.source", str, "a string")),
    _row("source-blank", ALERT_EVENT, _not_blank("payload.source"), in_schema=False),
    _row("severity-required", ALERT_EVENT, _required("payload.severity")),
    _row("severity-known", ALERT_EVENT, _one_of("payload.severity", SEVERITIES)),
    _row("timestamp-type", OPENAPI, _type("payload.timestamp", str, "a string")),
    _row("timestamp-form", "Events API v2 Overview, 'PD-CEF', Timestamp", _timestamp,
         in_schema=False),
    _row("component-type", OPENAPI, _type("payload.component", str, "a string")),
    _row("group-type", OPENAPI, _type("payload.group", str, "a string")),
    _row("class-type", OPENAPI, _type("payload.class", str, "a string")),
    _row("details-type", ALERT_EVENT, _type("payload.custom_details", dict, "an object")),
    _row("client-type", OPENAPI, _type("client", str, "a string")),
    _row("client-url-type", OPENAPI, _type("client_url", str, "a string")),
    # jsonschema does not check the format "url"; the document declares it.
    _row("client-url-form", OPENAPI, _client_url, in_schema=False),
    _row("links-type", OPENAPI, _type("links", list, "a list")),
    _row("link-type", LINKS, _entry_objects("links")),
    _row("link-href-required", LINKS, _entry_required("links", "href")),
    _row("link-strings", OPENAPI, _entry_strings("links", ("href", "text"))),
    _row("link-href-form", LINKS, _entry_url("links", "href", ("http", "https")), in_schema=False),
    _row("images-type", OPENAPI, _type("images", list, "a list")),
    _row("image-type", IMAGES, _entry_objects("images")),
    _row("image-src-required", IMAGES, _entry_required("images", "src")),
    _row("image-strings", OPENAPI, _entry_strings("images", ("src", "href", "alt"))),
    _row("image-src-https", IMAGES, _entry_url("images", "src", ("https",)), in_schema=False),
    _row("image-href-form", IMAGES, _entry_url("images", "href", ("http", "https")),
         in_schema=False),
)
# fmt: on
