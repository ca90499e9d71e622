"""What Slack's Web API answers, and what it says of a message."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.failures import Answer
from tests.fakes.slack_arguments import SlackError
from tests.fakes.slack_records import BOT_ID, Channel, Message


def success(**body: Any) -> Answer:
    """Return an answer with `ok: true`."""
    return Answer(body={"ok": True, **body})


def refusal_of(refusal: SlackError) -> Answer:
    """Return the answer with `ok: false` that tells of an error."""
    body: dict[str, Any] = {"ok": False, "error": refusal.error}
    if refusal.details:
        body["errors"] = list(refusal.details)
        body["response_metadata"] = {"messages": [f"[ERROR] {one}" for one in refusal.details]}
    if refusal.error == "ratelimited":
        return Answer(status=429, body=body, headers={"Retry-After": "30"})
    return Answer(body=body)


def shown_as_json(message: Message) -> dict[str, Any]:
    """Return a message as Slack's methods answer it."""
    shown: dict[str, Any] = {
        "type": "message",
        "user": message.author,
        "bot_id": BOT_ID,
        "text": message.text,
        "ts": message.ts,
    }
    if message.blocks:
        shown["blocks"] = list(message.blocks)
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.metadata:
        shown["metadata"] = dict(message.metadata)
    return shown


def check_writable(channel: Channel) -> None:
    """Raise SlackError for a conversation that the bot cannot write to."""
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.is_member:
        raise SlackError("not_in_channel")


def says_something(content: Mapping[str, Any]) -> bool:
    """Say whether people would see anything of it."""
    has_text = bool(str(content.get("text", "")).strip())
    return has_text or bool(content.get("blocks")) or bool(content.get("attachments"))
