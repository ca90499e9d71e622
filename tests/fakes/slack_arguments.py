"""The arguments of a call to Slack's Web API, read and checked."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.failures import Call
from tests.fakes.slack_rules import (
    ATTACHMENTS_MAX,
    BLOCKS_TEXT_MAX,
    find_block_errors,
    text_length,
)


class SlackError(Exception):
    """Carries the `error` of an answer with `ok: false`."""

    def __init__(self, error: str, *details: str) -> None:
        super().__init__(error)
        self.error = error
        self.details = details


def parse_arguments(call: Call) -> dict[str, Any]:
    """Return the arguments of a call; slack-sdk sends JSON or a form, and a query for auth.test.

    Source: "Using the Slack Web API", 'POST bodies'.
    """
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if call.method == "GET":
        return dict(call.query)
    if kind == "application/json":
        try:
            arguments = json.loads(call.body)
        except ValueError as problem:
            raise SlackError("invalid_json") from problem
        if not isinstance(arguments, dict):
            raise SlackError("json_not_object")
        return {**call.query, **arguments}
    if kind == "application/x-www-form-urlencoded":
        try:
            form = parse_qsl(
                call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body)
            )
        except ValueError as problem:
            raise SlackError("invalid_form_data") from problem
        return {**call.query, **dict(form)}
    raise SlackError("invalid_post_type" if kind else "missing_post_type")


def parse_content(arguments: Mapping[str, Any], *, text_max: int) -> dict[str, Any]:
    """Return the text, blocks and attachments that were given. Raises SlackError."""
    content: dict[str, Any] = {}
    text = arguments.get("text")
    if text is not None:
        if not isinstance(text, str):
            raise SlackError("invalid_arguments", "must be a string [json-pointer:/text]")
        if len(text) > text_max:
            raise SlackError("msg_too_long")
        content["text"] = text
    blocks = _parse_list(arguments.get("blocks"), error="invalid_blocks_format")
    if blocks is not None:
        _check_blocks(blocks)
        content["blocks"] = blocks
    attachments = _parse_list(arguments.get("attachments"), error="invalid_attachments")
    if attachments is not None:
        if len(attachments) > ATTACHMENTS_MAX:
            raise SlackError("too_many_attachments")
        for attachment in attachments:
            _check_blocks(attachment.get("blocks", []) if isinstance(attachment, dict) else None)
        content["attachments"] = attachments
    return content


def parse_metadata(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a message's metadata, given as JSON or as a string of it. Raises SlackError.

    Source: "Message metadata": an event type, and a payload that is an object.
    """
    value = arguments.get("metadata")
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as problem:
            raise SlackError("invalid_metadata_format") from problem
    if not isinstance(value, dict) or set(value) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    if not isinstance(value["event_type"], str) or not isinstance(value["event_payload"], dict):
        raise SlackError("invalid_metadata_schema")
    return value


def _parse_list(value: Any, *, error: str) -> list[Any] | None:
    """Return a list given as JSON or, in a form, as a string of JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as problem:
            raise SlackError(error) from problem
    if not isinstance(value, list):
        raise SlackError(error)
    return value


def _check_blocks(blocks: Any) -> None:
    errors = find_block_errors(blocks)
    if errors:
        raise SlackError("invalid_blocks", *(str(error) for error in errors))
    if text_length(blocks) > BLOCKS_TEXT_MAX:
        raise SlackError("msg_blocks_too_long")
