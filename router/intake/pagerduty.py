"""What PagerDuty's webhooks (v3) bring: whether it is from PagerDuty, and what happened there.

Source: PagerDuty developer documentation, "Webhooks Overview", "Verifying
Signatures" and "Behavior".
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

_VERSION: Final = "v1="
_MOST_SIGNATURES: Final = 20  # one a secret of theirs; two while it is changed
_LONGEST_ID: Final = 255  # as the longest key that they take
_LONGEST_TEXT: Final = 25_000
_MOST_ASSIGNEES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyEvent:
    """One thing that happened to an incident of PagerDuty's; what is absent is empty.

    Not every event has the key that we gave: `incident_key` is null where
    their service makes alerts and incidents. `client_url` is the link that we
    gave, and only events that a trigger causes have it; `incident_id` is theirs.
    """

    id: str
    kind: str
    occurred_at: datetime | None  # UTC
    agent: str  # the name of who did it
    by_person: bool  # else by an integration, as ours, or by PagerDuty itself
    incident_id: str
    incident_key: str
    client_url: str
    assignees: tuple[str, ...] = ()
    policy: str = ""  # the name of their escalation policy
    note: str = ""
    merged: bool = False  # it goes on as a part of another incident


def is_signed(body: bytes, signatures: str, secrets: Iterable[bytes]) -> bool:
    """Say whether one of the header's signatures is of this very body by one of the secrets.

    In time that tells nothing. There is no instant in it: that the same body
    comes again is for the caller to find by the event's id.
    """
    parts = [part.strip() for part in signatures.split(",")[:_MOST_SIGNATURES]]
    shown = [part.removeprefix(_VERSION).encode() for part in parts if part.startswith(_VERSION)]
    known = [hmac.new(one, body, hashlib.sha256).hexdigest().encode() for one in secrets]
    valid = [hmac.compare_digest(one, right) for one in shown for right in known]
    return any(valid)


def parse_event(body: bytes) -> PagerDutyEvent | None:
    """Return the event of a body; None when it has none with an id and a type.

    What else is missing or of another type is as if it were not there: a new
    version of theirs must not stop what is still to be read.
    """
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    event = _part(whole, "event")
    data, agent = _part(event, "data"), _part(event, "agent")
    event_id, kind = _id(event.get("id")), _id(event.get("event_type"))
    if not event_id or not kind:
        return None
    # A note names the incident that it is of; other data are the incident.
    about = _part(data, "incident") or data
    return PagerDutyEvent(
        id=event_id,
        kind=kind,
        occurred_at=_instant(event.get("occurred_at")),
        agent=_text(agent.get("summary")),
        by_person=_text(agent.get("type")) in ("user_reference", "user"),
        incident_id=_id(about.get("id")),
        incident_key=_id(about.get("incident_key")),
        client_url=_text(_part(event, "client").get("url")),
        assignees=_names(data.get("assignees")),
        policy=_text(_part(data, "escalation_policy").get("summary")),
        note=_text(data.get("content")),
        merged=_text(_part(data, "resolve_reason").get("type")) == "merge_resolve_reason",
    )


def _part(whole: Any, name: str) -> Mapping[str, Any]:
    found = whole.get(name) if isinstance(whole, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _id(value: Any) -> str:
    """Return an id or key as it is; one that no database should be asked for is none."""
    usable = isinstance(value, str) and len(value) <= _LONGEST_ID
    return value if usable and value.isascii() and value.isprintable() else ""


def _names(assignees: Any) -> tuple[str, ...]:
    found = assignees[:_MOST_ASSIGNEES] if isinstance(assignees, list) else []
    names = (_text(one.get("summary")) for one in found if isinstance(one, dict))
    return tuple(name for name in names if name)


def _instant(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
