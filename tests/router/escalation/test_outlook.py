"""What is told of the time to come is what then happens, and nothing to come has its reason."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from guardia.maintenance import Maintenance
from router.address import Address
from router.escalation.decide import decide, start, stop
from router.escalation.given import reassigned
from router.escalation.model import Escalation, Page, Policy
from router.escalation.outlook import Today, foresee_all, outlook
from router.incident.model import IncidentState
from router.incident.mute import Announcements
from router.oncall.model import PersonId, Roster
from tests.router.making import (
    NOON,
    incident,
    incident_alert,
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
PLATAFORMA = policy(
    step(schedules=["primary"]),
    step(schedules=["secondary"], wait=minutes(5)),
    last_resort=step(people=["ana", "carla"]),
)
TODAY = Today(roster=TEAM, policy=PLATAFORMA)


def started(by: Policy = PLATAFORMA) -> Escalation:
    return start(by, catalog_version="abc", now=NOON)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies whose steps reach somebody, nobody, or a schedule that there is not."""
    steps = st.builds(
        step,
        schedules=st.lists(st.sampled_from(["primary", "secondary", "gone"]), max_size=2),
        people=st.lists(st.sampled_from(["ana", "bea", "left"]), max_size=2),
        wait=st.integers(1, 20_000).map(minutes),
    )
    named = draw(st.lists(steps, min_size=1, max_size=4))
    return replace(policy(*named, last_resort=draw(steps)), repeat=draw(st.integers(0, 2)))


def taken(escalation: Escalation, team: Roster) -> list[tuple[datetime, tuple[Page, ...]]]:
    """Return what really happens when nobody answers: each decision at its time."""
    happened = []
    while escalation.due_at is not None:
        at = escalation.due_at
        decision = decide(escalation, incident(), team, now=at)
        happened.append((at, decision.pages))
        escalation = decision.escalation
    return happened


@given(by=policies())
def test_what_is_foreseen_to_the_end_is_what_then_happens(by: Policy) -> None:
    foreseen = foresee_all(started(by), incident(), TODAY, now=NOON)
    assert [(one.at, one.pages) for one in foreseen] == taken(started(by), TEAM)


def test_every_step_is_foreseen_with_its_time_and_its_reason() -> None:
    first, second, last = outlook(incident(), started(), TODAY, now=NOON).steps

    assert [first.name, second.name, last.name] == ["step 1", "step 2", "the last resort"]
    assert [first.at, second.at, last.at] == [NOON, NOON + minutes(15), NOON + minutes(20)]
    assert [page.person for page in last.pages] == ["ana", "carla"]
    assert second.pages[0].because.startswith("Step 2 of policy plataforma pages schedule second")


def test_a_step_is_foreseen_by_the_handoff_that_comes_before_it() -> None:
    handoff = datetime.fromisoformat("2026-11-30T10:00:00+00:00")  # 09:00 in Cape Verde
    late = start(PLATAFORMA, catalog_version="abc", now=handoff - minutes(10))
    (page,) = outlook(incident(), late, TODAY, now=late.due_at or NOON).steps[0].pages
    assert page.person == "ana"

    again = replace(late, due_at=handoff)
    (page,) = outlook(incident(), again, TODAY, now=handoff - minutes(10)).steps[0].pages
    assert page.person == "bea"


def test_steps_that_reach_nobody_are_named_where_they_are_passed() -> None:
    by = policy(step(schedules=["gone"]), step(people=["ana"]), last_resort=step(people=["left"]))
    first, last = outlook(incident(), started(by), TODAY, now=NOON).steps

    assert (first.name, [page.person for page in first.pages]) == ("step 2", ["ana"])
    assert first.remarks == (
        "Step 1 of policy plataforma does not reach everybody: schedule gone has nobody on call.",
    )
    assert (last.name, last.pages) == ("the last resort", ())
    assert "left has no address for pages" in last.remarks[0]


def test_a_policy_that_repeats_is_foreseen_with_all_its_repetitions() -> None:
    steps = outlook(incident(), started(replace(PLATAFORMA, repeat=1)), TODAY, now=NOON).steps
    assert [one.name for one in steps] == [
        "step 1",
        "step 2",
        "step 1 (repetition 1)",
        "step 2 (repetition 1)",
        "the last resort",
    ]


def test_a_step_that_only_informs_is_foreseen_with_its_channels() -> None:
    channel = Address(channel="slack", address="#operaciones")
    by = policy(replace(step(), channels=(channel,)), last_resort=step(people=["ana"]))
    first, _ = outlook(incident(), started(by), TODAY, now=NOON).steps
    assert (first.pages, first.remarks, first.channels) == ((), (), (channel,))


def test_a_step_that_is_overdue_comes_now_and_the_others_wait_from_now_on() -> None:
    steps = outlook(incident(), started(), TODAY, now=NOON + minutes(60)).steps
    assert [one.at - NOON for one in steps] == [minutes(60), minutes(75), minutes(80)]


def test_nobody_is_left_when_all_steps_are_taken() -> None:
    told = outlook(incident(), stop(started()), TODAY, now=NOON)
    assert told.text == "All steps of policy plataforma are taken: nobody is left to page."
    assert told.steps == ()


def test_what_no_policy_escalates_pages_nobody_else() -> None:
    told = outlook(incident(), None, TODAY, now=NOON)
    assert told.text == "No policy escalates it: nobody else is paged."


def test_somebody_who_has_it_is_named_with_the_time() -> None:
    taken_by = incident(
        state=IncidentState.ACKNOWLEDGED, acknowledged_by="Engineer ana", acknowledged_at=NOON
    )
    told = outlook(taken_by, stop(started()), TODAY, now=NOON + minutes(3))
    assert told.text == "Engineer ana has it since 2026-11-24 12:00 UTC: nobody else is paged."
    assert told.steps == ()


def test_an_acknowledgement_that_ends_is_followed_by_the_steps_from_then_on() -> None:
    taken_by = incident(
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by="Engineer ana",
        acknowledged_at=NOON,
        acknowledged_until=NOON + timedelta(hours=1),
    )
    told = outlook(taken_by, stop(started()), TODAY, now=NOON + minutes(3))
    assert "until 2026-11-24 13:00 UTC: nobody else is paged before." in told.text
    assert [one.at - NOON for one in told.steps] == [minutes(60), minutes(75), minutes(80)]


def test_an_acknowledgement_that_ends_pages_by_the_routes_of_today() -> None:
    taken_by = incident(
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by="Engineer ana",
        acknowledged_until=NOON + timedelta(hours=1),
    )
    nobody = replace(TODAY, policy=None)
    told = outlook(taken_by, stop(started()), nobody, now=NOON)
    assert told.text.endswith("Nor after it: no route of today wakes people for it.")
    assert told.steps == ()


def test_whom_a_person_gave_it_to_is_paged_when_their_acknowledgement_ends() -> None:
    taken_by = incident(
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by="Engineer bea",
        acknowledged_until=NOON + timedelta(hours=1),
    )
    given_to = reassigned(PLATAFORMA, PersonId("bea"), wait=minutes(15))

    first, *_ = outlook(taken_by, stop(started(given_to)), TODAY, now=NOON).steps

    assert [page.person for page in first.pages] == ["bea"]


def test_what_a_person_asked_for_during_a_silence_is_told_as_it_goes_on() -> None:
    silenced = replace(incident_alert(severity="critical"), suppressed_by="silence 7 of ana")

    told = outlook(incident(silenced), started(), TODAY, now=NOON)

    assert len(told.steps) == 3


def test_announced_maintenance_holds_a_step_back_and_is_named() -> None:
    hours = Maintenance(
        name="upgrade",
        services=(),
        environments=(),
        zone=ZoneInfo("UTC"),
        days=NOON.date(),
        begins=time(12, 10),
        lasts=minutes(50),
    )
    during = replace(TODAY, maintenance=Announcements(announced=(hours,)))

    first, second, _ = outlook(incident(), started(), during, now=NOON).steps

    assert (first.at, first.remarks) == (NOON, ())
    assert second.at == NOON + minutes(60)
    assert second.remarks == (
        "Announced maintenance (upgrade): nobody is woken before 2026-11-24 13:00 UTC.",
    )


def test_what_is_over_says_since_when_and_by_whom() -> None:
    over = incident(state=IncidentState.RESOLVED, resolved_at=NOON)
    assert outlook(over, None, TODAY, now=NOON).text == (
        "It is over since 2026-11-24 12:00 UTC (no alert fires): nobody is paged any more."
    )
    by_hand = replace(over, resolved_by="Engineer ana")
    assert "(Engineer ana resolved it)" in outlook(by_hand, None, TODAY, now=NOON).text


def test_what_is_silenced_says_by_what_and_what_comes_after_it() -> None:
    silenced = replace(incident_alert(severity="critical"), suppressed_by="silence 7 of ana")
    paused = replace(stop(started()), next_step=1, remaining=minutes(5))

    told = outlook(incident(silenced), paused, TODAY, now=NOON)

    assert told.text == (
        "Whatever fires is hidden in Alertmanager (silence 7 of ana): nobody is paged meanwhile."
        " When that ends, the next step of policy plataforma comes 5 min later."
    )


def test_what_is_held_open_says_when_it_ends() -> None:
    held = incident(incident_alert(firing=False), closes_at=NOON + minutes(10))
    told = outlook(held, stop(started()), TODAY, now=NOON)
    assert told.text == (
        "Nothing fires: it ends at 2026-11-24 12:10 UTC unless it fires again."
        " Nobody is paged meanwhile."
    )
