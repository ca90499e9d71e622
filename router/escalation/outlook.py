"""What an incident's escalation does from now on, or why it does nothing any more (G11)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from guardia.duration import spoken_duration
from router.address import Address
from router.escalation.decide import decide, start
from router.escalation.model import Decision, Escalation, Foreseen, Page, Policy
from router.incident.answers import without_acknowledgement
from router.incident.describe import one_line
from router.incident.model import EventKind, Incident, IncidentState
from router.incident.mute import Announcements, find_mute
from router.oncall.model import Roster, is_service

_MOST_MUTES: Final = 20  # announced one after the other; beyond that nobody plans


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenStep:
    """A step that is still to come, as it is taken if nothing changes before.

    `pages` may be empty: then it only informs, or is the end of all steps.
    """

    name: str  # as people say it: "step 2", "the last resort"
    at: datetime  # UTC
    pages: tuple[Page, ...]
    remarks: tuple[str, ...]  # sentences: what holds it back, whom it does not reach
    channels: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What the catalog of today says where an incident's own copy of a policy does not."""

    roster: Roster
    policy: Policy | None  # that its routes lead to now; None: they wake nobody
    maintenance: Announcements = field(default_factory=Announcements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What comes next: one plain sentence, and the steps that it speaks of, in order."""

    text: str
    steps: tuple[ForeseenStep, ...] = ()


def outlook(
    incident: Incident, escalation: Escalation | None, today: Today, *, now: datetime
) -> Outlook:
    """Return what happens if nobody does anything, and why when that is nothing.

    `escalation` is None for an incident that no policy ever escalated.
    """
    match incident.state:
        case IncidentState.RESOLVED:
            return Outlook(text=_over(incident))
        case IncidentState.ACKNOWLEDGED:
            if escalation is not None and escalation.policy.given:
                today = replace(today, policy=escalation.policy)
            return _taken(incident, today)
        case IncidentState.TRIGGERED:
            return _open(incident, escalation, today, now=now)


def foresee_all(
    escalation: Escalation, incident: Incident, today: Today, *, now: datetime
) -> tuple[ForeseenStep, ...]:
    """Return every step that is left, to the end of the policy.

    Each is the step's own decision, made for the instant at which it is due:
    what people are told beforehand is what then happens. One that is overdue
    is taken now, and one that would come in announced maintenance after it.
    """
    return tuple(_foresee(escalation, incident, today, now=now))


def foresee(
    escalation: Escalation, incident: Incident, today: Today, *, now: datetime
) -> Foreseen | None:
    """Return whom the next step that wakes anybody pages, and when; None when nobody is left."""
    for step in _foresee(escalation, incident, today, now=now):
        if step.pages:
            return Foreseen(people=tuple(page.person for page in step.pages), at=step.at)
    return None


def _foresee(
    escalation: Escalation, incident: Incident, today: Today, *, now: datetime
) -> Iterator[ForeseenStep]:
    while escalation.due_at is not None and incident.state is IncidentState.TRIGGERED:
        at = max(escalation.due_at, now)
        at, held = _after_maintenance(incident, today.maintenance, at)
        decision = decide(escalation, incident, today.roster, now=at)
        if decision.escalation == escalation:
            return
        yield _step(decision, at, held)
        escalation = decision.escalation


def _after_maintenance(
    incident: Incident, announced: Announcements, at: datetime
) -> tuple[datetime, list[str]]:
    """Return when a step is taken that is due at `at`, and what holds it back until then."""
    held: list[str] = []
    while announced.announced and len(held) < _MOST_MUTES:
        mute = find_mute(incident, announced, now=at)
        if mute is None:
            break
        at = mute.until
        held.append(mute.event.text)
    return at, held


def _step(decision: Decision, at: datetime, held: list[str]) -> ForeseenStep:
    missed = (event for event in decision.events if event.kind is EventKind.NOBODY_TO_PAGE)
    return ForeseenStep(
        name=_name(decision.escalation),
        at=at,
        pages=decision.pages,
        remarks=(*held, *(event.text for event in missed)),
        channels=decision.channels,
    )


def _name(after: Escalation) -> str:
    """Return what the step is called after which an escalation stands so."""
    if after.due_at is None:
        return "the last resort"
    again, step = divmod(after.next_step - 1, len(after.policy.steps))
    return f"step {step + 1}" + (f" (repetition {again})" if again else "")


def _over(incident: Incident) -> str:
    at = incident.resolved_at
    since = f" since {_shown(at)}" if at is not None else ""
    how = (
        f"{one_line(incident.resolved_by)} resolved it"
        if incident.resolved_by
        else "no alert fires"
    )
    return f"It is over{since} ({how}): nobody is paged any more."


def _taken(incident: Incident, today: Today) -> Outlook:
    by, until = one_line(incident.acknowledged_by or "somebody"), incident.acknowledged_until
    since = f" since {_shown(incident.acknowledged_at)}" if incident.acknowledged_at else ""
    if until is None:
        return Outlook(text=f"{by} has it{since}: nobody else is paged.")
    text = f"{by} has it{since}, until {_shown(until)}: nobody else is paged before."
    if today.policy is None:
        return Outlook(text=f"{text} Nor after it: no route of today wakes people for it.")
    text += " Unless it is over by then, people are paged anew:"
    anew = start(today.policy, catalog_version="", now=until)
    steps = foresee_all(anew, without_acknowledgement(incident), today, now=until)
    return Outlook(text=text, steps=steps)


def _open(
    incident: Incident, escalation: Escalation | None, today: Today, *, now: datetime
) -> Outlook:
    if incident.closes_at is not None:
        text = f"Nothing fires: it ends at {_shown(incident.closes_at)} unless it fires again."
        return Outlook(text=f"{text} Nobody is paged meanwhile.")
    if escalation is None:
        return Outlook(text="No policy escalates it: nobody else is paged.")
    if incident.is_quiet and escalation.due_at is None:
        return Outlook(text=_paused(incident, escalation))
    steps = foresee_all(escalation, incident, today, now=now)
    if not steps:
        policy = escalation.policy.id
        if any(is_service(person) for person in escalation.policy.last_resort.people):
            return Outlook(
                text="It is left to PagerDuty, which escalates it: nobody else is paged."
            )
        return Outlook(text=f"All steps of policy {policy} are taken: nobody is left to page.")
    return Outlook(text="Unless somebody acknowledges:", steps=steps)


def _paused(incident: Incident, escalation: Escalation) -> str:
    by = dict.fromkeys(one_line(alert.suppressed_by or "") for alert in incident.firing)
    text = f"Whatever fires is hidden in Alertmanager ({'; '.join(by)}): nobody is paged meanwhile."
    if escalation.remaining is None:
        return text
    wait = spoken_duration(max(escalation.remaining, timedelta(seconds=1)))
    return (
        f"{text} When that ends, the next step of policy {escalation.policy.id} comes {wait} later."
    )


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
