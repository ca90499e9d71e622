"""What happened in PagerDuty, as an answer of ours or a row of the timeline."""

from datetime import datetime
from typing import Final

from router.incident.answers import Acknowledge, Answer, Comment, Resolve
from router.incident.describe import cut_at_word, one_line
from router.incident.model import Event, EventKind, Incident
from router.incident.words import state_word
from router.intake.pagerduty import PagerDutyEvent
from router.phrase import Phrase, phrase

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
            return _told(
                phrase("PagerDuty closed its incident by itself; here it goes on."), now=now
            )
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
        text = phrase(
            "{by} merged it into another incident there; here it goes on as it was.",
            by=_by(event),
        )
        return _told(text, now=now)
    if (
        paged_since is not None
        and event.occurred_at is not None
        and event.occurred_at < paged_since
    ):
        return _told(_too_late(event, event.occurred_at), now=now)
    return Resolve(by=_by(event)) if resolves else Acknowledge(by=_by(event))


def _too_late(event: PagerDutyEvent, at: datetime) -> Phrase:
    if event.kind == "incident.resolved":
        return phrase(
            "{by} resolved an earlier page at {at};"
            " people were paged anew since, so it does not count.",
            by=_by(event),
            at=at,
        )
    return phrase(
        "{by} acknowledged an earlier page at {at};"
        " people were paged anew since, so it does not count.",
        by=_by(event),
        at=at,
    )


def _done(event: PagerDutyEvent, incident: Incident) -> Phrase | None:
    where: str = "PagerDuty"
    if event.by_person:
        where = phrase("PagerDuty by {person}", person=_name(event.agent))
    to = ", ".join(_name(one) for one in event.assignees)
    done, state = None, state_word(incident.state)
    match event.kind:
        case "incident.unacknowledged":
            done = phrase(
                "Not acknowledged any more in {where}; here it stays {state}.",
                where=where,
                state=state,
            )
        case "incident.escalated" if to:
            done = phrase("Escalated in {where} to {people}.", where=where, people=to)
        case "incident.escalated":
            done = phrase("Escalated in {where}.", where=where)
        case "incident.reassigned" if to:
            done = phrase("Reassigned in {where} to {people}.", where=where, people=to)
        case "incident.reassigned":
            done = phrase("Reassigned in {where}.", where=where)
        case "incident.delegated" if event.policy:
            policy = _name(event.policy)
            done = phrase("Given in {where} to its policy {policy}.", where=where, policy=policy)
        case "incident.delegated":
            done = phrase("Given in {where}.", where=where)
        case "incident.reopened":
            done = phrase("Reopened in {where}; here it stays {state}.", where=where, state=state)
    return done


def _told(text: str, *, now: datetime) -> Event:
    return Event(at=now, kind=EventKind.PROVIDER, text=text)


def _by(event: PagerDutyEvent) -> str:
    return f"{_name(event.agent)} (PagerDuty)"


def _name(name: str) -> str:
    return cut_at_word(one_line(name), _LONGEST_NAME) or "somebody"
