"""Announced maintenance holds back what it covers, for as long as it covers it."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from guardia.maintenance import Maintenance
from router.incident.mute import Announcements
from tests.router.making import NOON, minutes
from tests.router.road import Road, firing


def announce(road: Road, *announced: Maintenance) -> None:
    known = Announcements(announced=announced)
    road.worker.catalog = replace(road.worker.catalog, maintenance=known)


CASOS = Maintenance(
    name="pool-upgrade",
    services=("casos",),
    environments=(),
    zone=ZoneInfo("UTC"),
    days=NOON.date(),
    begins=time(11, 0),
    lasts=timedelta(hours=3),
)


async def test_what_is_called_off_wakes_people_within_a_minute(road: Road) -> None:
    announce(road, CASOS)
    await road.receive(firing(service="casos"))
    await road.pass_time(minutes(30))
    assert road.woken() == []

    announce(road)
    await road.pass_time(minutes(1))

    assert road.woken() == ["ana"]


async def test_an_alert_that_it_does_not_cover_joins_and_wakes_people_within_a_minute(
    road: Road,
) -> None:
    announce(road, CASOS)
    await road.receive(firing(service="casos"))
    await road.receive(firing(service="casos"), firing(service="usuarios"))

    await road.pass_time(minutes(1))

    assert road.woken() == ["ana"]


async def test_it_is_on_the_timeline_once_however_long_it_lasts(road: Road) -> None:
    announce(road, CASOS)
    await road.receive(firing(service="casos"))

    for _ in range(30):
        await road.pass_time(minutes(1))

    rows = (await road.show(1))["timeline"]
    assert len([row for row in rows if "pool-upgrade" in row["text"]]) == 1
