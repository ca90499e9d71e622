"""What people answer, and what an incident is after it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from router.incident.acknowledgement import acknowledge
from router.incident.answers import (
    LONGEST_SNOOZE,
    Acknowledge,
    AnswerRefused,
    Comment,
    Escalate,
    Reassign,
    Resolve,
    Snooze,
    answer,
)
from router.incident.model import Change, Event, EventKind, Incident, IncidentState
from router.incident.revisit import revisit
from router.oncall.model import PersonId
from router.phrase import phrase
from router.routing import PolicyId
from tests.router.making import NOON, incident, incident_alert, minutes

HOUR = timedelta(hours=1)
TO_BEN = Reassign(by="ana", to=PersonId("ben"), is_policy=False)
TO_DATABASE = Reassign(by="ana", to=PolicyId("database"), is_policy=True)


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


@pytest.mark.parametrize("lasts", [None, 2 * HOUR], ids=["without end", "until an end"])
def test_a_snooze_of_what_somebody_else_has_is_a_row_and_changes_nothing(
    lasts: timedelta | None,
) -> None:
    taken = acknowledge(incident(), by="ana", now=NOON, lasts=lasts).incident

    for length in (HOUR, 5 * HOUR):
        change = answer(taken, Snooze(by="ben", until=NOON + length), now=NOON + minutes(1))

        assert change.already
        assert change.incident == taken
        assert kinds(change) == [EventKind.SNOOZED]
        assert "ana has it, and that stays as it is" in change.events[0].text


def test_who_has_it_may_snooze_it_by_any_way() -> None:
    taken = answer(incident(), Acknowledge(by="Ana (PagerDuty)"), now=NOON).incident

    change = answer(taken, Snooze(by="ana", until=NOON + HOUR), now=NOON + minutes(1))

    assert not change.already
    assert change.incident.acknowledged_at == NOON
    assert change.incident.acknowledged_until == NOON + HOUR


def test_what_has_ended_and_nobody_has_looked_at_since_is_free_for_the_next() -> None:
    snoozed = answer(incident(), Snooze(by="ana", until=NOON + HOUR), now=NOON).incident

    change = answer(snoozed, Acknowledge(by="ben"), now=NOON + HOUR)

    assert (change.incident.acknowledged_by, change.already) == ("ben", False)
    assert change.incident.acknowledged_until is None


def test_an_acknowledgement_of_ones_own_takes_the_place_of_a_snooze() -> None:
    snoozed = answer(incident(), Snooze(by="ana", until=NOON + HOUR), now=NOON).incident
    at = NOON + minutes(10)

    for_good = acknowledge(snoozed, by="ana", now=at)
    for_a_while = acknowledge(snoozed, by="Ana (PagerDuty)", now=at, lasts=minutes(20))

    assert for_good.incident.acknowledged_until is None
    assert for_a_while.incident.acknowledged_until == NOON + minutes(30)
    for change in (for_good, for_a_while):
        assert kinds(change) == [EventKind.ACKNOWLEDGED]
        assert not change.already
    assert revisit(for_good.incident, now=NOON + HOUR) is None


def test_what_is_told_late_takes_no_snooze_away_that_came_after_it() -> None:
    """PagerDuty tells of an acknowledgement some seconds later, or a day."""
    at = NOON + minutes(1)
    change = answer(incident(), Snooze(by="Ana", until=NOON + HOUR), now=at)
    ana = "Ana (PagerDuty)"

    for given_at, until in ((NOON, NOON + HOUR), (NOON + minutes(2), None)):
        late = answer(
            change.incident,
            Acknowledge(by=ana, at=given_at),
            now=NOON + minutes(3),
            timeline=change.events,
        )
        assert late.incident.acknowledged_until == until
        assert kinds(late) == [EventKind.ACKNOWLEDGED]


def test_what_was_said_before_a_snooze_takes_it_away_no_more_when_it_is_told_twice() -> None:
    change = answer(incident(), Snooze(by="Ana", until=NOON + HOUR), now=NOON + minutes(1))
    timeline = change.events

    for _ in range(2):
        before = Acknowledge(by="Ana (PagerDuty)", at=NOON)
        late = answer(change.incident, before, now=NOON + minutes(3), timeline=timeline)
        timeline += late.events
        assert late.incident == change.incident


def test_who_swipes_a_page_of_several_away_keeps_the_snooze_that_they_asked_for() -> None:
    change = answer(incident(), Snooze(by="Ana", until=NOON + HOUR), now=NOON)
    swipe = Acknowledge(by="Ana (PagerDuty)", at=NOON + minutes(2), of_digest=True)

    swiped = answer(change.incident, swipe, now=NOON + minutes(3), timeline=change.events)

    assert swiped.incident == change.incident
    assert [one.text for one in swiped.events] == [
        "Ana (PagerDuty) acknowledged it, and the snooze holds."
    ]


@pytest.mark.parametrize("lasts", [None, 2 * HOUR], ids=["without end", "until an end"])
@pytest.mark.parametrize("at", [None, NOON - minutes(1)], ids=["now", "told late"])
def test_another_persons_acknowledgement_never_ends_a_snooze(
    lasts: timedelta | None, at: datetime | None
) -> None:
    """Who has it asked to be woken then."""
    change = answer(incident(), Snooze(by="ana", until=NOON + HOUR), now=NOON)
    timeline = change.events

    for _ in range(2):
        too = answer(
            change.incident,
            Acknowledge(by="ben", at=at),
            now=NOON + minutes(1),
            lasts=lasts,
            timeline=timeline,
        )
        timeline += too.events
        assert (too.incident, too.already) == (change.incident, True)
        assert [one.text for one in too.events] == [
            "ben acknowledged it too; ana has it snoozed until 2026-11-24 13:00 UTC,"
            " and that stays as it is."
        ]


@pytest.mark.parametrize(
    ("hers", "his", "until"),
    [
        (HOUR, 2 * HOUR, NOON + minutes(150)),
        (4 * HOUR, 2 * HOUR, NOON + 4 * HOUR),
        (HOUR, None, None),
        (None, 2 * HOUR, None),
    ],
    ids=["longer", "shorter", "without an end", "of what has none"],
)
def test_another_persons_acknowledgement_may_lengthen_and_never_shortens(
    hers: timedelta | None, his: timedelta | None, until: datetime | None
) -> None:
    taken = acknowledge(incident(), by="ana", now=NOON, lasts=hers).incident

    change = acknowledge(taken, by="ben", now=NOON + minutes(30), lasts=his)

    assert change.incident == replace(taken, acknowledged_until=until)
    assert change.already
    assert "ben acknowledged it too; ana was first." in change.events[0].text


def test_who_had_it_is_on_the_timeline_too_when_they_are_slower_than_its_end() -> None:
    taken = answer(incident(), Acknowledge(by="ana"), now=NOON).incident
    resolved = answer(taken, Resolve(by="ben"), now=NOON).incident

    change = answer(resolved, Acknowledge(by="ana"), now=NOON + minutes(1))

    assert change.incident == resolved
    assert [event.text for event in change.events] == ["ana acknowledged it after it was resolved."]


WISHES = (Escalate(by="ana"), TO_BEN, TO_DATABASE)


@pytest.mark.parametrize("wish", WISHES, ids=["escalate", "to a person", "to a policy"])
def test_what_somebody_asks_for_twice_within_moments_counts_once(
    wish: Escalate | Reassign,
) -> None:
    first = answer(incident(), wish, now=NOON)
    timeline = first.events

    # On and on: what counted once is no wish itself.
    for seconds in (0.4, 20, 29, 31):
        at = NOON + timedelta(seconds=seconds)
        again = answer(first.incident, wish, now=at, timeline=timeline)
        timeline += again.events
        counts_once = seconds < 30
        assert again.already == counts_once
        assert again.incident == first.incident
        assert again.events[0].text.endswith("again within seconds: that counts once.") == (
            counts_once
        )


@pytest.mark.parametrize("wish", WISHES, ids=["escalate", "to a person", "to a policy"])
def test_it_is_another_wish_of_somebody_else_or_after_another_one(
    wish: Escalate | Reassign,
) -> None:
    said = answer(incident(), wish, now=NOON).events
    at = NOON + timedelta(seconds=1)

    assert not answer(incident(), replace(wish, by="ben"), now=at, timeline=said).already
    for between in WISHES:
        more = (*said, *answer(incident(), between, now=at, timeline=said).events)
        assert answer(incident(), wish, now=at, timeline=more).already == (between == wish)
        others = (*said, *answer(incident(), replace(between, by="ben"), now=at).events)
        assert not answer(incident(), wish, now=at, timeline=others).already


@pytest.mark.parametrize("wish", WISHES, ids=["escalate", "to a person", "to a policy"])
@pytest.mark.parametrize(
    "kind",
    [
        EventKind.ACKNOWLEDGED,
        EventKind.ACKNOWLEDGEMENT_ENDED,
        EventKind.SNOOZED,
        EventKind.SEVERITY_ROSE,
        EventKind.RESOLVED,
        EventKind.REOPENED,
    ],
)
def test_what_was_undone_or_became_worse_since_is_asked_for_anew(
    wish: Escalate | Reassign, kind: EventKind
) -> None:
    said = answer(incident(), wish, now=NOON).events
    between = Event(at=NOON, kind=kind, text=phrase("{by} did that.", by="ben"))
    at = NOON + timedelta(seconds=1)

    assert not answer(incident(), wish, now=at, timeline=(*said, between)).already


@pytest.mark.parametrize("wish", WISHES, ids=["escalate", "to a person", "to a policy"])
def test_a_wish_for_what_somebody_has_always_pages(wish: Escalate | Reassign) -> None:
    said = answer(incident(), wish, now=NOON)
    taken = acknowledge(said.incident, by="ben", now=NOON).incident

    again = answer(taken, wish, now=NOON + timedelta(seconds=1), timeline=said.events)

    assert (again.already, again.incident.state) == (False, IncidentState.TRIGGERED)


def test_a_clock_that_was_set_back_swallows_no_next_step() -> None:
    said = answer(incident(), Escalate(by="ana"), now=NOON + HOUR).events

    assert not answer(incident(), Escalate(by="ana"), now=NOON, timeline=said).already


def test_what_is_asked_for_twice_after_the_end_is_refused_as_ever() -> None:
    said = answer(incident(), Escalate(by="ana"), now=NOON).events

    with pytest.raises(AnswerRefused, match="is resolved"):
        answer(over(), Escalate(by="ana"), now=NOON, timeline=said)


def test_an_acknowledgement_ends_when_the_policy_says_so() -> None:
    taken = acknowledge(incident(), by="ana", now=NOON, lasts=2 * HOUR)

    assert taken.incident.acknowledged_until == NOON + 2 * HOUR
    assert "until 2026-11-24 14:00 UTC" in taken.events[0].text


def test_the_same_person_renews_an_acknowledgement_that_ends() -> None:
    taken = acknowledge(incident(), by="ana", now=NOON, lasts=2 * HOUR).incident

    for name in ("ana", "Ana (PagerDuty)"):
        renewed = acknowledge(taken, by=name, now=NOON + HOUR, lasts=2 * HOUR)

        assert renewed.incident.acknowledged_until == NOON + 3 * HOUR
        assert renewed.incident.acknowledged_at == NOON
        assert not renewed.acknowledged


def test_resolved_by_hand_says_by_whom_and_what_still_fires() -> None:
    change = answer(incident(), Resolve(by="ana"), now=NOON)

    assert change.resolved
    assert change.incident.resolved_by == "ana"
    assert change.incident.resolved_at == NOON
    assert "Still firing: 1" in change.events[0].text


def test_who_resolves_it_twice_is_not_a_second_person() -> None:
    closed = answer(incident(), Resolve(by="ana"), now=NOON).incident

    (again,) = answer(closed, Resolve(by="Ana (PagerDuty)"), now=NOON).events
    (others,) = answer(closed, Resolve(by="ben"), now=NOON).events

    assert again.text == "Ana (PagerDuty) resolved it once more; it was over already."
    assert others.text == "ben resolved it too; it was over already."


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
