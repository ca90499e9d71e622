"""Two on-call catalogs compared: people, schedules, policies and routes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from guardia.catalog_folder import read_catalog_folder
from guardia.change import Change
from router.address import Address
from router.catalog import OnCallCatalog, read_oncall
from router.comparing import compare_oncall, pageable
from router.escalation.model import Step
from router.hours import Hours
from router.oncall.model import Months, Override, PersonId, Restriction, ScheduleId
from router.routing import PolicyId
from tests.catalogs import CATALOG

PLATFORM, PRIMARY, FIRST = PolicyId("plataforma"), ScheduleId("primary"), PersonId("platform-1")


@pytest.fixture(scope="module")
def catalog() -> OnCallCatalog:
    found, problems = read_oncall(read_catalog_folder(CATALOG)[0])
    assert not problems
    assert found is not None
    return found


def only(before: OnCallCatalog, after: OnCallCatalog) -> Change:
    (change,) = compare_oncall(before, after)
    return change


def test_another_version_of_the_same_people_is_no_change(catalog: OnCallCatalog) -> None:
    assert compare_oncall(catalog, replace(catalog, version="other")) == []


def test_a_new_address_is_told(catalog: OnCallCatalog) -> None:
    person = catalog.roster.people[FIRST]
    moved = replace(person, addresses=(Address(channel="email", address="new@example.org"),))
    roster = replace(catalog.roster, people={**catalog.roster.people, FIRST: moved})
    change = only(catalog, replace(catalog, roster=roster))
    assert (change.subject, change.what) == ("people", "platform-1")
    assert change.after == "paged by email new@example.org"


def test_a_new_name_is_only_shown_otherwise(catalog: OnCallCatalog) -> None:
    change = only(catalog, replace(catalog, names={**catalog.names, FIRST: "Platform lead"}))
    assert change.is_text
    assert change.after == "Platform lead"


def test_another_handoff_names_the_policies_that_page_by_it(catalog: OnCallCatalog) -> None:
    schedule = catalog.roster.schedules[PRIMARY]
    (layer,) = schedule.layers
    early = replace(layer.rotation, handoff=layer.rotation.handoff.replace(hour=8))
    later = replace(schedule, layers=(replace(layer, rotation=early),))
    roster = replace(catalog.roster, schedules={**catalog.roster.schedules, PRIMARY: later})
    change = only(catalog, replace(catalog, roster=roster))
    assert "handoff at 08:00 (Atlantic/Cape_Verde)" in (change.after or "")
    assert change.effect == "used by policy plataforma"


def test_layers_hours_dates_and_overrides_are_told(catalog: OnCallCatalog) -> None:
    schedule = catalog.roster.schedules[PRIMARY]
    (layer,) = schedule.layers
    first, *others = layer.rotation.people
    office = Restriction(weekdays=frozenset({0, 4}), since=time(8, 0), to=time(18, 0))
    changed = replace(
        schedule,
        layers=(
            replace(
                layer,
                name="office",
                only=(office,),
                rotation=replace(
                    layer.rotation,
                    shift=Months(1),
                    people=(replace(first, leaves_on=date(2026, 6, 1)), *others),
                ),
            ),
        ),
        overrides=(
            Override(
                person=FIRST,
                starts_at=datetime(2026, 12, 24, 10, 0, tzinfo=UTC),
                ends_at=datetime(2026, 12, 26, 10, 0, tzinfo=UTC),
            ),
        ),
        gaps_intended=True,
    )
    roster = replace(catalog.roster, schedules={**catalog.roster.schedules, PRIMARY: changed})
    change = only(catalog, replace(catalog, roster=roster))
    assert change.after == (
        "layer office: platform-1 (until 2026-06-01), platform-2, platform-3 for 1 month each"
        " from 2026-01-05, handoff at 09:00 (Atlantic/Cape_Verde)"
        " only monday, friday 08:00 to 18:00;"
        " platform-1 instead from Thu 2026-12-24 09:00 to Sat 2026-12-26 09:00; gaps intended"
    )


def test_a_shorter_wait_is_told(catalog: OnCallCatalog) -> None:
    policy = catalog.policies[PLATFORM]
    first, *others = policy.steps
    hurried = replace(policy, steps=(replace(first, wait=first.wait / 3), *others))
    change = only(catalog, replace(catalog, policies={PLATFORM: hurried}))
    assert "schedule primary, wait 15m" in (change.before or "")
    assert "schedule primary, wait 5m" in (change.after or "")


def test_routes_that_change_places_are_told_though_each_stays(catalog: OnCallCatalog) -> None:
    first, second, *others = catalog.routes
    change = only(catalog, replace(catalog, routes=(second, first, *others)))
    assert (change.subject, change.what) == ("routes", "order")


def test_a_route_that_goes_does_not_count_as_another_order(catalog: OnCallCatalog) -> None:
    change = only(catalog, replace(catalog, routes=catalog.routes[1:]))
    assert (change.what, change.after) == ("not-production", None)


def test_everybody_in_a_rotation_an_override_or_the_last_resort_can_be_paged(
    catalog: OnCallCatalog,
) -> None:
    policy = replace(
        catalog.policies[PLATFORM],
        steps=catalog.policies[PLATFORM].steps[:1],
        last_resort=Step(schedules=(), people=(PersonId("boss"),), wait=catalog.group_interval),
    )
    schedule = catalog.roster.schedules[PRIMARY]
    override = Override(
        person=PersonId("guest"),
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    roster = replace(catalog.roster, schedules={PRIMARY: replace(schedule, overrides=(override,))})
    found = pageable(policy, replace(catalog, roster=roster))
    assert found == {"platform-1", "platform-2", "platform-3", "guest", "boss"}


def test_a_route_says_when_it_tells_and_what_an_incident_is(catalog: OnCallCatalog) -> None:
    *before, low, default = catalog.routes
    office = Restriction(weekdays=frozenset({0, 4}), since=time(8, 0), to=time(18, 0))
    hours = Hours(zone=ZoneInfo("Europe/Madrid"), only=(office,))
    by_day = replace(low, hours=hours, incident_by=("service", "instance"), continues=True)
    change = only(catalog, replace(catalog, routes=(*before, by_day, default)))
    assert (change.subject, change.what) == ("routes", "low")
    assert change.after == (
        'severity="low" → slack #operaciones-info,'
        " told monday, friday 08:00 to 18:00 (Europe/Madrid),"
        " incidents by service, instance, later routes too"
    )
