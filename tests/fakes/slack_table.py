"""What Slack refuses in the blocks of a message, a row a rule.

Source: Slack developer documentation, "Block Kit reference": the page of each
block, of composition objects and of the button element. Only blocks with rows
here are accepted: a block without rows would be accepted unread.
"""

from collections.abc import Mapping
from typing import Final

from tests.fakes.slack_checks import (
    Check,
    Rule,
    any_of,
    characters,
    different,
    items,
    one_of,
    only,
    required,
    url,
)


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
        ("title.type", one_of("plain_text")),
        ("title.text", characters(1, 100)),
        ("text", required),
        ("text.type", one_of("plain_text")),
        ("text.text", characters(1, 300)),
        ("confirm", required),
        ("confirm.type", one_of("plain_text")),
        ("confirm.text", characters(1, 30)),
        ("deny", required),
        ("deny.type", one_of("plain_text")),
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
