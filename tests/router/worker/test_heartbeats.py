"""Heartbeats on the whole road: one that comes opens nothing, one that stays away pages (G10)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guardia.matcher import parse_matcher
from router.incident.heartbeat import Heartbeat
from tests.router.making import alert_body, minutes
from tests.router.road import Road, firing, open_road

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EVERY = timedelta(minutes=5)
WATCHDOG = Heartbeat(
    name="watchdog", matchers=(parse_matcher('alertname="Watchdog"'),), every=EVERY
)


def watch(road: Road, *heartbeats: Heartbeat) -> None:
    """Declare heartbeats in the road's catalog."""
    road.worker.take_up(replace(road.worker.catalog, heartbeats=heartbeats or (WATCHDOG,)))


async def beat(road: Road, **labels: str) -> None:
    """Send the Watchdog as Alertmanager repeats it: the same bytes each time."""
    body = alert_body("firing", alertname="Watchdog", severity="none", **labels)
    await road.receive(body, groupLabels={"alertname": "Watchdog"}, groupKey="watchdog")


async def work_for(road: Road, length: timedelta, *, beats: bool = False) -> None:
    """Let time pass as the running worker sees it, with a look every 20 seconds."""
    until = road.clock.now + length
    while road.clock.now < until:
        await road.pass_time(min(timedelta(seconds=20), until - road.clock.now))
        if beats:
            await beat(road)


@asynccontextmanager
async def restarted(road: Road, name: str) -> AsyncIterator[Road]:
    """Open the same router once more: after its end a restart, before it a second replica."""
    async with open_road(
        road.settings.secrets_dir, road.settings.database, road.fakes, road.clock, name=name
    ) as opened:
        watch(opened)
        yield opened


def titles(incidents: list[dict[str, Any]]) -> list[str]:
    return [f"{one['title']}: {one['state']}" for one in incidents]


async def test_one_that_comes_opens_nothing_and_one_that_stops_pages_once(road: Road) -> None:
    watch(road)
    await work_for(road, minutes(20), beats=True)
    assert await road.incidents() == []

    await work_for(road, minutes(4))
    assert road.woken() == []
    await work_for(road, minutes(2))
    assert road.woken() == ["ana"]
    assert titles(await road.incidents()) == [
        "The heartbeat watchdog did not come for 5m: triggered"
    ]
    # Nobody answers: the escalation goes on as for any incident, and stays one incident.
    await work_for(road, minutes(16))
    assert road.woken() == ["ana", "ben"]
    assert len(await road.incidents()) == 1


async def test_when_it_comes_again_the_incident_is_over(road: Road) -> None:
    watch(road)
    await work_for(road, minutes(6))
    assert road.woken() == ["ana"]

    await beat(road)
    await road.worker.turn()

    (incident,) = await road.incidents()
    assert incident["state"] == "resolved"
    assert await road.metric('guardia_heartbeat_missing{heartbeat="watchdog"}') == "0.0"


async def test_the_same_bytes_again_are_a_sign_of_life_each_time(road: Road) -> None:
    """Alertmanager repeats a Watchdog unchanged: for incidents that is a copy, here it counts."""
    watch(road)
    for _ in range(8):
        await beat(road)
        await work_for(road, minutes(2))
    assert await road.incidents() == []


async def test_what_stands_beside_a_heartbeat_is_routed_as_ever(road: Road) -> None:
    watch(road)
    await road.receive(alert_body("firing", alertname="Watchdog", severity="none"), firing())
    assert road.woken() == ["ana"]
    (alert,) = (await road.show(1))["alerts"]
    assert alert["labels"]["alertname"] == "DatabaseDown"


async def test_after_an_outage_of_the_router_it_has_its_whole_time_again(road: Road) -> None:
    watch(road)
    await beat(road)
    road.clock.advance(timedelta(hours=3))

    async with restarted(road, "next") as again:
        await work_for(again, EVERY - minutes(1))
        assert again.woken() == []
        await work_for(again, minutes(1.5))
        assert again.woken() == ["ana"]


async def test_after_an_outage_of_the_store_too(road: Road) -> None:
    """No look succeeded for a while, so no notification could have been stored either."""
    watch(road)
    await work_for(road, minutes(2), beats=True)
    road.clock.advance(minutes(30))
    await road.worker.turn()
    assert road.woken() == []
    await work_for(road, EVERY + minutes(1))
    assert road.woken() == ["ana"]


async def test_a_restart_while_it_is_missing_pages_nobody_again_and_ends_nothing(
    road: Road,
) -> None:
    watch(road)
    await work_for(road, minutes(6))
    assert road.woken() == ["ana"]
    await road.acknowledge(1, "Engineer ana")

    async with restarted(road, "next") as again:
        await work_for(again, minutes(12))
        assert titles(await again.incidents()) == [
            "The heartbeat watchdog did not come for 5m: acknowledged"
        ]
        assert again.woken() == ["ana"]


async def test_two_replicas_open_one_incident(road: Road) -> None:
    watch(road)
    async with restarted(road, "replica-2") as other:
        until = road.clock.now + minutes(8)
        while road.clock.now < until:
            await road.pass_time(timedelta(seconds=20))
            await other.worker.turn()
    assert len(await road.incidents()) == 1
    assert road.woken() == ["ana"]


async def test_replicas_that_look_at_the_same_instant_do_not_disturb_each_other(
    road: Road,
) -> None:
    """Also at the very first look, when both begin to wait for it."""
    watch(road)
    async with restarted(road, "replica-2") as other:
        for _ in range(18):
            await asyncio.gather(road.worker.turn(), other.worker.turn())
            road.clock.advance(timedelta(seconds=20))
    assert len(await road.incidents()) == 1
    assert road.woken() == ["ana"]


@ON_SQLITE
async def test_an_incident_from_before_it_was_declared_ends(road: Road) -> None:
    await beat(road, environment="prod")
    assert [one["state"] for one in await road.incidents()] == ["triggered"]

    watch(road)
    await road.pass_time(minutes(11))
    await beat(road, environment="prod")

    assert [one["state"] for one in await road.incidents()] == ["resolved"]


@ON_SQLITE
async def test_routes_see_the_labels_that_the_catalog_gives_it(road: Road) -> None:
    labels = {"environment": "prod", "team": "plataforma"}
    watch(road, replace(WATCHDOG, labels=labels))
    await work_for(road, minutes(6))
    (alert,) = (await road.show(1))["alerts"]
    assert labels.items() <= alert["labels"].items()


@ON_SQLITE
async def test_taken_out_of_the_catalog_while_missing_it_ends_after_an_hour(road: Road) -> None:
    watch(road)
    await work_for(road, minutes(6))
    road.worker.take_up(replace(road.worker.catalog, heartbeats=()))
    await work_for(road, minutes(50))
    assert [one["state"] for one in await road.incidents()] == ["triggered"]
    await work_for(road, minutes(15))
    assert [one["state"] for one in await road.incidents()] == ["resolved"]
    assert await road.metric('guardia_heartbeat_missing{heartbeat="watchdog"}') == "absent"


@ON_SQLITE
async def test_declared_again_it_has_its_whole_time(road: Road) -> None:
    other = replace(WATCHDOG, name="other", matchers=(parse_matcher('alertname="Other"'),))
    watch(road, WATCHDOG, replace(other, every=timedelta(days=1)))
    await beat(road)
    watch(road, replace(other, every=timedelta(days=1)))
    await work_for(road, minutes(10))

    watch(road, WATCHDOG, replace(other, every=timedelta(days=1)))
    await work_for(road, minutes(4))
    assert road.woken() == []
    await work_for(road, minutes(2))
    assert road.woken() == ["ana"]


@ON_SQLITE
async def test_metrics_tell_when_each_was_last_seen(road: Road) -> None:
    watch(road)
    await road.worker.turn()
    seen = 'guardia_heartbeat_last_seen_timestamp_seconds{heartbeat="watchdog"}'
    assert await road.metric(seen) == "0.0"
    await beat(road)
    at = road.clock.now.timestamp()
    await work_for(road, minutes(6))
    assert float(await road.metric(seen)) == at
    assert await road.metric('guardia_heartbeat_missing{heartbeat="watchdog"}') == "1.0"
    assert float(await road.metric("guardia_webhook_last_timestamp_seconds")) == at
