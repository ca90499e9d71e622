"""What Slack refuses in the blocks of a message, a row a rule.

Source: Slack developer documentation, "Block Kit reference": the page of each
block, of composition objects and of the button element. Only blocks with rows
here are accepted: a block without rows would be accepted unread.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.urls import is_url

BLOCKS_MAX: Final = 50
# Not documented; slackapi/bolt-js#2509 measured refusals from 13,172 characters on.
BLOCKS_TEXT_MAX: Final = 13_000
TEXT_MAX: Final = 40_000
UPDATE_TEXT_MAX: Final = 4_000
ATTACHMENTS_MAX: Final = 100


class Missing:
    """Stands for a property that is not there."""


MISSING: Final = Missing()

Check = Callable[[Any], str | None]  # a value, or MISSING -> what is wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold for the values at `path` of one kind of object."""

    kind: str  # a block type, or an object within one
    path: str  # "text.text"; "fields[]" for each entry; "" for the object itself
    clause: str
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockError:
    """One broken rule, where it is."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


# The checks


def required(value: Any) -> str | None:
    return "missing required field" if value is MISSING else None


def characters(least: int, most: int) -> Check:
    def check(value: Any) -> str | None:
        if value is MISSING:
            return None
        if not isinstance(value, str):
            return "must be a string"
        if len(value) < least:
            return f"must be more than {least - 1} characters"
        if len(value) > most:
            return f"must be less than {most + 1} characters"
        return None

    return check


def items(least: int, most: int) -> Check:
    def check(value: Any) -> str | None:
        if value is MISSING:
            return None
        if not isinstance(value, list):
            return "must be an array"
        if len(value) < least:
            return f"no fewer than {least} items allowed"
        if len(value) > most:
            return f"no more than {most} items allowed"
        return None

    return check


def one_of(*values: str) -> Check:
    def check(value: Any) -> str | None:
        if value is MISSING or value in values:
            return None
        return f"must be one of {', '.join(values)}"

    return check


def url(value: Any) -> str | None:
    if value is MISSING or not isinstance(value, str) or is_url(value):
        return None
    return "must be a valid URL"


def only(*names: str) -> Check:
    """Refuse properties that the object does not have."""

    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "must be an object"
        unknown = sorted(set(value) - set(names))
        return f"invalid additional property: {', '.join(unknown)}" if unknown else None

    return check


def any_of(*names: str) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, dict) and not any(name in value for name in names):
            return f"must have one of {', '.join(names)}"
        return None

    return check


def different(name: str) -> Check:
    """Refuse a list whose objects share a value of `name`."""

    def check(value: Any) -> str | None:
        if not isinstance(value, list):
            return None
        seen = Counter(one.get(name) for one in value if isinstance(one, dict) and one.get(name))
        twice = sorted(str(one) for one, count in seen.items() if count > 1)
        return f"{name} already exists: {', '.join(twice)}" if twice else None

    return check


def _row(kind: str, path: str, clause: str, check: Check) -> Rule:
    return Rule(kind=kind, path=path, clause=clause, check=check)


def _rows(kind: str, clause: str, *checks: tuple[str, Check]) -> tuple[Rule, ...]:
    return tuple(_row(kind, path, clause, check) for path, check in checks)


# A kind whose name begins with ":" is an object found by PARTS, not a block.
RULES: Final = (
    *_rows(
        "section",
        "Section block",
        ("", only("type", "text", "block_id", "fields", "accessory", "expand")),
        ("", any_of("text", "fields")),
        ("block_id", characters(1, 255)),
        ("text.text", characters(1, 3000)),
        ("fields", items(1, 10)),
        ("fields[].text", characters(1, 2000)),
        ("accessory.type", one_of("button", "image")),
    ),
    *_rows(
        "header",
        "Header block",
        ("", only("type", "text", "block_id")),
        ("block_id", characters(1, 255)),
        ("text", required),
        ("text.type", one_of("plain_text")),
        ("text.text", characters(1, 150)),
    ),
    *_rows(
        "actions",
        "Actions block",
        ("", only("type", "elements", "block_id")),
        ("block_id", characters(1, 255)),
        ("elements", required),
        ("elements", items(1, 25)),
        ("elements", different("action_id")),
        ("elements[].type", one_of("button", "static_select", "overflow")),
    ),
    *_rows(
        "context",
        "Context block",
        ("", only("type", "elements", "block_id")),
        ("block_id", characters(1, 255)),
        ("elements", required),
        ("elements", items(1, 10)),
        ("elements[].type", one_of("plain_text", "mrkdwn", "image")),
        ("elements[].text", characters(1, 3000)),
    ),
    *_rows(
        "divider",
        "Divider block",
        ("", only("type", "block_id")),
        ("block_id", characters(1, 255)),
    ),
    *_rows(
        "image",
        "Image block",
        ("", only("type", "image_url", "slack_file", "alt_text", "title", "block_id")),
        ("", any_of("image_url", "slack_file")),
        ("block_id", characters(1, 255)),
        ("image_url", characters(1, 3000)),
        ("image_url", url),
        ("alt_text", required),
        ("alt_text", characters(1, 2000)),
        ("title.type", one_of("plain_text")),
        ("title.text", characters(1, 2000)),
    ),
    *_rows(
        ":text",
        "Composition objects, 'Text object'",
        ("type", required),
        ("type", one_of("plain_text", "mrkdwn")),
        ("text", required),
        ("text", characters(1, 3000)),
    ),
    *_rows(":plain_text", "Text object, 'emoji'", ("", only("type", "text", "emoji"))),
    *_rows(":mrkdwn", "Text object, 'verbatim'", ("", only("type", "text", "verbatim"))),
    *_rows(
        ":button",
        "Block elements, 'Button element'",
        (
            "",
            only(
                "type", "text", "action_id", "url", "value", "style", "confirm",
                "accessibility_label",
            ),
        ),
        ("text", required),
        ("text.type", one_of("plain_text")),
        ("text.text", characters(1, 75)),
        ("action_id", characters(1, 255)),
        ("value", characters(1, 2000)),
        ("url", characters(1, 3000)),
        ("url", url),
        ("style", one_of("primary", "danger")),
        ("accessibility_label", characters(1, 75)),
    ),
    *_rows(
        ":static_select",
        "Block elements, 'Select menu element', static options",
        (
            "",
            only(
                "type", "action_id", "placeholder", "options", "initial_option", "confirm",
                "focus_on_load",
            ),
        ),
        ("action_id", characters(1, 255)),
        ("placeholder.type", one_of("plain_text")),
        ("placeholder.text", characters(1, 150)),
        ("options", required),
        ("options", items(1, 100)),
    ),
    *_rows(
        ":overflow",
        "Block elements, 'Overflow menu element'",
        ("", only("type", "action_id", "options", "confirm")),
        ("action_id", characters(1, 255)),
        ("options", required),
        ("options", items(1, 5)),
    ),
    *_rows(
        ":option",
        "Composition objects, 'Option object'",
        ("", only("text", "value", "description", "url")),
        ("text", required),
        ("text.type", one_of("plain_text")),
        ("text.text", characters(1, 75)),
        ("value", required),
        ("value", characters(1, 150)),
        ("url", characters(1, 3000)),
        ("url", url),
    ),
    *_rows(
        ":confirm",
        "Composition objects, 'Confirmation dialog object'",
        ("", only("title", "text", "confirm", "deny", "style")),
        ("title", required),
        ("title.text", characters(1, 100)),
        ("text", required),
        ("text.text", characters(1, 300)),
        ("confirm", required),
        ("confirm.text", characters(1, 30)),
        ("deny", required),
        ("deny.text", characters(1, 30)),
        ("style", one_of("primary", "danger")),
    ),
)  # fmt: skip

BLOCK_TYPES: Final = tuple(dict.fromkeys(rule.kind for rule in RULES if rule.kind[0] != ":"))

ELEMENT_TYPES: Final = ("button", "static_select", "overflow")

# Where the objects are that have rules of their own: parent kind -> paths.
PARTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "section": (("text", ":text"), ("fields[]", ":text"), ("accessory", ":element")),
    "header": (("text", ":text"),),
    "actions": (("elements[]", ":element"),),
    "context": (("elements[]", ":context"),),
    "image": (("title", ":text"),),
    ":button": (("text", ":text"), ("confirm", ":confirm")),
    ":static_select": (
        ("placeholder", ":text"),
        ("options[]", ":option"),
        ("confirm", ":confirm"),
    ),
    ":overflow": (("options[]", ":option"), ("confirm", ":confirm")),
    ":option": (("text", ":text"), ("description", ":text")),
    ":confirm": (
        ("title", ":text"),
        ("text", ":text"),
        ("confirm", ":text"),
        ("deny", ":text"),
    ),
}


def find_block_errors(blocks: Any) -> list[BlockError]:
    """Return every broken rule in the `blocks` of a message."""
    if not isinstance(blocks, list):
        return [BlockError(pointer="/blocks", message="must be an array")]
    errors = [*_list_errors(blocks), *_action_errors(blocks)]
    for index, block in enumerate(blocks):
        pointer = f"/blocks/{index}"
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in BLOCK_TYPES:
            errors.append(
                BlockError(pointer=f"{pointer}/type", message=f"unsupported type: {kind}")
            )
        else:
            errors += _object_errors(str(kind), block, pointer)
    return errors


def text_length(blocks: Any) -> int:
    """Return how many characters the texts of `blocks` have together."""
    if isinstance(blocks, dict):
        own = blocks.get("text")
        nested = sum(text_length(value) for value in blocks.values() if not isinstance(value, str))
        return nested + (len(own) if isinstance(own, str) else 0)
    if isinstance(blocks, list):
        return sum(text_length(block) for block in blocks)
    return 0


def _action_errors(blocks: list[Any]) -> Iterator[BlockError]:
    """Refuse an `action_id` that two blocks of a message share: a press would name either.

    Stricter than "Button element", which asks for it within a block.
    """
    actions = [
        element
        for block in blocks
        if isinstance(block, dict)
        for element in (*_listed(block.get("elements")), block.get("accessory"))
    ]
    message = different("action_id")(actions)
    if message is not None:
        yield BlockError(pointer="/blocks", message=message)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _list_errors(blocks: list[Any]) -> Iterator[BlockError]:
    checks = (items(0, BLOCKS_MAX), different("block_id"))
    for message in (check(blocks) for check in checks):
        if message is not None:
            yield BlockError(pointer="/blocks", message=message)


def _object_errors(kind: str, value: Any, pointer: str) -> list[BlockError]:
    errors = [
        BlockError(pointer=pointer + place, message=message)
        for rule in RULES
        if rule.kind == kind
        for place, found in _find(value, rule.path)
        if (message := rule.check(found)) is not None
    ]
    for path, part in PARTS.get(kind, ()):
        for place, found in _find(value, path):
            if found is not MISSING:
                errors += _part_errors(part, found, pointer + place)
    return errors


def _part_errors(part: str, value: Any, pointer: str) -> list[BlockError]:
    """Check an object within a block by what it says it is."""
    if not isinstance(value, dict):
        return [BlockError(pointer=pointer, message="must be an object")]
    kind = value.get("type")
    if part in (":confirm", ":option"):
        return _object_errors(part, value, pointer)
    if kind == "image" and part != ":text":
        return _object_errors("image", value, pointer)
    if part == ":element":
        return _object_errors(f":{kind}", value, pointer) if kind in ELEMENT_TYPES else []
    errors = _object_errors(":text", value, pointer)
    if kind in ("plain_text", "mrkdwn"):
        errors += _object_errors(f":{kind}", value, pointer)
    return errors


def _find(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield (pointer, value) at `path`; MISSING for an absent last step only."""
    if not path:
        yield "", value
        return
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    if not isinstance(value, dict):
        return
    if name not in value:
        if not rest and not step.endswith("[]"):
            yield f"/{name}", MISSING
        return
    if not step.endswith("[]"):
        for place, found in _find(value[name], rest):
            yield f"/{name}{place}", found
    elif isinstance(value[name], list):
        for index, entry in enumerate(value[name]):
            for place, found in _find(entry, rest):
                yield f"/{name}/{index}{place}", found
