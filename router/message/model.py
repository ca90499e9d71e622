"""One thing sent to one address on one channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from router.address import Address
from router.escalation.model import Foreseen
from router.incident.model import Event, Incident
from router.language import IN_ENGLISH, Reader
from router.message.own_templates import NO_TEMPLATES, OwnTemplates
from router.oncall.model import PersonId


class MessageKind(StrEnum):
    """Why it is sent; also its priority, most urgent first."""

    PAGE = "page"  # wakes a person
    ACKNOWLEDGE = "acknowledge"  # tells a paging provider that somebody has it
    RESOLVE = "resolve"  # tells a paging provider that it is over
    NOTICE = "notice"  # informs a channel; edited in place where the channel can
    ESCALATION = "escalation"  # one step taken, told in the thread under a channel's notice
    SUMMARY = "summary"  # what waited for a channel's hours, all incidents in one message
    # Stored is the place in this list: new ones come last.
    DIGEST = "digest"  # wakes a person, for many incidents in one page
    ANNOUNCEMENT = "announcement"  # told in a channel once; its incident only carries it

    @property
    def wakes(self) -> bool:
        """Say whether it wakes a person, and so is never given up and waits for nothing else."""
        return self in (MessageKind.PAGE, MessageKind.DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What to send, without its text: text is rendered at sending, from the incident as it is then.

    `dedup_key` names the thing sent, so that a retry repeats it and nothing
    else does: `installation/incident/step.round/person` for a page (and for
    the acknowledge and resolve of that page), with `/awake` behind it when it
    is told in place of ringing somebody, `installation/incident/digest.K/
    person` for the K-th digest that began with a page of that incident (with
    `/awake` behind it when it tells quiet pages),
    `installation/incident/notice/channel/address` for a notice. Never the
    human number alone.
    """

    incident_number: int
    kind: MessageKind
    address: Address
    dedup_key: str
    person: PersonId | None = None
    because: str = ""

    @property
    def thread_key(self) -> str:
        """Return `installation/incident`: the same for all messages of an incident."""
        return "/".join(self.dedup_key.split("/")[:2])

    @property
    def is_quiet(self) -> bool:
        """Say whether it is a page in place of ringing somebody who is awake."""
        return self.dedup_key.split("/")[4:5] == ["awake"]

    @property
    def is_of_digest(self) -> bool:
        """Say whether it is a digest, or tells the provider what became of one."""
        return is_digest_key(self.dedup_key)


def is_digest_key(dedup_key: str) -> bool:
    """Say whether this is the dedup key of a digest."""
    return any(part.startswith("digest.") for part in dedup_key.split("/")[2:3])


def page_name(dedup_key: str) -> str:
    """Return what names a page among those of its incident: step.ROUND/person, or digest.K."""
    parts = dedup_key.split("/")[2:]
    return "/".join(parts[:1] if is_digest_key(dedup_key) else parts)


def page_round(dedup_key: str) -> int | None:
    """Return which escalation of its incident a page is of: installation/N/step.ROUND/person."""
    parts = dedup_key.split("/")
    digits = parts[2].rpartition(".")[2] if len(parts) > 2 else ""
    return int(digits) if digits.isdigit() else None


def page_step(dedup_key: str) -> str:
    """Return which step asked for a page: installation/N/STEP.round/person."""
    return dedup_key.split("/")[2].rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One of the incidents that a summary or a digest tells, as it is at sending."""

    number: int
    incident: Incident
    url: str  # empty: no link


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a summary or a digest tells: the open incidents first, the worst of them first.

    Of thousands, `told` holds only the first; the counts are of all. In a
    digest those come first that nobody has acknowledged, and `others` are the
    numbers of the rest.
    """

    told: tuple[Told, ...]
    open_count: int
    over_count: int
    triggered_count: int = 0  # of the open ones; in a digest
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """All a channel may need to render a message.

    A summary or a digest belongs to one incident of `carried`, and tells them all.
    """

    message: Message
    incident: Incident
    timeline: tuple[Event, ...]
    incident_url: str  # empty: no link
    names: Mapping[PersonId, str]
    paged: tuple[PersonId, ...]  # whom a page went to or is on its way to, in order
    following: Foreseen | None  # who is paged next; None: nobody
    sent_before: str | None  # the channel's own id of what is to be edited in place
    thread: str | None  # the channel's own id of the notice under which to tell it
    now: datetime
    maybe_sent_since: datetime | None = None  # an earlier attempt's outcome is unknown, or failed
    templates: OwnTemplates = NO_TEMPLATES
    carried: Carried | None = None  # of a summary or a digest; None of everything else
    reader: Reader = IN_ENGLISH  # whoever it is sent to
    has_next_step: bool = True  # who asks for the next step gets one
