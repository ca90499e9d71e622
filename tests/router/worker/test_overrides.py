"""An override made at run time changes whom the next step wakes, and cancelling it changes back."""

from dataclasses import replace
from typing import Any

import pytest

from router.oncall.model import PersonId
from router.routing import PolicyId
from tests.router.making import minutes, person, policy, roster, schedule, step
from tests.router.road import Road, firing

FROM_NOON = {"from": "2026-11-24T12:00:00Z", "until": "2026-11-25T12:00:00Z"}


@pytest.fixture(autouse=True)
def by_schedule(road: Road) -> None:
    """Three steps wake whoever `primary` has; that is Ana, all week."""
    waking = policy(
        *(step(schedules=["primary"]) for _ in range(3)), last_resort=step(people=["ana"])
    )
    catalog = road.worker.catalog
    road.worker.catalog = replace(
        catalog,
        policies={PolicyId("plataforma"): waking},
        roster=roster(
            *catalog.roster.people.values(), schedules=[schedule("primary", "ana", "ben")]
        ),
    )


async def take_over(road: Road, who: str = "ben", **fields: str) -> int:
    body = {"schedule": "primary", "person": who, "by": "Engineer ana", **FROM_NOON, **fields}
    answer = await road.api("POST", "/api/overrides", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


async def cancel(road: Road, number: int) -> None:
    body = {"by": "Engineer ben"}
    answer = await road.api("POST", f"/api/overrides/{number}/cancel", json=body)
    assert answer.status_code == 200, answer.text


async def reasons(road: Road) -> list[str]:
    """Return why each page was sent, in order."""
    shown: list[dict[str, Any]] = (await road.show(1))["messages"]
    return [one["because"] for one in shown if one["kind"] == "page"]


async def test_the_next_step_wakes_who_took_over_and_after_the_cancelling_who_had_it(
    road: Road,
) -> None:
    await road.receive(firing())
    number = await take_over(road, reason="a train")
    await road.pass_time(minutes(15))
    await cancel(road, number)
    await road.pass_time(minutes(15))

    assert road.woken() == ["ana", "ben", "ana"]
    first, second, third = await reasons(road)
    assert first.endswith("(rotation of primary).")
    assert second == (
        "Step 2 of policy plataforma pages schedule primary: Engineer ben has the shift"
        " from Tue 2026-11-24 11:00 Atlantic/Cape_Verde to Wed 2026-11-25 11:00 Atlantic/Cape_Verde"
        " (override 1 of primary, made at run time by Engineer ana: a train)."
    )
    assert "Engineer ana has the shift from Tue 2026-11-24 11:15" in third
    assert third.endswith("(rotation of primary).")


async def test_it_counts_from_its_beginning_to_its_end_and_no_longer(road: Road) -> None:
    await take_over(road, **{"from": "2026-11-24T12:10:00Z", "until": "2026-11-24T12:30:00Z"})

    await road.receive(firing())
    await road.pass_time(minutes(15))
    await road.pass_time(minutes(15))

    assert road.woken() == ["ana", "ben", "ana"]


async def test_people_are_told_that_who_took_over_is_the_next(road: Road) -> None:
    await take_over(road, **{"from": "2026-11-24T12:10:00Z"})

    await road.receive(firing())

    _announcement, notice = road.fakes.slack.messages
    assert "Engineer ben" in str(notice.blocks)


async def test_where_todays_policy_begins_instead_it_counts_too(road: Road) -> None:
    catalog = road.worker.catalog
    gone = replace(
        catalog,
        policies={
            PolicyId("plataforma"): policy(
                step(people=["ana"]), last_resort=step(people=["left-the-team"])
            )
        },
    )
    road.worker.catalog = gone
    await road.receive(firing())
    road.worker.catalog = catalog
    await take_over(road)

    await road.pass_time(minutes(15))

    assert road.woken() == ["ana", "ben"]
    assert "override 1 of primary" in (await reasons(road))[-1]


async def test_one_whose_person_has_left_the_catalog_holds_no_page_up(road: Road) -> None:
    await take_over(road)
    catalog = road.worker.catalog
    left = {PersonId("ana"): person("ana")}
    road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=left))

    await road.receive(firing())

    assert road.woken() == ["ana"]
