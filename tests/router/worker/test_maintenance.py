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


async def test_whose_time_of_being_awake_ends_in_it_is_rung_at_its_end_and_once(road: Road) -> None:
    asked = {"by": "Engineer ana", "for": "10m"}
    await road.api("POST", "/api/people/ana/awake", json=asked)
    await road.receive(firing(service="casos"))
    announce(road, replace(CASOS, lasts=timedelta(hours=2)))  # from now until an hour later
    await road.pass_time(minutes(30))
    await road.pass_time(minutes(29))
    assert road.woken() == []

    await road.pass_time(minutes(1))
    await road.pass_time(minutes(1))

    assert sorted(road.woken()) == ["ana", "ben"], "ben by the step that waited"
    await road.pass_time(minutes(1))
    assert road.woken().count("ana") == 1


async def test_who_says_in_it_to_be_awake_no_more_is_rung_at_its_end(road: Road) -> None:
    asked = {"by": "Engineer ana", "for": "4h"}
    await road.api("POST", "/api/people/ana/awake", json=asked)
    await road.receive(firing(service="casos"))
    announce(road, replace(CASOS, lasts=timedelta(hours=2)))
    await road.api("POST", "/api/people/ana/awake/end", json={"by": "Engineer ana"})
    await road.pass_time(minutes(59))
    assert road.woken() == []

    await road.pass_time(minutes(2))

    assert sorted(road.woken()) == ["ana", "ben"]
