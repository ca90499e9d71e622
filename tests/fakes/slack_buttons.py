"""What Slack sends when somebody presses a button or chooses from a menu in a message.

Source: Slack developer documentation, "Handling user interaction" (a form with
one field, `payload`), the payload `block_actions`, "Verifying requests from
Slack" (signature `v0`).
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode

from tests.fakes.serving import utc_now
from tests.fakes.slack import SlackFake
from tests.fakes.slack_records import TEAM_ID, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One POST, as it is made; made again, it is the same."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Fingers:
    """Presses buttons in the messages of a workspace, and signs what that sends."""

    slack: SlackFake
    secret: str = "signing-secret"
    now: Callable[[], datetime] = utc_now
    _number: "count[int]" = field(default_factory=lambda: count(1))

    def press(
        self, message: Message, word: str, *, by: str, response_url: str | None = None
    ) -> Press:
        """Return what pressing `word` sends. Raises LookupError when nobody can see it."""
        return self.send(message, find_element(message, word), by=by, response_url=response_url)

    def send(
        self,
        message: Message,
        action: Mapping[str, Any],
        *,
        by: str,
        response_url: str | None = None,
    ) -> Press:
        """Return what any action sends, as one that no message of ours has."""
        number = next(self._number)
        payload: dict[str, Any] = {
            "type": "block_actions",
            "user": {"id": by, "username": by.lower(), "name": by.lower(), "team_id": TEAM_ID},
            "api_app_id": "A0GUARDIA",
            "token": "deprecated",
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel.id,
                "is_ephemeral": False,
            },
            "trigger_id": f"{number}.{hashlib.sha256(str(number).encode()).hexdigest()[:32]}",
            "team": {"id": TEAM_ID, "domain": "guardia"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": message.channel.id, "name": message.channel.name},
            "message": {"ts": message.ts, "text": message.text, "blocks": list(message.blocks)},
            "state": {"values": {}},
            "response_url": response_url or self.slack.give_reply_url(),
            "actions": [{"block_id": "a", "action_ts": f"{self.now().timestamp():.6f}", **action}],
        }
        return self.sign(urlencode({"payload": json.dumps(payload)}).encode())

    def sign(self, body: bytes, *, at: datetime | None = None) -> Press:
        """Return any body, signed."""
        timestamp = str(int((at or self.now()).timestamp()))
        return Press(
            body=body,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
                "X-Slack-Request-Timestamp": timestamp,
                "X-Slack-Signature": signature(body, timestamp, self.secret),
            },
        )


def signature(body: bytes, timestamp: str, secret: str) -> str:
    """Return the header that vouches for a body."""
    signed = f"v0:{timestamp}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def words(message: Message) -> list[str]:
    """Return what can be pressed in a message, in order."""
    return [word for word, _ in _pressed(message)]


def find_element(message: Message, word: str) -> Mapping[str, Any]:
    """Return the action of a button, or of an entry of a menu. Raises LookupError."""
    for known, action in _pressed(message):
        if known == word:
            return action
    raise LookupError(f"no {word!r} in a message with {words(message)}")


def _pressed(message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in message.blocks:
        if block["type"] != "actions":
            continue
        for element in block["elements"]:
            if element["type"] == "button":
                yield element["text"]["text"], dict(element)
            for option in element.get("options", ()):
                action = {"type": element["type"], "action_id": element["action_id"]}
                yield option["text"]["text"], {**action, "selected_option": option}
