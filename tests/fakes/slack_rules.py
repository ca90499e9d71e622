"""Every rule of Slack's that the blocks of a message break, and what a message may hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.slack_checks import MISSING, different, items
from tests.fakes.slack_table import BLOCK_TYPES, ELEMENT_TYPES, PARTS, RULES

BLOCKS_MAX: Final = 50
# Not documented; slackapi/bolt-js#2509 measured refusals from 13,172 characters on.
BLOCKS_TEXT_MAX: Final = 13_000
TEXT_MAX: Final = 40_000
UPDATE_TEXT_MAX: Final = 4_000
ATTACHMENTS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockError:
    """One broken rule, where it is."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


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
