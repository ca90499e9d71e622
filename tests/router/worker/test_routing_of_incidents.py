"""Which alerts wake somebody, whatever they share a group, or an incident, with."""

from dataclasses import replace

import pytest

from guardia.matcher import parse_matcher
from guardia.severity import Severity
from router.address import Address
from router.routing import PolicyId, Route
from tests.router.making import minutes
from tests.router.road import MAILBOX, Road, firing, resolved

INFORMED = Address(channel="slack", address="#operaciones")
BY_NAME = {"alertname": "DatabaseDown"}


def add_routes(road: Road, *routes: Route) -> None:
    catalog = road.worker.catalog
    road.worker.catalog = replace(catalog, routes=(*routes, *catalog.routes))


def route(matcher: str, *, wakes: bool = False) -> Route:
    return Route(
        name=matcher.split("=", maxsplit=1)[0],
        matchers=(parse_matcher(matcher),),
        policy=PolicyId("plataforma") if wakes else None,
        channels=() if wakes else (INFORMED,),
    )


async def timeline(road: Road, number: int = 1) -> str:
    return str([row["text"] for row in (await road.show(number))["timeline"]])


@pytest.fixture
def production_only(road: Road) -> Road:
    add_routes(road, route('environment!="prod"'))
    return road


async def test_prod_beside_dev_in_one_group_wakes_somebody(production_only: Road) -> None:
    both = firing(environment="dev"), firing(environment="prod")

    await production_only.receive(*both, groupLabels=BY_NAME)

    assert production_only.woken() == ["ana"]
    assert len(await production_only.incidents()) == 2


async def test_prod_that_joins_the_group_of_dev_wakes_somebody(production_only: Road) -> None:
    dev, prod = firing(environment="dev"), firing(environment="prod")
    await production_only.receive(dev, groupLabels=BY_NAME)
    await production_only.acknowledge(1, "Engineer ben")

    await production_only.receive(dev, prod, groupLabels=BY_NAME)

    assert production_only.woken() == ["ana"]


async def test_prod_of_another_group_with_the_same_labels_wakes_somebody(
    production_only: Road,
) -> None:
    for environment in ("dev", "prod"):
        await production_only.receive(
            firing(environment=environment), groupLabels=BY_NAME, groupKey=environment
        )

    assert production_only.woken() == ["ana"]


async def test_an_acknowledgement_in_one_region_is_none_in_another(road: Road) -> None:
    await road.receive(firing(region="north"), groupLabels=BY_NAME)
    await road.acknowledge(1, "Engineer ana")

    await road.receive(firing(region="north"), firing(region="south"), groupLabels=BY_NAME)

    assert road.woken() == ["ana", "ana"]


async def test_in_a_group_without_labels_each_alert_is_an_incident(road: Road) -> None:
    await road.receive(firing(service="casos"), groupLabels={})
    await road.acknowledge(1, "Engineer ana")

    await road.receive(firing(service="casos"), firing(service="pagos"), groupLabels={})

    assert road.woken() == ["ana", "ana"]
    assert [one["state"] for one in await road.incidents()] == ["triggered", "acknowledged"]


async def test_of_two_teams_in_one_incident_the_one_that_is_woken_decides(road: Road) -> None:
    add_routes(road, route('team="dba"', wakes=True), route('severity=~".+"'))

    await road.receive(firing(team="web"), firing(team="dba", instance="b"))

    assert road.woken() == ["ana"]
    told = await timeline(road)
    assert 'By DatabaseDown on b (critical): Route team is the first that matches: team="dba"' in (
        told
    )


async def test_an_alert_that_wakes_and_joins_without_a_rise_starts_the_policy(road: Road) -> None:
    add_routes(road, route('team="dba"', wakes=True), route('severity=~".+"'))
    await road.receive(firing(team="web"))
    assert road.woken() == []

    await road.receive(firing(team="web"), firing(team="dba"))

    assert road.woken() == ["ana"]


async def test_who_has_what_wakes_nobody_does_not_have_what_wakes(road: Road) -> None:
    add_routes(road, route('severity="medium"'), route('severity="page"', wakes=True))
    await road.receive(firing(severity="medium"))
    await road.acknowledge(1, "Engineer ben")

    await road.receive(firing(severity="medium"), firing(severity="page"))

    assert road.woken() == ["ana"]
    assert "Engineer ben had acknowledged what wakes nobody" in await timeline(road)


async def test_another_alert_does_not_wake_whoever_has_the_incident(road: Road) -> None:
    await road.receive(firing(instance="a"))
    await road.acknowledge(1, "Engineer ana")

    await road.receive(firing(instance="a"), firing(instance="b"))
    await road.pass_time(minutes(60))

    assert road.woken() == ["ana"]


async def test_when_what_wakes_is_over_nobody_else_is_woken(road: Road) -> None:
    add_routes(road, route('severity="low"'))
    await road.receive(firing(), firing(severity="low"))

    await road.receive(resolved(), firing(severity="low"))
    for _ in range(4):
        await road.pass_time(minutes(15))

    assert road.woken() == ["ana"]
    assert "no alert that goes on has a route that wakes people" in await timeline(road)


async def test_a_page_that_waits_is_dropped_when_what_wakes_is_over(road: Road) -> None:
    add_routes(road, route('severity="low"'))
    road.fakes.pagerduty.fail_next(1, status=503)
    await road.receive(firing(), firing(severity="low"))

    await road.receive(resolved(), firing(severity="low"), firing(severity="low", instance="b"))
    await road.pass_time(minutes(60))

    assert road.woken() == []


async def test_what_wakes_and_comes_back_wakes_again(road: Road) -> None:
    add_routes(road, route('severity="low"'))
    await road.receive(firing(), firing(severity="low"))
    await road.receive(resolved(), firing(severity="low"))

    again = firing() | {"startsAt": "2026-11-24T13:00:00Z"}
    await road.receive(again, firing(severity="low"))

    assert road.woken() == ["ana", "ana"]


async def test_each_rise_writes_a_mail_of_its_own(road: Road) -> None:
    every = Route(name="every", matchers=(), policy=None, channels=(MAILBOX,))
    add_routes(road, every)
    high = firing(severity="high")
    await road.receive(high)
    await road.receive(high, firing())
    await road.receive(high, resolved())

    await road.receive(high, firing() | {"startsAt": "2026-11-24T13:00:00Z"})

    subjects = [mail.subject for mail in road.fakes.smtp.mails]
    assert [subject.split()[2] for subject in subjects] == ["high:", "critical:", "critical:"]


async def test_what_was_cut_off_may_fire_so_somebody_is_woken(road: Road) -> None:
    await road.receive(resolved(), truncatedAlerts=5)

    assert road.woken() == ["ana"]
    assert "5 alerts were cut off and may fire" in await timeline(road)


async def test_a_severity_of_others_goes_where_what_it_counts_as_goes(road: Road) -> None:
    road.worker.catalog = replace(road.worker.catalog, severities={"page": Severity.CRITICAL})

    await road.receive(firing(severity="page"))

    assert road.woken() == ["ana"]
    assert "(page, which counts as critical)" in await timeline(road)


async def test_a_severity_that_nobody_mapped_goes_to_the_default_route(road: Road) -> None:
    road.worker.catalog = replace(road.worker.catalog, severities={"page": Severity.CRITICAL})

    await road.receive(firing(severity="urgent"))

    assert road.woken() == []
    assert "route default takes it" in await timeline(road)
