"""What people answer, and what an incident is after it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.incident.answers import (
    LONGEST_SNOOZE,
    Acknowledge,
    AnswerRefused,
    Comment,
    Escalate,
    Reassign,
    Resolve,
    Snooze,
    acknowledge,
    answer,
)
from router.incident.model import Change, EventKind, Incident, IncidentState
from router.incident.revisit import revisit
from router.oncall.model import PersonId
from tests.router.making import NOON, incident, incident_alert, minutes

HOUR = timedelta(hours=1)
TO_BEN = Reassign(by="ana", to=PersonId("ben"), is_policy=False)


def over() -> Incident:
    return incident(state=IncidentState.RESOLVED, resolved_at=NOON)


def kinds(change: Change) -> list[EventKind]:
    return [event.kind for event in change.events]


def test_a_snooze_is_an_acknowledgement_that_ends() -> None:
    change = answer(incident(), Snooze(by="ana", until=NOON + HOUR), now=NOON)

    assert change.acknowledged
    assert change.incident.state is IncidentState.ACKNOWLEDGED
    assert change.incident.acknowledged_until == NOON + HOUR
    assert kinds(change) == [EventKind.SNOOZED]
    assert "until 2026-11-24 13:00 UTC" in change.events[0].text


def test_nothing_is_due_before_a_snooze_ends_and_then_people_are_paged_anew() -> None:
    snoozed = answer(incident(), Snooze(by="ana", until=NOON + HOUR), now=NOON).incident

    assert revisit(snoozed, now=NOON + minutes(59)) is None
    ended = revisit(snoozed, now=NOON + HOUR)

    assert ended is not None
    assert ended.pages_anew
    assert ended.incident.state is IncidentState.TRIGGERED
    assert ended.incident.acknowledged_by is None
    assert ended.incident.acknowledged_until is None
    assert "ana" in ended.events[0].text


def test_an_incident_that_ended_meanwhile_does_not_come_back_with_its_snooze() -> None:
    snoozed = answer(incident(), Snooze(by="ana", until=NOON + HOUR), now=NOON).incident
    resolved = answer(snoozed, Resolve(by="ana"), now=NOON + minutes(5)).incident

    assert revisit(resolved, now=NOON + 2 * HOUR) is None


@pytest.mark.parametrize(
    "until", [NOON, NOON - HOUR, NOON + LONGEST_SNOOZE + minutes(1)], ids=["now", "past", "long"]
)
def test_a_snooze_ends_in_the_future_and_within_a_week(until: object) -> None:
    with pytest.raises(AnswerRefused):
        answer(incident(), Snooze(by="ana", until=until), now=NOON)  # type: ignore[arg-type]


def test_who_snoozes_what_somebody_has_takes_it_over() -> None:
    taken = answer(incident(), Acknowledge(by="ana"), now=NOON).incident

    change = answer(taken, Snooze(by="ben", until=NOON + HOUR), now=NOON + minutes(1))

    assert not change.acknowledged  # nobody is paged already
    assert change.incident.acknowledged_by == "ben"
    assert change.incident.acknowledged_at == NOON + minutes(1)


def test_an_acknowledgement_ends_when_the_policy_says_so() -> None:
    taken = acknowledge(incident(), by="ana", now=NOON, lasts=2 * HOUR)

    assert taken.incident.acknowledged_until == NOON + 2 * HOUR
    assert "until 2026-11-24 14:00 UTC" in taken.events[0].text


def test_the_same_person_renews_an_acknowledgement_that_ends() -> None:
    taken = acknowledge(incident(), by="ana", now=NOON, lasts=2 * HOUR).incident

    renewed = acknowledge(taken, by="ana", now=NOON + HOUR, lasts=2 * HOUR)
    someone_else = acknowledge(taken, by="ben", now=NOON + HOUR, lasts=2 * HOUR)

    assert renewed.incident.acknowledged_until == NOON + 3 * HOUR
    assert not renewed.acknowledged
    assert someone_else.incident.acknowledged_until == NOON + 2 * HOUR


def test_resolved_by_hand_says_by_whom_and_what_still_fires() -> None:
    change = answer(incident(), Resolve(by="ana"), now=NOON)

    assert change.resolved
    assert change.incident.resolved_by == "ana"
    assert change.incident.resolved_at == NOON
    assert "Still firing: 1" in change.events[0].text


def test_resolving_what_is_over_is_only_a_row() -> None:
    change = answer(over(), Resolve(by="ben"), now=NOON + HOUR)

    assert not change.resolved
    assert change.incident == over()
    assert kinds(change) == [EventKind.RESOLVED]


@pytest.mark.parametrize("given", [Escalate(by="ben"), TO_BEN], ids=["escalate", "reassign"])
def test_what_pages_again_opens_what_somebody_had(given: Escalate | Reassign) -> None:
    taken = answer(incident(), Acknowledge(by="ana"), now=NOON).incident

    change = answer(taken, given, now=NOON)

    assert change.incident.state is IncidentState.TRIGGERED
    assert change.incident.acknowledged_by is None


@pytest.mark.parametrize(
    "given",
    [Escalate(by="ben"), TO_BEN, Snooze(by="ana", until=NOON + HOUR)],
    ids=["escalate", "reassign", "snooze"],
)
def test_nobody_is_paged_for_what_is_over(given: Escalate | Reassign | Snooze) -> None:
    with pytest.raises(AnswerRefused, match="is resolved"):
        answer(over(), given, now=NOON)


def test_a_comment_is_one_line_of_the_timeline_with_its_author() -> None:
    change = answer(incident(), Comment(by="ana", text="pool\nrestarted\u202e"), now=NOON)

    assert change.incident == incident()
    assert [(event.kind, event.text) for event in change.events] == [
        (EventKind.COMMENTED, "ana: pool restarted")
    ]


def test_a_held_incident_closes_when_its_time_has_come_and_not_before() -> None:
    held = replace(incident(incident_alert(firing=False)), closes_at=NOON + HOUR, reopened=2)

    assert revisit(held, now=NOON + HOUR - minutes(1)) is None
    closed = revisit(held, now=NOON + HOUR)

    assert closed is not None
    assert closed.resolved
    assert closed.incident.state is IncidentState.RESOLVED
    assert closed.incident.resolved_at == NOON + HOUR
    assert closed.incident.closes_at is None
