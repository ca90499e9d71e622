"""What happened in PagerDuty, as an answer of ours or a row of the timeline."""

from datetime import datetime
from typing import Final

from router.incident.answers import Acknowledge, Answer, Comment, Resolve
from router.incident.describe import cut_at_word, one_line
from router.incident.model import Event, EventKind, Incident
from router.intake.pagerduty import PagerDutyEvent

_LONGEST_NAME: Final = 100

# What a subscription should send; `triggered` says which incident of theirs is which of ours.
HEEDED: Final = frozenset(
    f"incident.{kind}"
    for kind in (
        "acknowledged",
        "annotated",
        "delegated",
        "escalated",
        "reassigned",
        "reopened",
        "resolved",
        "triggered",
        "unacknowledged",
    )
)


def decide_meaning(
    event: PagerDutyEvent,
    incident: Incident,
    *,
    paged_since: datetime | None,
    ended_by_us: bool,
    now: datetime,
) -> Answer | Event | None:
    """Return what an event asks of our incident, or what its timeline tells; None for neither.

    Only people answer: what we or PagerDuty's own rules did there comes back as
    an event too, and must change nothing. Nor does an answer that was given
    before the escalation that runs now woke anybody (`paged_since`; None: there
    was no other): events come up to two days late. `ended_by_us` says that we
    told PagerDuty of the end of a page of this incident.
    """
    match event.kind:
        case "incident.acknowledged" | "incident.resolved" if event.by_person:
            return _answer(event, incident, paged_since=paged_since, now=now)
        case "incident.resolved" if incident.is_open and not ended_by_us:
            text = "PagerDuty closed its incident by itself; here it goes on."
            return _told(text, now=now)
        case "incident.annotated" if event.note.strip():
            return Comment(by=_by(event), text=event.note)
        case "incident.acknowledged" | "incident.resolved" | "incident.annotated":
            return None
    done = _done(event, incident)
    return None if done is None else _told(done, now=now)


def _answer(
    event: PagerDutyEvent, incident: Incident, *, paged_since: datetime | None, now: datetime
) -> Answer | Event:
    resolves = event.kind == "incident.resolved"
    if resolves and event.merged:
        text = f"{_by(event)} merged it into another incident there; here it goes on as it was."
        return _told(text, now=now)
    if (
        paged_since is not None
        and event.occurred_at is not None
        and event.occurred_at < paged_since
    ):
        done = "resolved" if resolves else "acknowledged"
        text = (
            f"{_by(event)} {done} an earlier page at {event.occurred_at:%Y-%m-%d %H:%M} UTC;"
            " people were paged anew since, so it does not count."
        )
        return _told(text, now=now)
    return Resolve(by=_by(event)) if resolves else Acknowledge(by=_by(event))


def _done(event: PagerDutyEvent, incident: Incident) -> str | None:
    by = f" by {_name(event.agent)}" if event.by_person else ""
    to = ", ".join(_name(one) for one in event.assignees)
    match event.kind:
        case "incident.unacknowledged":
            return f"Not acknowledged any more in PagerDuty{by}; here it stays {incident.state}."
        case "incident.escalated":
            return f"Escalated in PagerDuty{by}" + (f" to {to}." if to else ".")
        case "incident.reassigned":
            return f"Reassigned in PagerDuty{by}" + (f" to {to}." if to else ".")
        case "incident.delegated":
            policy = f" to its policy {_name(event.policy)}." if event.policy else "."
            return f"Given in PagerDuty{by}{policy}"
        case "incident.reopened":
            return f"Reopened in PagerDuty{by}; here it stays {incident.state}."
    return None


def _told(text: str, *, now: datetime) -> Event:
    return Event(at=now, kind=EventKind.PROVIDER, text=text)


def _by(event: PagerDutyEvent) -> str:
    return f"{_name(event.agent)} (PagerDuty)"


def _name(name: str) -> str:
    return cut_at_word(one_line(name), _LONGEST_NAME) or "somebody"
