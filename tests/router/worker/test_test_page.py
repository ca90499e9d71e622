"""A test page takes the real road to every address of one person, and ends by itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.router.making import minutes
from tests.router.road import Fakes, HandClock, Road, firing, open_road


async def ask(road: Road, person: str = "ana", by: str = "Engineer ben") -> Any:
    answer = await road.api("POST", f"/api/people/{person}/test-page", json={"by": by})
    assert answer.status_code == 201, answer.text
    await road.worker.turn()
    return answer.json()


async def pages(road: Road, number: int) -> list[tuple[str, str]]:
    shown = await road.show(number)
    return [(one["channel"], one["state"]) for one in shown["messages"] if one["kind"] == "page"]


async def test_every_address_gets_it_and_nobody_else_is_told(road: Road) -> None:
    asked = await ask(road)

    assert asked == {"incident": 1, "person": "ana", "name": "Engineer ana"}
    assert await pages(road, 1) == [("pagerduty", "sent"), ("email", "sent")]
    assert road.woken() == ["ana"]
    (page,) = road.fakes.pagerduty.pages
    assert page.dedup_key == "test/1/test.1/ana"
    assert "Test page for Engineer ana, asked for by Engineer ben: nothing is wrong" in page.summary
    (mail,) = road.fakes.smtp.mails
    assert "Test page for Engineer ana" in mail.subject
    assert road.fakes.slack.messages == ()


async def test_it_escalates_to_nobody_and_ends_after_ten_minutes(road: Road) -> None:
    await ask(road)
    await road.pass_time(minutes(9))
    assert (await road.show(1))["state"] == "triggered"

    await road.pass_time(minutes(1))

    assert (await road.show(1))["state"] == "resolved"
    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["resolved"]
    await road.pass_time(minutes(600))
    assert road.woken() == ["ana"]


@pytest.mark.parametrize("given", ["nothing", "reassigned", "snoozed"])
async def test_whatever_people_answer_it_wakes_nobody_by_the_default_routes_policy(
    road: Road, given: str
) -> None:
    catalog = road.worker.catalog
    policy = next(iter(catalog.policies))
    routes = tuple(replace(one, policy=policy) for one in catalog.routes)
    road.worker.catalog = replace(catalog, routes=routes)
    await ask(road, "ben")
    by = {"by": "Engineer ben"}
    if given == "reassigned":
        await road.api("POST", "/api/incidents/1/reassign", json=by | {"person": "ben"})
    if given == "snoozed":
        await road.api("POST", "/api/incidents/1/snooze", json=by | {"for": "2m"})
    await road.worker.turn()

    refused = await road.api("POST", "/api/incidents/1/escalate", json=by)

    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("This is a test page")
    await road.pass_time(minutes(3))
    await road.pass_time(minutes(60))
    assert set(road.woken()) == {"ben"}
    assert (await road.show(1))["state"] == "resolved"


async def test_who_asked_is_in_the_timeline_and_it_can_be_acknowledged(road: Road) -> None:
    await ask(road)
    texts = [row["text"] for row in (await road.show(1))["timeline"]]
    assert any(
        "pagerduty ana, email ana@conecta360.example" in text and "Engineer ben asked for" in text
        for text in texts
    )

    await road.acknowledge(1, "Engineer ana")
    await road.worker.turn()
    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["acknowledged"]

    await road.pass_time(minutes(10))
    assert (await road.show(1))["state"] == "resolved"
    assert [alert.state for alert in road.fakes.pagerduty.alerts] == ["resolved"]


async def test_an_address_that_fails_is_told_and_the_others_are_paged_once(road: Road) -> None:
    road.settings.secrets_dir.joinpath("pagerduty-ana").unlink()

    await ask(road)
    await road.pass_time(minutes(1))

    assert await pages(road, 1) == [("pagerduty", "pending"), ("email", "sent")]
    assert len(road.fakes.smtp.mails) == 1
    first = (await road.show(1))["messages"][0]
    assert first["reason"] == "credentials"
    await road.pass_time(minutes(9))
    assert await pages(road, 1) == [("pagerduty", "dropped"), ("email", "sent")]


async def test_a_second_test_waits_a_minute_and_ends_the_first(road: Road) -> None:
    await ask(road)
    refused = await road.api("POST", "/api/people/ana/test-page", json={"by": "Engineer ben"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert "less than a minute ago" in refused.json()["detail"]
    assert (await ask(road, "ben"))["incident"] == 2

    road.clock.advance(minutes(1))
    assert (await ask(road))["incident"] == 3
    assert [one["state"] for one in await road.incidents()] == [
        "triggered",
        "triggered",
        "resolved",
    ]

    await road.pass_time(minutes(9))  # the end of the first is due
    assert (await road.show(3))["state"] == "triggered"
    await road.pass_time(minutes(1))
    assert (await road.show(3))["state"] == "resolved"
    assert {alert.state for alert in road.fakes.pagerduty.alerts} == {"resolved"}
    assert road.woken() == ["ana", "ben", "ana"]


async def test_after_a_restart_it_ends_all_the_same(
    road: Road, secrets_dir: Path, database_url: str, fakes: Fakes, clock: HandClock
) -> None:
    await ask(road)
    road.store.close()

    async with open_road(secrets_dir, database_url, fakes, clock, name="replica-2") as restarted:
        await restarted.pass_time(minutes(10))
        assert (await restarted.show(1))["state"] == "resolved"
        assert [alert.state for alert in fakes.pagerduty.alerts] == ["resolved"]
        assert restarted.woken() == ["ana"]


async def test_a_test_and_a_real_incident_leave_each_other_alone(road: Road) -> None:
    await ask(road)
    await road.receive(firing())

    assert [one["number"] for one in await road.incidents()] == [2, 1]
    await road.pass_time(minutes(10))
    assert [one["state"] for one in await road.incidents()] == ["triggered", "resolved"]
    await road.pass_time(minutes(5))
    assert road.woken() == ["ana", "ana", "ben"]


async def test_who_is_not_there_or_has_no_address_is_refused(road: Road) -> None:
    unknown = await road.api("POST", "/api/people/anna/test-page", json={"by": "x"})
    assert unknown.status_code == 404
    assert unknown.json()["detail"] == "The catalog has no such person. Did you mean ana?"

    for body, status in (
        (b"", 422),
        (b"{}", 422),
        (b'{"by": ""}', 422),
        (b'{"by": "a\\nb"}', 422),
        (b'{"by": "x", "y": 1}', 400),
    ):
        answer = await road.api("POST", "/api/people/ana/test-page", content=body)
        assert answer.status_code == status
    stranger = await road.client.post("/api/people/ana/test-page", json={"by": "x"})
    assert stranger.status_code == 401
    assert road.woken() == []
    assert await road.incidents() == []
