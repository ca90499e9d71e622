"""Whoever has an incident has what they were told of: what is news in it wakes people."""

from dataclasses import replace
from typing import Any

from guardia.matcher import parse_matcher
from tests.router.making import minutes
from tests.router.road import Road, firing, resolved


def wake_for_high(road: Road) -> None:
    """Let what is high wake people too."""
    catalog = road.worker.catalog
    critical, *others = catalog.routes
    both = replace(critical, matchers=(parse_matcher('severity=~"critical|high"'),))
    road.worker.catalog = replace(catalog, routes=(both, *others))


def now(road: Road, field: str) -> dict[str, Any]:
    return {field: road.clock.now.isoformat()}


async def test_a_rise_that_was_only_known_by_its_end_wakes_people_when_it_comes_back(
    road: Road,
) -> None:
    wake_for_high(road)
    stays = firing(severity="high")
    await road.receive(stays)
    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(5))
    # It fired and ended between two flushes: nobody was told of it.
    brief = {"startsAt": "2026-11-24T12:02:00Z", "endsAt": "2026-11-24T12:04:00Z"}
    await road.receive(stays, resolved() | brief)
    await road.pass_time(minutes(5))

    await road.receive(stays, firing() | {"startsAt": "2026-11-24T12:09:00Z"})

    assert road.woken() == ["ana", "ana"]
    assert (await road.show(1))["state"] == "triggered"


async def test_a_rise_whose_end_is_told_twice_is_still_one_that_somebody_has(road: Road) -> None:
    wake_for_high(road)
    stays = firing(severity="high")
    await road.receive(stays, firing())
    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(5))
    over = resolved() | {"endsAt": "2026-11-24T12:04:00Z"}
    await road.receive(stays, over)
    await road.receive(stays, over, firing(severity="low"))
    await road.pass_time(minutes(5))

    await road.receive(stays, firing() | now(road, "startsAt"))

    assert road.woken() == ["ana"]


async def test_what_somebody_has_stays_theirs_when_it_comes_and_goes_between_two_flushes(
    road: Road,
) -> None:
    """One short episode, told only by its end, makes nothing unknown that was known."""
    wake_for_high(road)
    stays = firing(severity="high")
    await road.receive(stays, firing())
    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(5))
    await road.receive(stays, resolved() | {"endsAt": "2026-11-24T12:04:00Z"})
    await road.pass_time(minutes(2))
    brief = {"startsAt": "2026-11-24T12:05:30Z", "endsAt": "2026-11-24T12:06:00Z"}
    await road.receive(stays, resolved() | brief)
    await road.pass_time(minutes(2))

    await road.receive(stays, firing() | now(road, "startsAt"))

    assert road.woken() == ["ana"]


async def test_what_is_held_open_and_comes_back_after_a_short_episode_is_not_another(
    road: Road,
) -> None:
    await held_open(road)
    await road.acknowledge(1, "Engineer ana")
    woken = len(road.woken())
    began = now(road, "startsAt")
    await road.pass_time(minutes(1))
    await road.receive(resolved() | began | now(road, "endsAt"))
    await road.pass_time(minutes(1))

    await road.receive(firing() | now(road, "startsAt"))

    assert road.woken()[woken:] == []
    assert (await road.show(1))["state"] == "acknowledged"


async def held_open(road: Road) -> None:
    """Let an alert come and go three times, so that its last end is not believed at once."""
    for _ in range(3):
        await road.receive(firing() | now(road, "startsAt"))
        await road.pass_time(minutes(1))
        await road.receive(resolved() | now(road, "endsAt"))
        await road.pass_time(minutes(2))


async def test_another_alert_in_what_is_held_open_wakes_whoever_has_it(road: Road) -> None:
    await held_open(road)
    await road.acknowledge(1, "Engineer ana")
    woken = len(road.woken())
    await road.pass_time(minutes(8))

    await road.receive(firing(alertname="DiskFull") | now(road, "startsAt"))

    assert road.woken()[woken:] == ["ana"]
    shown = await road.show(1)
    assert shown["state"] == "triggered"
    assert any("is another alert" in row["text"] for row in shown["timeline"])


async def test_another_alert_in_what_is_held_open_wakes_at_once_whoever_has_not_answered(
    road: Road,
) -> None:
    await held_open(road)
    woken = len(road.woken())
    await road.pass_time(minutes(8))

    await road.receive(firing(alertname="DiskFull") | now(road, "startsAt"))

    assert road.woken()[woken:] == ["ana"]
