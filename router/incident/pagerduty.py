"""What happened in PagerDuty, as an answer of ours or a row of the timeline."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from router.incident.again import tells_again
from router.incident.answerer import in_pagerduty
from router.incident.answers import Acknowledge, Answer, Comment, Resolve
from router.incident.describe import cut_at_word, one_line
from router.incident.model import Event, EventKind, Incident
from router.incident.words import state_word
from router.intake.pagerduty import PagerDutyEvent
from router.phrase import Phrase, phrase

_LONGEST_NAME: Final = 100
# How far PagerDuty's clock and ours may be apart. Nor can anybody answer sooner to what is new.
CLOCKS_APART: Final = timedelta(seconds=5)

# After which an answer to what was before does not count; the first says most.
# PAGED stands for the first page of an escalation that began anew.
OVERTAKING: Final = (
    EventKind.PAGED,
    EventKind.ESCALATED,
    EventKind.SEVERITY_ROSE,
    EventKind.ALERT_FIRING,
)

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

# After which an acknowledgement of ours stands no more in PagerDuty.
RINGING_AGAIN: Final = frozenset(
    f"incident.{kind}"
    for kind in ("delegated", "escalated", "reassigned", "reopened", "unacknowledged")
)


def find_overtaking(timeline: Iterable[Event]) -> dict[EventKind, datetime]:
    """Return when what overtakes answers last happened, but for PAGED, by kind."""
    kinds = set(OVERTAKING) - {EventKind.PAGED}
    return {one.kind: one.at for one in timeline if one.kind in kinds and not tells_again(one)}


def is_of_a_person(event: PagerDutyEvent) -> bool:
    """Say whether somebody answered there, or wrote a note."""
    kinds = ("incident.acknowledged", "incident.annotated", "incident.resolved")
    return event.by_person and event.kind in kinds


def decide_meaning(
    event: PagerDutyEvent,
    incident: Incident,
    *,
    since: Mapping[EventKind, datetime],
    of_digest: bool,
    ended_by_us: bool,
    now: datetime,
) -> Answer | Event | None:
    """Return what an event asks of our incident, or what its timeline tells; None for neither.

    Only people answer: what we or PagerDuty's own rules did there comes back as
    an event too, and must change nothing. Nor does an answer that was given
    before what happened here `since` the page that it is to was asked for (the
    last instant of each kind of OVERTAKING): events come up to two days late.
    Whoever resolves a page `of_digest` has looked at none of what it tells, so
    that takes it and ends nothing. `ended_by_us` says that we told PagerDuty of
    the end of a page of this incident.
    """
    match event.kind:
        case "incident.acknowledged" | "incident.resolved" if event.by_person:
            if of_digest and not incident.is_open:
                return None
            return _answer(event, since=since, of_digest=of_digest, now=now)
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


def tell_ended(event: PagerDutyEvent, *, now: datetime) -> Event:
    """Return the row of an incident that is not over, though its page is: a digest was resolved."""
    text = phrase(
        "{by} resolved there the page that tells several incidents: this one is not over by that.",
        by=_by(event),
    )
    return _told(text, now=now)


def _answer(
    event: PagerDutyEvent,
    *,
    since: Mapping[EventKind, datetime],
    of_digest: bool,
    now: datetime,
) -> Answer | Event:
    resolves = event.kind == "incident.resolved"
    if resolves and event.merged:
        text = phrase(
            "{by} merged it into another incident there; here it goes on as it was.",
            by=_by(event),
        )
        return _told(text, now=now)
    ends = resolves and not of_digest
    overtaken_by = _overtaken_by(event.occurred_at, since, ends=ends)
    if event.occurred_at is not None and overtaken_by is not None:
        return _told(_too_late(event, event.occurred_at, overtaken_by), now=now)
    by = _by(event)
    if ends:
        return Resolve(by=by)
    return Acknowledge(by=by, at=event.occurred_at, of_digest=resolves)


def _overtaken_by(
    answered_at: datetime | None, since: Mapping[EventKind, datetime], *, ends: bool
) -> EventKind | None:
    """Return what happened after an answer, so that it is not to that; None when it counts.

    Whoever has an incident has the alerts that join it, but none is ended by
    an end (`ends`) from before it fired.
    """
    if answered_at is None:
        return None
    for kind in OVERTAKING:
        counts = ends or kind is not EventKind.ALERT_FIRING
        if counts and kind in since and answered_at < since[kind] + CLOCKS_APART:
            return kind
    return None


def _too_late(event: PagerDutyEvent, at: datetime, overtaken_by: EventKind) -> Phrase:
    resolves = event.kind == "incident.resolved"
    if overtaken_by is EventKind.ALERT_FIRING:
        return phrase(
            "{by} resolved it at {at}, before another alert of it fired, so it does not count.",
            by=_by(event),
            at=at,
        )
    if overtaken_by is EventKind.SEVERITY_ROSE:
        text = phrase(
            "{by} acknowledged it at {at}, when it was less severe, so it does not count.",
            by=_by(event),
            at=at,
        )
        if resolves:
            text = phrase(
                "{by} resolved it at {at}, when it was less severe, so it does not count.",
                by=_by(event),
                at=at,
            )
        return text
    if resolves:
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
    return in_pagerduty(_name(event.agent))


def _name(name: str) -> str:
    return cut_at_word(one_line(name), _LONGEST_NAME) or "somebody"
