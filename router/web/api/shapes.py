"""How answers look: the functions that render them are checked against these by mypy.

The document of the API is made of them, and says the same in JSON Schema.
"""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from guardia.severity import Severity
from router.escalation.foreseen import StepFields
from router.incident.model import EventKind, IncidentState
from router.message.model import MessageKind
from router.store.messages import MessageState

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Next = Annotated[str, Meta(description="the query of the next page; null on the last one")]


class CatalogProblemView(TypedDict):
    """A mistake in a file of the catalog."""

    code: str
    message: str
    path: str
    line: int
    column: int
    end_column: int
    label: str
    why: str
    fix: str
    allowed: str | None


class ProblemView(TypedDict):
    """What is wrong (RFC 9457), in one sentence for people: `detail`."""

    type: str
    title: str
    status: int
    detail: str
    catalog: NotRequired[str]
    problems: NotRequired[list[CatalogProblemView]]


class SummaryView(TypedDict):
    """What a list shows of an incident."""

    number: int
    title: str
    state: IncidentState
    severity: Severity
    opened_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    acknowledged_until: Instant | None
    resolved_at: Instant | None
    resolved_by: str | None
    reopened: int
    closes_at: Instant | None
    alerts_firing: int
    alerts_total: int


class AnsweredView(SummaryView):
    """An incident after an answer, and by whom that was: who has it may be somebody else."""

    answered_by: str
    already: Annotated[
        bool,
        Meta(
            description="somebody else has it, it was over, or the same was asked for a moment ago:"
            " the answer came second"
        ),
    ]


class AlertView(TypedDict):
    """One alert of an incident, as last seen."""

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    firing: bool
    suppressed_by: str | None
    stale: bool
    severity: Severity
    starts_at: Instant
    ended_at: Instant | None
    generator_url: str


class EventView(TypedDict):
    """A row of the timeline."""

    at: Instant
    kind: EventKind
    text: str


class MessageView(TypedDict):
    """One message to one address, and what became of it."""

    kind: MessageKind
    channel: str
    address: str
    person: str | None
    name: str | None
    because: str
    dedup_key: str
    state: MessageState
    attempts: int
    created_at: Instant
    due_at: Instant
    ended_at: Instant | None
    reason: str | None
    detail: str | None


class DigestView(TypedDict):
    """The message that tells a page together with those of other incidents."""

    other_incidents: list[int]
    messages: list[MessageView]


class IncidentMessageView(MessageView):
    """A message of an incident; `digest` is what tells it in its place, if anything does."""

    digest: DigestView | None


class EscalationView(TypedDict):
    """The escalation that runs."""

    policy: str
    catalog_version: str
    round: int
    next_step: str | None
    due_at: Instant | None


class NextView(TypedDict):
    """What comes next, as it stands `now`, or in `text` why nothing does."""

    now: Instant
    text: str
    zone: str | None
    steps: list[StepFields]


class DetailsView(SummaryView):
    """Everything about an incident."""

    alerts: list[AlertView]
    timeline: list[EventView]
    messages: list[IncidentMessageView]
    escalation: EscalationView | None
    next: NextView


class IncidentsView(TypedDict):
    """A page of incidents, the newest first."""

    incidents: list[SummaryView]
    next: Next | None


class RejectionView(TypedDict):
    """A body that could not be understood; `kept_bytes` of it are kept."""

    number: int
    received_at: Instant
    reason: str
    address: str | None
    user_agent: str | None
    size_bytes: int
    kept_bytes: int
    incident: int | None


class RejectionsView(TypedDict):
    """A page of what was rejected, the newest first."""

    rejected: list[RejectionView]
    next: Next | None
