"""The one incident about what the router could not understand (G3)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from router.incident.apply import apply_notification
from router.incident.describe import cut_at_word, one_line
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.incident.reread import rejected_so_far
from router.intake.notification import Notification, Status, parse_notification
from router.intake.rejection import REJECTION_BODY, REJECTION_FINGERPRINT
from router.phrase import joined, phrase

QUIET_AFTER: Final = timedelta(hours=24)
_LONGEST_REASON: Final = 200
_LONGEST_SENDER: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Rejections that no incident tells of yet: how many, and the last of them."""

    count: int
    first_at: datetime
    last_number: int
    last_reason: str
    last_address: str
    last_user_agent: str


def apply_rejections(
    incident: Incident | None, untold: Untold, *, told: int, now: datetime
) -> Change | None:
    """Return what rejections do: they open the incident, or add to the one that is open.

    `told` is how many the open incident knows already. Somebody who has it is
    not woken again: it is one trouble however many bodies show it.
    """
    sender = _sender(untold)
    reason = cut_at_word(one_line(untold.last_reason), _LONGEST_REASON)
    opens = incident is None
    description = rejected_so_far(told + untold.count, sender, reason)
    firing = _told("firing", str(description), starts_at=untold.first_at if opens else None)
    change = apply_notification(incident, firing, now=now)
    if change is None:
        return None
    count = phrase("{count} rejected", count=untold.count)
    if not opens:
        count = phrase("{count} more rejected", count=untold.count)
    text = phrase(
        "{rejected}, the last from {sender}: {reason}", rejected=count, sender=sender, reason=reason
    )
    event = Event(at=now, kind=EventKind.REJECTED, text=text)
    return replace(change, events=(*change.events, event))


def close_when_quiet(incident: Incident, *, last_at: datetime, now: datetime) -> Change | None:
    """Return the incident's end once somebody has it and nothing was rejected for a day.

    Nothing else ends it: a sender that falls silent may have been mended, or
    be lost. None while it stays open.
    """
    if incident.state is not IncidentState.ACKNOWLEDGED or now - last_at < QUIET_AFTER:
        return None
    alert = incident.alerts[REJECTION_FINGERPRINT]
    description = alert.annotations.get("description", "")
    change = apply_notification(incident, _told("resolved", description), now=now)
    if change is None:
        return None
    text = phrase(
        "Nothing was rejected for 24 hours, and {by} has seen it.",
        by=incident.acknowledged_by or "",
    )
    return replace(
        change, events=(Event(at=now, kind=EventKind.REJECTED, text=text), *change.events)
    )


def _told(status: Status, description: str, *, starts_at: datetime | None = None) -> Notification:
    notification = parse_notification(REJECTION_BODY)
    (alert,) = notification.alerts
    told = msgspec.structs.replace(
        alert,
        status=status,
        annotations={**alert.annotations, "description": description},
        starts_at=starts_at,
    )
    return msgspec.structs.replace(notification, alerts=(told,))


def _sender(untold: Untold) -> str:
    address = untold.last_address or phrase("an unknown address")
    agent = cut_at_word(one_line(untold.last_user_agent), _LONGEST_SENDER)
    return joined(address, f"({agent})") if agent else address
