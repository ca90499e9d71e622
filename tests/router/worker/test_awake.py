"""Who says "I am awake": all of theirs is acknowledged, what comes next does not ring."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from guardia.matcher import parse_matcher
from router.escalation.storm import STORM_FROM
from router.oncall.model import PersonId
from router.store.audit import list_audit
from tests.router.making import minutes
from tests.router.road import Road, firing

HER = {"by": "Engineer ana"}
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def awake(road: Road, person: str = "ana", **body: Any) -> httpx.Response:
    """Say that somebody is awake, and do what is due."""
    asked = HER | (body or {"for": "1h"})
    response = await road.api("POST", f"/api/people/{person}/awake", json=asked)
    await road.worker.turn()
    return response


async def fire(road: Road, service: str, **labels: str) -> None:
    """Open an incident of its own."""
    await road.receive(firing(service=service, **labels), groupLabels={"service": service})


def mailed(road: Road, name: str = "ana") -> list[str]:
    mails = road.fakes.smtp.mails
    return [one.subject for one in mails if f"{name}@conecta360.example" in one.recipients]


async def rows(road: Road, number: int, kind: str = "paged") -> list[str]:
    return [one["text"] for one in (await road.show(number))["timeline"] if one["kind"] == kind]


async def test_all_that_paged_her_is_hers_and_the_next_one_does_not_ring(road: Road) -> None:
    await fire(road, "casos")
    await fire(road, "pagos")
    await fire(road, "informes", severity="high")  # wakes nobody, so it is nobody's

    answer = await awake(road)

    assert answer.json() == {
        "person": "ana",
        "name": "Engineer ana",
        "until": (road.clock.now + timedelta(hours=1)).isoformat(),
        "acknowledged": [1, 2],
    }
    states = {one["number"]: one["state"] for one in await road.incidents()}
    assert states == {1: "acknowledged", 2: "acknowledged", 3: "triggered"}
    assert {alert.state for alert in road.fakes.pagerduty.alerts} == {"acknowledged"}

    await fire(road, "derivacion")

    assert road.woken() == ["ana", "ana"]
    assert len(mailed(road)) == 1
    assert (await rows(road, 4))[0].startswith(
        "Engineer ana is awake: told by email instead of a page."
    )


async def test_what_was_given_to_somebody_else_is_not_hers(road: Road) -> None:
    await fire(road, "casos")
    await road.api("POST", "/api/incidents/1/reassign", json={**HER, "person": "ben"})
    await road.worker.turn()

    answer = await awake(road)

    assert answer.json()["acknowledged"] == []
    assert (await road.show(1))["state"] == "triggered"


async def test_what_a_digest_told_her_is_hers_too(road: Road) -> None:
    for number in range(STORM_FROM + 2):
        await fire(road, f"service-{number}")
    await road.pass_time(minutes(1))

    answer = await awake(road)

    assert answer.json()["acknowledged"] == [*range(1, STORM_FROM + 3)]


async def test_who_does_not_answer_after_all_is_passed_over_in_time(road: Road) -> None:
    await awake(road)
    await fire(road, "casos")
    assert (road.woken(), len(mailed(road))) == ([], 1)

    await road.pass_time(minutes(14))
    assert road.woken() == []
    await road.pass_time(minutes(1))
    assert road.woken() == ["ben"]
    await road.pass_time(minutes(15))  # the last resort: both, and it rings

    assert sorted(road.woken()) == ["ana", "ben", "ben"]
    assert len(mailed(road)) == 1


async def test_told_of_it_before_she_is_rung_when_people_are_paged_anew(road: Road) -> None:
    await awake(road)
    await fire(road, "casos")
    await road.api("POST", "/api/incidents/1/snooze", json={"by": "Engineer ben", "for": "30m"})
    await road.pass_time(minutes(31))

    assert road.woken() == ["ana"]


async def test_a_rise_of_what_she_was_told_quietly_rings_at_once_and_once(road: Road) -> None:
    (critical, *routes) = road.worker.catalog.routes
    wakes_all = replace(critical, matchers=(parse_matcher('severity=~"critical|high"'),))
    road.worker.catalog = replace(road.worker.catalog, routes=(wakes_all, *routes))
    await awake(road)
    await fire(road, "casos", severity="high")
    assert (road.woken(), len(mailed(road))) == ([], 1)

    await fire(road, "casos")
    await fire(road, "casos", alertname="More")

    assert road.woken() == ["ana"]
    assert (await rows(road, 1))[-1].endswith("It has risen to critical since.")
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ben"]


async def test_what_a_person_asks_for_rings(road: Road) -> None:
    await awake(road, "ben")
    await fire(road, "casos")
    assert road.woken() == ["ana"]

    await road.api("POST", "/api/incidents/1/reassign", json={**HER, "person": "ben"})
    await road.worker.turn()

    assert road.woken() == ["ana", "ben"]


async def test_when_the_quiet_address_fails_it_rings_after_all(road: Road) -> None:
    await awake(road)
    with road.fakes.smtp.refusing_connections():
        await fire(road, "casos")
        for _ in range(4):
            await road.pass_time(timedelta(seconds=15))

    assert road.woken() == ["ana"]


async def test_it_ends_by_itself_and_at_once_when_she_says_so(road: Road) -> None:
    await awake(road)
    await road.pass_time(minutes(60))
    await fire(road, "casos")
    assert road.woken() == ["ana"]
    await awake(road)

    for was_awake in (True, False):
        answer = await road.api("POST", "/api/people/ana/awake/end", json=HER)
        assert answer.json()["was_awake"] is was_awake
    await fire(road, "pagos")

    assert road.woken() == ["ana", "ana"]
    entries = await road.store.read(lambda tx: list_audit(tx, limit=9))
    assert [one.entry.action for one in entries] == ["awake-end", "awake", "awake"]


async def test_what_comes_next_says_how_she_is_told(road: Road) -> None:
    await awake(road, **{"for": "4h"})
    await fire(road, "casos")

    steps = (await road.show(1))["next"]["steps"]

    assert [[page["channel"] for page in one["pages"]] for one in steps] == [
        ["pagerduty"],
        ["pagerduty", "pagerduty"],
    ]
    await awake(road, "ben")
    steps = (await road.show(1))["next"]["steps"]
    assert [page["channel"] for page in steps[0]["pages"]] == ["email"]


async def test_until_eight_is_by_her_clock(road: Road) -> None:
    people = road.worker.catalog.roster.people
    people[PersonId("ana")] = replace(people[PersonId("ana")], zone=ZoneInfo("Atlantic/Cape_Verde"))
    answer = await awake(road, until="21:00")

    assert datetime.fromisoformat(answer.json()["until"]).isoformat() == "2026-11-24T22:00:00+00:00"


@ON_SQLITE
@pytest.mark.parametrize(
    ("person", "body", "status", "sentence"),
    [
        ("ana", {"for": "13h"}, 422, "12 h at most"),
        ("ana", {"for": "0s"}, 422, "Say either"),
        ("ana", {"for": "soon"}, 422, "`for` how long"),
        ("ana", {"until": "11:00"}, 422, "12 h at most"),
        ("ana", {"until": "25:00"}, 422, "`until` when"),
        ("ana", {"until": "8"}, 422, "`until` when"),
        ("ana", {"until": "18:00", "for": "1h"}, 422, "Say either"),
        ("ana", {"by": "x"}, 422, "Say either"),
        ("ana", {"by": "", "for": "1h"}, 422, "`by` must be"),
        ("anna", {"for": "1h"}, 404, "Did you mean ana?"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_changes(
    road: Road, person: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = await awake(road, person, **body)

    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
    await fire(road, "casos")
    assert road.woken() == ["ana"]


@ON_SQLITE
async def test_a_stranger_cannot_put_anybody_to_silence(road: Road) -> None:
    for path in ("/api/people/ana/awake", "/api/people/ana/awake/end"):
        answer = await road.client.post(path, json=HER | {"for": "1h"})
        assert answer.status_code == 401
