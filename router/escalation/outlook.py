"""What an incident's escalation does from now on, or why it does nothing any more (G11)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from router.address import Address
from router.escalation.awake import NOBODY, Awake
from router.escalation.decide import NOBODY_ASKED, decide, start
from router.escalation.given import policy_name
from router.escalation.model import Asked, Decision, Escalation, Foreseen, Page, Policy
from router.incident.acknowledgement import without_acknowledgement
from router.incident.describe import one_line
from router.incident.model import EventKind, Incident, IncidentState
from router.incident.mute import Announcements, find_mute
from router.incident.reread import hiding_words
from router.oncall.model import Roster, is_service
from router.phrase import Phrase, joined, listed, phrase

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
    awake: Awake = NOBODY
    asked: Asked = NOBODY_ASKED  # by the escalation that runs


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
    awake = today.awake
    while escalation.due_at is not None and incident.state is IncidentState.TRIGGERED:
        at = max(escalation.due_at, now)
        at, held = _after_maintenance(incident, today.maintenance, at)
        decision = decide(
            escalation, incident, today.roster, now=at, awake=awake, asked=today.asked
        )
        if decision.escalation == escalation:
            return
        yield _step(decision, at, held)
        escalation, awake = decision.escalation, awake.after(decision.pages)


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


def _name(after: Escalation) -> Phrase:
    """Return what the step is called after which an escalation stands so."""
    if after.due_at is None:
        return phrase("the last resort")
    again, step = divmod(after.next_step - 1, len(after.policy.steps))
    name = phrase("step {step}", step=step + 1)
    return joined(name, phrase("(repetition {number})", number=again) if again else "")


def _over(incident: Incident) -> Phrase:
    at, how = incident.resolved_at, phrase("no alert fires")
    if incident.resolved_by:
        how = phrase("{person} resolved it", person=one_line(incident.resolved_by))
    if at is None:
        return phrase("It is over ({how}): nobody is paged any more.", how=how)
    return phrase("It is over since {at} ({how}): nobody is paged any more.", at=at, how=how)


def _taken(incident: Incident, today: Today) -> Outlook:
    until = incident.acknowledged_until
    text = _has_it(incident, until)
    if until is None:
        return Outlook(text=text)
    if today.policy is None:
        nor = phrase("Nor after it: no route of today wakes people for it.")
        return Outlook(text=joined(text, nor))
    anew = start(today.policy, catalog_version="", now=until)
    today = replace(today, asked=NOBODY_ASKED)
    steps = foresee_all(anew, without_acknowledgement(incident), today, now=until)
    then = phrase("Unless it is over by then, people are paged anew:")
    return Outlook(text=joined(text, then), steps=steps)


def _has_it(incident: Incident, until: datetime | None) -> Phrase:
    by = one_line(incident.acknowledged_by or "") or phrase("somebody")
    since = incident.acknowledged_at or incident.opened_at
    if until is None:
        return phrase("{by} has it since {since}: nobody else is paged.", by=by, since=since)
    return phrase(
        "{by} has it since {since}, until {until}: nobody else is paged before.",
        by=by,
        since=since,
        until=until,
    )


def _open(
    incident: Incident, escalation: Escalation | None, today: Today, *, now: datetime
) -> Outlook:
    if incident.closes_at is not None:
        text = phrase(
            "Nothing fires: it ends at {at} unless it fires again. Nobody is paged meanwhile.",
            at=incident.closes_at,
        )
        return Outlook(text=text)
    if escalation is None:
        return Outlook(text=phrase("No policy escalates it: nobody else is paged."))
    if incident.is_quiet and escalation.due_at is None:
        return Outlook(text=_paused(incident, escalation))
    steps = foresee_all(escalation, incident, today, now=now)
    if not steps:
        text = phrase(
            "All steps of policy {policy} are taken: nobody is left to page.",
            policy=policy_name(escalation.policy),
        )
        if any(is_service(person) for person in escalation.policy.last_resort.people):
            text = phrase("It is left to PagerDuty, which escalates it: nobody else is paged.")
        return Outlook(text=text)
    return Outlook(text=phrase("Unless somebody acknowledges:"), steps=steps)


def _paused(incident: Incident, escalation: Escalation) -> Phrase:
    by = dict.fromkeys(alert.suppressed_by or "" for alert in incident.firing)
    text = phrase(
        "Whatever fires is hidden in Alertmanager ({reasons}): nobody is paged meanwhile.",
        reasons=listed(*map(hiding_words, by), by="; "),
    )
    if escalation.remaining is None:
        return text
    later = phrase(
        "When that ends, the next step of policy {policy} comes {wait} later.",
        policy=policy_name(escalation.policy),
        wait=max(escalation.remaining, timedelta(seconds=1)),
    )
    return joined(text, later)
