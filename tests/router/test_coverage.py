"""What `guardia oncall check` finds ahead of time (G7)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from router.address import Address
from router.catalog import OnCallCatalog
from router.coverage import Finding, check_coverage
from router.escalation.model import Policy, Step
from router.oncall.model import Layer, Member, Person, PersonId, Restriction, Role, Schedule
from router.routing import PolicyId, Route
from tests.router.making import person, policy, roster, rotation, schedule, scheduled, step

MONDAY = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)  # 09:00 in Cape Verde, a handoff
WEEK = timedelta(days=7)
LAST = step(people=["carla"])
EVERYBODY = [person(name) for name in ("ana", "bea", "carla")]


def catalog(
    *policies: Policy,
    schedules: Sequence[Schedule] = (schedule("primary", "ana", "bea"),),
    people: Sequence[Person] = tuple(EVERYBODY),
    routed: Sequence[str] = ("plataforma",),
) -> OnCallCatalog:
    return OnCallCatalog(
        organisation="Example",
        version="1",
        roster=roster(*people, schedules=schedules),
        policies={one.id: one for one in policies},
        routes=tuple(
            Route(name=f"to-{name}", matchers=(), policy=PolicyId(name), channels=())
            for name in routed
        ),
        names={one.id: one.name for one in people},
        scope_labels=(),
        group_interval=timedelta(minutes=5),
    )


def check(of: OnCallCatalog, *, unusable: Sequence[Address] = ()) -> list[tuple[str, str]]:
    found = check_coverage(of, start=MONDAY, end=MONDAY + 2 * WEEK, unusable=unusable)
    return [(one.subject, one.text) for one in found]


def findings(of: OnCallCatalog) -> tuple[Finding, ...]:
    return check_coverage(of, start=MONDAY, end=MONDAY + 2 * WEEK)


def only_in(steps: Step) -> Policy:
    return policy(steps, last_resort=LAST)


BY_SCHEDULE = only_in(step(schedules=["primary"]))


def pagerduty(name: str) -> Address:
    return Address(channel="pagerduty", address=name)


def with_gap() -> Schedule:
    """Return a schedule of office hours, Monday to Friday."""
    whole = scheduled(rotation("ana", "bea"))
    office = Restriction(weekdays=frozenset(range(5)), since=time(9, 0), to=time(17, 0))
    layer = Layer(name="office", rotation=whole.layers[0].rotation, only=(office,))
    return replace(whole, layers=(layer,))


def test_a_catalog_that_reaches_everybody_has_no_findings() -> None:
    assert check(catalog(BY_SCHEDULE)) == []


def test_a_viewer_is_told_where_a_policy_can_wake_them() -> None:
    viewers = [replace(one, role=Role.VIEWER) for one in EVERYBODY]
    told = "is woken, and may not answer: their role is viewer"
    by_name = only_in(step(people=["ana"]))

    assert check(catalog(BY_SCHEDULE, people=viewers)) == [
        (f"person {name}", told) for name in ("ana", "bea", "carla")
    ]
    assert [one.kind for one in findings(catalog(by_name, people=viewers, schedules=[]))] == [
        "viewer",
        "viewer",
    ]


def test_a_gap_is_told_with_its_times_and_so_is_the_step_it_leaves_empty() -> None:
    gap, empty_step = findings(catalog(BY_SCHEDULE, schedules=[with_gap()]))

    assert (gap.kind, gap.subject, gap.zone) == ("gap", "schedule primary", "Atlantic/Cape_Verde")
    # Cape Verde is an hour behind UTC: from 17:00 to 09:00, and over two weekends.
    lengths = [(ends - begins) / timedelta(hours=1) for begins, ends in gap.spans]
    assert lengths == [16, 16, 16, 16, 64] * 2
    assert (empty_step.subject, empty_step.spans) == ("policy plataforma, step 1", gap.spans)


def test_a_step_is_not_empty_while_another_schedule_or_person_of_it_is_there() -> None:
    schedules = [with_gap(), schedule("secondary", "carla")]
    both = only_in(step(schedules=["primary", "secondary"]))
    named = only_in(step(schedules=["primary"], people=["carla"]))

    assert check(catalog(both, schedules=schedules)) == [("schedule primary", "nobody is on call")]
    assert [one.kind for one in findings(catalog(named, schedules=[with_gap()]))] == ["gap"]


def test_intended_gaps_are_no_finding_while_another_step_reaches_somebody() -> None:
    office = replace(with_gap(), gaps_intended=True)
    secondary = schedule("secondary", "carla")
    two_steps = policy(step(schedules=["primary"]), step(schedules=["secondary"]), last_resort=LAST)

    assert check(catalog(two_steps, schedules=[office, secondary])) == []
    (alone,) = findings(catalog(BY_SCHEDULE, schedules=[office]))
    assert (alone.kind, alone.subject) == ("step", "policy plataforma, step 1")
    assert len(alone.spans) == 10


def test_a_last_resort_with_intended_gaps_is_told_only_while_no_step_reaches_anybody() -> None:
    office = replace(with_gap(), gaps_intended=True)
    by_office = policy(step(people=["ana"]), last_resort=step(schedules=["primary"]))
    assert check(catalog(by_office, schedules=[office])) == []


def test_a_gap_in_a_schedule_that_no_policy_uses_is_only_unused() -> None:
    found = check(catalog(only_in(step(people=["ana"])), schedules=[with_gap()]))
    assert found == [("schedule primary", "no policy uses it")]


def test_who_leaves_without_a_successor_leaves_a_gap_from_that_day_on() -> None:
    leaving = (Member(person=PersonId("ana"), leaves_on=date(2026, 1, 14)),)
    alone = scheduled(replace(rotation("ana"), people=leaving))
    gap, _ = findings(catalog(BY_SCHEDULE, schedules=[alone]))
    assert gap.spans == ((datetime(2026, 1, 14, 10, 0, tzinfo=UTC), MONDAY + 2 * WEEK),)


def test_a_person_without_a_usable_address_is_told_and_their_turns_reach_nobody() -> None:
    of = catalog(BY_SCHEDULE)
    found = check_coverage(of, start=MONDAY, end=MONDAY + 2 * WEEK, unusable=[pagerduty("ana")])

    unreached, empty_step = found
    assert unreached.subject == "person ana"
    assert unreached.text == "cannot be paged by pagerduty ana, nor anywhere else"
    assert empty_step.spans == ((MONDAY, MONDAY + WEEK),)


def test_a_person_with_another_address_is_told_but_reached() -> None:
    own = [pagerduty("ana"), Address(channel="email", address="ana@example.org")]
    people = [person("ana", addresses=own), *EVERYBODY[1:]]
    found = check(catalog(BY_SCHEDULE, people=people), unusable=[pagerduty("ana")])
    assert found == [("person ana", "cannot be paged by pagerduty ana")]


def test_a_person_without_any_address_is_told() -> None:
    people = [person("ana", addresses=[]), *EVERYBODY[1:]]
    assert check(catalog(BY_SCHEDULE, people=people))[0] == ("person ana", "has no address")


def test_a_last_resort_that_reaches_nobody_is_told_for_all_times() -> None:
    people = [*EVERYBODY[:2], person("carla", addresses=[])]
    *_, last = findings(catalog(BY_SCHEDULE, people=people))
    assert (last.subject, last.text, last.spans) == (
        "policy plataforma, last resort",
        "reaches nobody",
        (),
    )


def test_a_policy_that_no_route_leads_to_is_told() -> None:
    other = replace(BY_SCHEDULE, id=PolicyId("other"))
    assert check(catalog(BY_SCHEDULE, other)) == [("policy other", "no route leads to it")]
