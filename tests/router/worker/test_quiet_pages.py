"""What rings somebody who is awake after all: what is news to them, once, and nobody else."""

from dataclasses import replace
from datetime import timedelta

from router.escalation.storm import STORM_FROM
from router.message.model import MessageKind
from tests.router.making import minutes, step
from tests.router.road import Road, firing
from tests.router.worker.test_answers import say, use_policy
from tests.router.worker.test_awake import awake, fire, mailed, pages
from tests.router.worker.test_taken import wake_for_high

MILDER = {"severity": "high"}


async def rise(road: Road, service: str = "casos") -> None:
    """Let an incident's milder alert go on and a critical one join it."""
    both = firing(service=service, **MILDER), firing(service=service)
    await road.receive(*both, groupLabels={"service": service})


def put_first(road: Road, name: str) -> None:
    """Let somebody else be whom the first step names."""
    (plataforma,) = road.worker.catalog.policies.values()
    use_policy(road, replace(plataforma, steps=(step(people=[name]), *plataforma.steps[1:])))


async def test_a_rise_rings_nobody_who_gave_it_away(road: Road) -> None:
    wake_for_high(road)
    await awake(road)
    await fire(road, "casos", **MILDER)
    await say(road, "reassign", person="ben")

    await rise(road)

    assert road.woken() == ["ben"]


async def test_a_rise_of_what_somebody_has_rings_who_is_first_now_and_nobody_else(
    road: Road,
) -> None:
    wake_for_high(road)
    await awake(road)
    await fire(road, "casos", **MILDER)
    await say(road, "ack", by="Engineer ben")
    put_first(road, "ben")

    await rise(road)

    assert road.woken() == ["ben"]


async def test_a_rise_of_what_somebody_has_rings_once_who_was_told_quietly(road: Road) -> None:
    wake_for_high(road)
    await awake(road)
    await fire(road, "casos", **MILDER)
    await say(road, "ack", by="Engineer ben")

    await rise(road)

    assert road.woken() == ["ana"]


async def test_a_storm_of_rises_is_gathered_as_any_other(road: Road) -> None:
    wake_for_high(road)
    await awake(road)
    services = [f"service-{number}" for number in range(STORM_FROM + 5)]
    for service in services:
        await fire(road, service, **MILDER)
    for _ in range(6):
        await road.pass_time(timedelta(seconds=10))

    for service in services:
        await rise(road, service)
    assert len(road.woken()) == STORM_FROM
    for _ in range(3):
        await road.pass_time(timedelta(seconds=20))

    assert len(road.woken()) == STORM_FROM + 1
    told_together = [
        page
        for number in range(1, len(services) + 1)
        for page in await pages(road, number)
        if page.message.address.channel == "pagerduty" and page.carried_by is not None
    ]
    assert len(told_together) == len(services) - STORM_FROM
    assert {page.message.kind for page in told_together} == {MessageKind.PAGE}


async def test_a_rise_rings_who_was_rung_for_the_milder_one_and_is_awake_since(road: Road) -> None:
    wake_for_high(road)
    await fire(road, "casos", **MILDER)
    await awake(road)
    assert (await road.show(1))["state"] == "acknowledged"

    await rise(road)

    assert road.woken() == ["ana", "ana"]
    assert mailed(road) == []


async def test_the_end_of_a_snooze_rings_who_was_rung_before_and_is_awake_since(road: Road) -> None:
    await fire(road, "casos")
    await awake(road, **{"for": "4h"})
    await say(road, "snooze", **{"for": "30m"})

    await road.pass_time(minutes(31))

    assert road.woken() == ["ana", "ana"]
    assert mailed(road) == []
