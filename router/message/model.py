"""One thing sent to one address on one channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from router.address import Address
from router.incident.model import Event, Incident
from router.oncall.model import PersonId


class MessageKind(StrEnum):
    """Why it is sent; also its priority, most urgent first."""

    PAGE = "page"  # wakes a person
    ACKNOWLEDGE = "acknowledge"  # tells a paging provider that somebody has it
    RESOLVE = "resolve"  # tells a paging provider that it is over
    NOTICE = "notice"  # informs a channel; edited in place where the channel can


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What to send, without its text: text is rendered at sending, from the incident as it is then.

    `dedup_key` names the thing sent, so that a retry repeats it and nothing
    else does: `installation/incident/step.round/person` for a page (and for
    the acknowledge and resolve of that page), `installation/incident/notice/
    channel/address` for a notice. Never the human number alone.
    """

    incident_number: int
    kind: MessageKind
    address: Address
    dedup_key: str
    person: PersonId | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """All a channel may need to render a message."""

    message: Message
    incident: Incident
    timeline: tuple[Event, ...]
    incident_url: str  # empty: no link
    names: Mapping[PersonId, str]
    sent_before: str | None  # the channel's own id of the first sending, to edit in place
    now: datetime
