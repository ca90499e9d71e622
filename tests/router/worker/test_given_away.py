"""Whom a person gave an incident to has it, whatever routes say of it, until it gets worse."""

from typing import Any

from tests.router.making import minutes
from tests.router.road import Road, firing, resolved


async def give(road: Road, to: str) -> None:
    await say(road, "reassign", by="Engineer ana", person=to)


async def say(road: Road, what: str, **body: Any) -> None:
    response = await road.api("POST", f"/api/incidents/1/{what}", json=body)
    assert response.status_code == 200, response.text
    await road.worker.turn()


async def test_a_companion_that_fires_does_not_wake_who_gave_it_away(road: Road) -> None:
    await road.receive(firing())
    await give(road, "ben")

    await road.receive(firing(), firing(instance="b"))

    assert road.woken() == ["ana", "ben"]
    await road.pass_time(minutes(15))
    assert sorted(road.woken()[2:]) == ["ana", "ben"]  # the policy's last resort


async def test_something_worse_begins_the_policy_of_its_route(road: Road) -> None:
    await road.receive(firing(severity="high"))
    await give(road, "ben")

    await road.receive(firing(severity="high"), firing())

    assert road.woken() == ["ben", "ana"]


async def test_a_companion_that_ends_does_not_end_the_escalation(road: Road) -> None:
    """What nobody is woken for by its route, somebody was woken for all the same."""
    await road.receive(firing(severity="high"), firing(severity="high", instance="b"))
    await give(road, "ben")

    await road.receive(resolved(severity="high"), firing(severity="high", instance="b"))
    await road.pass_time(minutes(15))

    assert road.woken() == ["ben", "ben"]


async def test_who_was_given_it_and_snoozes_it_is_paged_when_that_ends(road: Road) -> None:
    await road.receive(firing())
    await give(road, "ben")
    await say(road, "snooze", by="Engineer ben", **{"for": "30m"})

    await road.pass_time(minutes(30))

    assert road.woken() == ["ana", "ben", "ben"]


async def test_a_snooze_of_what_no_route_wakes_people_for_ends_too(road: Road) -> None:
    await road.receive(firing(severity="high"))
    await give(road, "ben")
    await say(road, "snooze", by="Engineer ben", **{"for": "30m"})
    told = (await road.show(1))["next"]

    await road.pass_time(minutes(30))

    assert road.woken() == ["ben", "ben"]
    assert "people are paged anew" in str(told)
