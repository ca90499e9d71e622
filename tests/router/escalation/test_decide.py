"""Whom an incident wakes, when, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.address import Address
from router.escalation.decide import (
    decide,
    hasten,
    pause,
    resume,
    start,
    stop,
)
from router.escalation.given import reassigned
from router.escalation.model import Asked, Decision, Escalation, Foreseen, Policy
from router.escalation.outlook import Today, foresee
from router.incident.model import EventKind, IncidentState
from router.oncall.model import Override, PersonId, Roster
from tests.router.making import (
    NOON,
    incident,
    minutes,
    person,
    policy,
    roster,
    schedule,
    step,
)

TEAM = roster(
    person("ana"),
    person("bea"),
    person("carla"),
    schedules=[schedule("primary", "ana", "bea"), schedule("secondary", "bea", "carla")],
)
TODAY = Today(roster=TEAM, policy=None)
PLATAFORMA = policy(
    step(schedules=["primary"]),
    step(schedules=["secondary"], wait=minutes(5)),
    last_resort=step(people=["ana", "bea", "carla"]),
)


def started(by: Policy) -> Escalation:
    return start(by, catalog_version="abc", now=NOON)


def people(decision: Decision) -> list[str]:
    return [page.person for page in decision.pages]


def kinds(decision: Decision) -> list[EventKind]:
    return [event.kind for event in decision.events]


def test_the_first_step_is_due_at_once_and_pages_who_is_on_call() -> None:
    decision = decide(started(PLATAFORMA), incident(), TEAM, now=NOON)

    (page,) = decision.pages
    # 24 November 2026 is in the 47th week since 5 January: an even turn, so the first person's.
    assert (page.person, page.step) == ("ana", "1")
    assert page.address == Address(channel="pagerduty", address="ana")
    assert decision.escalation.next_step == 1
    assert decision.escalation.due_at == NOON + minutes(15)
    assert kinds(decision) == [EventKind.PAGED]


def test_a_page_says_why_this_person_at_this_minute() -> None:
    (page,) = decide(started(PLATAFORMA), incident(), TEAM, now=NOON).pages
    assert page.because == (
        "Step 1 of policy plataforma pages schedule primary: Engineer ana has the shift"
        " from Mon 2026-11-23 09:00 Atlantic/Cape_Verde to Mon 2026-11-30 09:00 Atlantic/Cape_Verde"
        " (rotation of primary)."
    )


def test_an_override_is_paged_and_named_as_the_reason() -> None:
    swap = Override(
        person=PersonId("carla"), starts_at=NOON - minutes(60), ends_at=NOON + minutes(60)
    )
    team = roster(
        *TEAM.people.values(), schedules=[schedule("primary", "ana", "bea", overrides=[swap])]
    )
    (page,) = decide(started(PLATAFORMA), incident(), team, now=NOON).pages

    assert page.person == "carla"
    assert "Engineer carla has the shift" in page.because
    assert "(override of primary)" in page.because


def test_nobody_answers_and_every_step_is_paged_in_turn() -> None:
    first = decide(started(PLATAFORMA), incident(), TEAM, now=NOON)
    second = decide(first.escalation, incident(), TEAM, now=NOON + minutes(15))
    last = decide(second.escalation, incident(), TEAM, now=NOON + minutes(20))

    assert [people(first), people(second), people(last)] == [
        ["ana"],
        ["bea"],
        ["ana", "bea", "carla"],
    ]
    assert [page.step for page in (*first.pages, *second.pages, *last.pages)] == [
        "1",
        "2",
        "last",
        "last",
        "last",
    ]
    assert second.escalation.due_at == NOON + minutes(20)  # this step waits 5 minutes
    assert last.escalation.due_at is None
    assert kinds(last)[-1] is EventKind.ESCALATION_ENDED


def test_before_its_time_nothing_is_decided() -> None:
    first = decide(started(PLATAFORMA), incident(), TEAM, now=NOON)
    early = decide(first.escalation, incident(), TEAM, now=NOON + minutes(14.9))

    assert early == Decision(escalation=first.escalation, pages=(), events=())


def test_a_late_decision_gives_the_whole_time_to_answer() -> None:
    late = decide(started(PLATAFORMA), incident(), TEAM, now=NOON + minutes(60))
    assert late.escalation.due_at == NOON + minutes(75)


@pytest.mark.parametrize("state", [IncidentState.ACKNOWLEDGED, IncidentState.RESOLVED])
def test_an_incident_that_somebody_has_or_that_is_over_wakes_nobody(state: IncidentState) -> None:
    decision = decide(started(PLATAFORMA), incident(state=state), TEAM, now=NOON)

    assert (decision.pages, decision.events) == ((), ())
    assert decision.escalation.due_at is None


def test_a_stopped_escalation_wakes_nobody() -> None:
    assert decide(stop(started(PLATAFORMA)), incident(), TEAM, now=NOON).pages == ()


def test_an_empty_schedule_moves_on_at_once() -> None:
    team = roster(
        *TEAM.people.values(),
        schedules=[schedule("primary"), schedule("secondary", "bea", "carla")],
    )
    decision = decide(started(PLATAFORMA), incident(), team, now=NOON)

    assert people(decision) == ["bea"]
    assert decision.escalation.due_at == NOON + minutes(5)
    assert kinds(decision) == [EventKind.NOBODY_TO_PAGE, EventKind.PAGED]
    assert decision.events[0].text == (
        "Step 1 of policy plataforma does not reach everybody: schedule primary has nobody on call."
    )


def test_a_schedule_that_was_taken_out_of_the_catalog_moves_on_at_once() -> None:
    team = roster(*TEAM.people.values(), schedules=[schedule("secondary", "bea", "carla")])
    decision = decide(started(PLATAFORMA), incident(), team, now=NOON)

    assert people(decision) == ["bea"]


def test_a_person_without_an_address_moves_on_down_to_the_last_resort() -> None:
    team = roster(
        person("ana", addresses=[]),
        person("bea"),
        schedules=[schedule("primary", "ana"), schedule("secondary", "ana")],
    )
    decision = decide(started(PLATAFORMA), incident(), team, now=NOON)

    assert people(decision) == ["bea"]
    assert decision.pages[0].step == "last"
    assert "Engineer ana has no address for pages" in decision.events[0].text
    # carla is unknown to this roster: the last resort says whom it misses.
    assert "carla has no address" in decision.events[2].text
    assert decision.escalation.due_at is None


def test_when_even_the_last_resort_reaches_nobody_it_is_told_and_ends() -> None:
    decision = decide(started(PLATAFORMA), incident(), roster(), now=NOON)

    assert decision.pages == ()
    assert kinds(decision) == [
        EventKind.NOBODY_TO_PAGE,
        EventKind.NOBODY_TO_PAGE,
        EventKind.NOBODY_TO_PAGE,
        EventKind.ESCALATION_ENDED,
    ]
    assert decision.escalation.due_at is None


def test_one_person_is_paged_once_in_one_decision() -> None:
    both = policy(
        step(schedules=["primary", "primary"], people=["ana"]), last_resort=step(people=["bea"])
    )
    (page,) = decide(started(both), incident(), TEAM, now=NOON).pages

    assert page.person == "ana"
    assert page.because.startswith("Step 1 of policy plataforma pages schedule primary:")


def test_the_first_address_is_paged() -> None:
    mail = Address(channel="email", address="ana@conecta360.example")
    phone = Address(channel="pagerduty", address="ana")
    team = roster(person("ana", addresses=[mail, phone]))
    straight = policy(last_resort=step(people=["ana"]))

    (page,) = decide(started(straight), incident(), team, now=NOON).pages
    assert page.address == mail


def test_a_handoff_at_the_instant_a_step_is_due_pages_who_takes_over() -> None:
    handoff = NOON + timedelta(days=5, hours=22)  # Monday 09:00 in Cape Verde
    assert people(decide(started(PLATAFORMA), incident(), TEAM, now=handoff)) == ["bea"]


NAMES = st.sampled_from(["ana", "bea", "carla", "dina"])
STEPS = st.builds(
    step,
    schedules=st.lists(st.sampled_from(["primary", "secondary", "empty", "unknown"]), max_size=2),
    people=st.lists(NAMES, max_size=2),
    wait=st.integers(1, 60).map(minutes),
)
POLICIES = st.builds(
    lambda steps, last_resort, repeat: policy(*steps, last_resort=last_resort, repeat=repeat),
    st.lists(STEPS, max_size=4),
    STEPS,
    st.integers(0, 3),
)
ROSTERS = st.lists(NAMES, unique=True).map(
    lambda names: roster(
        *(person(name) for name in names),
        person("dina", addresses=[]),
        schedules=[
            schedule("primary", "ana", "bea"),
            schedule("secondary", "carla", "dina"),
            schedule("empty"),
        ],
    )
)


@given(by=POLICIES, team=ROSTERS)
def test_every_escalation_ends_and_pages_all_whom_its_last_resort_reaches(
    by: Policy, team: Roster
) -> None:
    escalation, paged, now = started(by), list[str](), NOON
    for _ in range(by.turns + 1):
        decision = decide(escalation, incident(), team, now=now)
        assert len(set(people(decision))) == len(decision.pages)
        assert all(page.because.endswith(".") for page in decision.pages)
        escalation = decision.escalation
        paged += people(decision)
        if escalation.due_at is None:
            break
        assert decision.pages  # never a wait for somebody who was not paged
        assert escalation.due_at > now
        now = escalation.due_at
    assert escalation.due_at is None
    reached = {name for name in by.last_resort.people if name in team.people and name != "dina"}
    assert reached <= set(paged)


def test_what_is_foreseen_is_what_then_happens() -> None:
    """Also over a handoff between now and then: people are told who will have the shift."""
    escalation, about = started(PLATAFORMA), incident()
    seen = []
    while escalation.due_at is not None:
        foreseen = foresee(escalation, about, TODAY, now=NOON)
        decision = decide(escalation, about, TEAM, now=escalation.due_at)
        paged = tuple(page.person for page in decision.pages)
        assert foreseen == Foreseen(people=paged, at=escalation.due_at)
        seen.append(paged)
        escalation = decision.escalation
    assert len(seen) == 3
    assert foresee(escalation, about, TODAY, now=NOON) is None


def test_nobody_is_foreseen_where_nobody_is_left() -> None:
    empty = policy(step(people=["gone"]), last_resort=step(people=["gone"]))
    assert foresee(started(empty), incident(), TODAY, now=NOON) is None
    assert foresee(stop(started(PLATAFORMA)), incident(), TODAY, now=NOON) is None


def test_steps_are_gone_through_again_before_the_last_resort() -> None:
    twice = policy(
        step(people=["ana"]), step(people=["bea"]), last_resort=step(people=["carla"]), repeat=1
    )
    escalation, paged, keys, names = started(twice), [], [], []
    while escalation.due_at is not None:
        decision = decide(escalation, incident(), TEAM, now=escalation.due_at)
        paged += people(decision)
        keys += [page.step for page in decision.pages]
        names.append(decision.events[0].text)
        escalation = decision.escalation

    assert paged == ["ana", "bea", "ana", "bea", "carla"]
    assert keys == ["1", "2", "3", "4", "last"]  # a repetition is a new page, never a retry
    assert "Step 1 of policy plataforma (repetition 1) names" in names[2]


def test_a_step_may_inform_a_channel_and_wait() -> None:
    room = Address(channel="slack", address="#management")
    informing = policy(
        step(people=["ana"]), step(channels=[room]), last_resort=step(people=["bea"])
    )
    first = decide(started(informing), incident(), TEAM, now=NOON)

    second = decide(first.escalation, incident(), TEAM, now=NOON + minutes(15))

    assert (first.channels, second.channels) == ((), (room,))
    assert second.pages == ()
    assert kinds(second) == [EventKind.ROUTED]
    assert second.escalation.due_at == NOON + minutes(30)


def test_a_step_that_reaches_nobody_still_informs_and_moves_on() -> None:
    room = Address(channel="slack", address="#management")
    gone = policy(step(people=["gone"], channels=[room]), last_resort=step(people=["bea"]))

    decision = decide(started(gone), incident(), TEAM, now=NOON)

    assert decision.channels == (room,)
    assert people(decision) == ["bea"]


def test_a_paused_escalation_goes_on_with_what_it_had_to_wait() -> None:
    first = decide(started(PLATAFORMA), incident(), TEAM, now=NOON).escalation

    paused = pause(first, retake=None, now=NOON + minutes(5))
    resumed = resume(paused, now=NOON + minutes(60))

    assert paused.due_at is None
    assert decide(paused, incident(), TEAM, now=NOON + minutes(600)).pages == ()
    assert resumed.due_at == NOON + minutes(70)
    assert people(decide(resumed, incident(), TEAM, now=NOON + minutes(70))) == ["bea"]


def test_a_step_whose_page_was_dropped_is_taken_again_at_once() -> None:
    first = decide(started(PLATAFORMA), incident(), TEAM, now=NOON).escalation

    resumed = resume(pause(first, retake=0, now=NOON), now=NOON + minutes(60))

    assert people(decide(resumed, incident(), TEAM, now=NOON + minutes(60))) == ["ana"]


def test_steps_that_are_taken_again_ask_together_for_what_was_dropped_alone() -> None:
    both = policy(
        step(people=["ana"]),
        step(people=["bea"], wait=minutes(5)),
        step(people=["carla", "ana"], wait=minutes(20)),
        last_resort=step(people=["carla"]),
    )
    taken = replace(started(both), next_step=3)
    asked = Asked(
        people={
            "1": frozenset(),
            "2": frozenset({PersonId("bea")}),
            "3": frozenset({PersonId("ana")}),
        }
    )

    later = NOON + minutes(60)
    resumed = resume(pause(taken, retake=0, now=NOON), now=later)
    decision = decide(resumed, incident(), TEAM, now=later, asked=asked)

    assert [(page.step, page.person) for page in decision.pages] == [("1", "ana"), ("3", "carla")]
    assert kinds(decision) == [EventKind.PAGED, EventKind.PAGED]
    assert (decision.escalation.next_step, decision.escalation.due_at) == (3, later + minutes(20))


def test_a_dropped_last_resort_is_taken_again_too() -> None:
    only = policy(last_resort=step(people=["ana"]))
    ended = decide(started(only), incident(), TEAM, now=NOON).escalation

    resumed = resume(pause(ended, retake=0, now=NOON), now=NOON + minutes(60))

    assert people(decide(resumed, incident(), TEAM, now=NOON + minutes(60))) == ["ana"]


def test_what_has_ended_or_was_stopped_does_not_resume() -> None:
    stopped = stop(started(PLATAFORMA))

    assert pause(stopped, retake=None, now=NOON) == stopped
    assert resume(stopped, now=NOON) == stopped
    paused = pause(started(PLATAFORMA), retake=None, now=NOON)
    assert resume(stop(paused), now=NOON).due_at is None


def test_a_hastened_step_is_due_now_until_the_last_resort_is_taken() -> None:
    escalation = started(PLATAFORMA)
    paged: list[str] = []
    for _ in range(3):
        hastened = hasten(escalation, now=NOON)
        assert hastened is not None
        decision = decide(hastened, incident(), TEAM, now=NOON)
        paged += people(decision)[:1]
        escalation = decision.escalation

    assert paged == ["ana", "bea", "ana"]
    assert hasten(escalation, now=NOON) is None


def test_what_was_acknowledged_is_hastened_from_where_it_stood() -> None:
    first = stop(decide(started(PLATAFORMA), incident(), TEAM, now=NOON).escalation)

    hastened = hasten(first, now=NOON + minutes(3))

    assert hastened is not None
    assert people(decide(hastened, incident(), TEAM, now=NOON + minutes(3))) == ["bea"]


def test_what_was_acknowledged_after_all_steps_is_hastened_to_the_last_resort() -> None:
    one = policy(step(people=["ana"]), last_resort=step(people=["bea"]))
    taken = stop(decide(started(one), incident(), TEAM, now=NOON).escalation)

    hastened = hasten(taken, now=NOON)
    assert hastened is not None
    last = decide(hastened, incident(), TEAM, now=NOON)

    assert people(last) == ["bea"]
    assert hasten(stop(last.escalation), now=NOON) is None


def test_a_reassigned_incident_pages_that_person_and_then_the_last_resort() -> None:
    given_to = reassigned(PLATAFORMA, PersonId("carla"), wait=minutes(10))
    first = decide(started(given_to), incident(), TEAM, now=NOON)
    second = decide(first.escalation, incident(), TEAM, now=NOON + minutes(10))

    assert people(first) == ["carla"]
    assert "given to carla" in first.pages[0].because
    assert people(second) == ["ana", "bea", "carla"]
    assert reassigned(given_to, PersonId("ana"), wait=minutes(10)).id == (
        "plataforma (given to ana)"
    )
