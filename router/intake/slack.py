"""What Slack's interactivity brings: whether it is from Slack, and what somebody pressed.

Source: Slack developer documentation, "Verifying requests from Slack", and
"Handling user interaction", the payload `block_actions`.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

OLDEST: Final = timedelta(minutes=5)  # "Verifying requests from Slack", against replay

_VERSION: Final = "v0"
_LONGEST_TIMESTAMP: Final = 12  # digits
_LONGEST_ID: Final = 255
_LONGEST_VALUE: Final = 2000  # of a button
_MOST_FIELDS: Final = 10  # of the form; Slack sends one


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPress:
    """One button, or one choice of a menu, that somebody pressed in a message of ours."""

    id: str  # the same when the same press is told again
    member: str  # who pressed, by the id of their account
    name: str  # as Slack calls them
    choice: str  # which of ours
    reference: str  # what it is about, as we wrote it into the message
    response_url: str  # where this person alone can be answered


def is_recent(timestamp: str, *, now: datetime) -> bool:
    """Say whether a request was signed at most five minutes ago, by clocks that may differ."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > _LONGEST_TIMESTAMP:
        return False
    return abs(now.timestamp() - int(timestamp)) <= OLDEST.total_seconds()


def is_signed(body: bytes, timestamp: str, signature: str, secrets: Iterable[bytes]) -> bool:
    """Say whether the signature is of this body and this timestamp by one of the secrets.

    In time that tells nothing.
    """
    signed = f"{_VERSION}:{timestamp}:".encode() + body
    known = [hmac.new(one, signed, hashlib.sha256).hexdigest() for one in secrets]
    shown = signature.encode()
    valid = [hmac.compare_digest(shown, f"{_VERSION}={one}".encode()) for one in known]
    return any(valid)


def parse_press(body: bytes) -> SlackPress | None:
    """Return what was pressed; None for what asks for nothing, as a link or another interaction.

    What else is missing or of another type is as if it were not there.
    """
    payload = _payload(body)
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    if payload.get("type") != "block_actions" or not isinstance(action, dict):
        return None
    value = _text(_part(action, "selected_option").get("value") or action.get("value"))
    choice, _, reference = value.partition(" ")
    user = _part(payload, "user")
    member = _text(user.get("id"))
    if not choice or not reference or not member:
        return None
    return SlackPress(
        id=_digest(_text(payload.get("trigger_id")).encode() or body),
        member=member,
        name=_text(user.get("name") or user.get("username")),
        choice=choice,
        reference=reference,
        response_url=_text(payload.get("response_url")),
    )


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        form = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
        payload = msgspec.json.decode(form.get("payload", [""])[0])
    # ValueError: no UTF-8, or too many fields. RecursionError: it is nested too deeply.
    except (ValueError, msgspec.DecodeError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = whole.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    """Return a text as it is; one that is too long, or not on one line, is none."""
    usable = isinstance(value, str) and len(value) <= _LONGEST_VALUE
    return value if usable and value.isprintable() else ""


def _digest(one: bytes) -> str:
    return hashlib.sha256(one).hexdigest()
