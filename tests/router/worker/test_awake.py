"""Who says "I am awake": all of theirs is acknowledged, what comes next does not ring."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from guardia.matcher import parse_matcher
from router.escalation.storm import STORM_FROM
from router.message.model import MessageKind
from router.oncall.model import PersonId
from router.store.audit import list_audit
from router.store.backlog import record_set_back
from router.store.digests import lock_waiting_digest
from router.store.messages import StoredMessage, list_messages
from tests.router.making import minutes, notification_body
from tests.router.road import (
    HandClock,
    Road,
    firing,
    open_road,
    serving_fakes,
    write_secrets,
)

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


async def store(road: Road, service: str) -> None:
    """Keep a notification of an incident of its own, and do nothing about it."""
    body = notification_body(
        firing(service=service), groupKey=service, groupLabels={"service": service}
    )
    assert (await road.post(body)).status_code == 200


async def pages(road: Road, number: int) -> list[StoredMessage]:
    kinds = [MessageKind.PAGE]
    return await road.store.read(lambda tx: list_messages(tx, number, kinds=kinds))


async def awake_only(road: Road) -> httpx.Response:
    return await road.api("POST", "/api/people/ana/awake", json=HER | {"for": "1h"})


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
    actions = [one.entry.action for one in entries]
    assert actions == ["awake-end", "awake", "acknowledge", "awake"]


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


async def test_what_she_was_never_told_of_is_not_hers_and_is_told_quietly(road: Road) -> None:
    await fire(road, "casos")
    await store(road, "pagos")
    await road.worker.decide()  # its page is asked for, and nobody has sent it

    answer = await awake(road)

    assert answer.json()["acknowledged"] == [1]
    assert (await road.show(2))["state"] == "triggered"
    assert (road.woken(), len(mailed(road))) == (["ana"], 1)
    await road.pass_time(minutes(15))
    assert road.woken() == ["ana", "ben"]


async def test_what_nobody_accepts_is_not_hers_and_rings_when_somebody_does(road: Road) -> None:
    with road.fakes.pagerduty.refusing_connections():
        await fire(road, "casos")
        answer = await awake(road)

    assert answer.json()["acknowledged"] == []
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana"]


async def test_what_waits_in_a_digest_is_not_hers_and_comes_by_mail(road: Road) -> None:
    for number in range(STORM_FROM + 2):
        await fire(road, f"service-{number}")

    answer = await awake(road)
    await road.pass_time(minutes(1))

    assert answer.json()["acknowledged"] == [*range(1, STORM_FROM + 1)]
    assert road.woken() == ["ana"] * STORM_FROM
    assert len(mailed(road)) == 2


@pytest.mark.parametrize("says_so", [True, False])
async def test_at_the_end_it_rings_once_for_what_was_told_quietly_and_nobody_has(
    road: Road, says_so: bool
) -> None:
    await awake(road, **{"for": "10m"})
    await fire(road, "casos")
    await fire(road, "pagos")
    await road.acknowledge(2, "Engineer ben")
    assert road.woken() == []

    if says_so:
        await road.api("POST", "/api/people/ana/awake/end", json=HER)
        await road.worker.turn()
    else:
        await road.worker.turn()
        assert await road.worker.next_due() == road.clock.now + minutes(10)
        await road.pass_time(minutes(10))

    assert road.woken() == ["ana"]
    assert (await rows(road, 1))[-1].endswith("is not awake any more, and nobody has it.")
    await road.api("POST", "/api/people/ana/awake/end", json=HER)
    await road.pass_time(minutes(1))
    assert road.woken() == ["ana"]


async def test_at_the_end_a_storm_that_was_told_quietly_rings_as_a_storm(road: Road) -> None:
    await awake(road)
    for number in range(STORM_FROM + 4):
        await fire(road, f"service-{number}")

    await road.api("POST", "/api/people/ana/awake/end", json=HER)
    for _ in range(6):
        await road.pass_time(timedelta(seconds=10))

    assert road.woken() == ["ana"] * (STORM_FROM + 1)


async def test_what_was_given_to_somebody_else_does_not_ring_at_the_end(road: Road) -> None:
    await awake(road)
    await fire(road, "casos")
    await road.api("POST", "/api/incidents/1/reassign", json={**HER, "person": "ben"})
    await road.api("POST", "/api/people/ana/awake/end", json=HER)
    await road.worker.turn()

    assert road.woken() == ["ben"]


async def test_an_hour_is_an_hour_also_when_the_clock_is_set_back_meanwhile(road: Road) -> None:
    lead = timedelta(hours=5)
    await awake(road)
    await fire(road, "casos")
    await road.api("POST", "/api/incidents/1/snooze", json={"by": "Engineer ben", "for": "3h"})
    await fire(road, "pagos")
    road.clock.advance(-lead)
    await road.store.write(partial(record_set_back, lead=lead, now=road.clock.now))

    await road.pass_time(minutes(14))
    assert road.woken() == []
    await road.acknowledge(2, "Engineer ben")
    await road.pass_time(minutes(46))
    await fire(road, "informes")

    assert road.woken() == ["ana"]


async def test_a_quiet_digest_that_no_mailbox_takes_rings_as_a_quiet_page_does(road: Road) -> None:
    await awake(road)
    with road.fakes.smtp.refusing_connections():
        for number in range(STORM_FROM + 3):
            await store(road, f"service-{number}")
        await road.worker.turn()
        for _ in range(5):
            await road.pass_time(timedelta(seconds=10))

    assert road.woken() == ["ana"] * (STORM_FROM + 1)
    assert {one["state"] for one in await road.incidents()} == {"triggered"}


async def test_a_digest_that_rings_tells_nothing_that_is_told_quietly(road: Road) -> None:
    for number in range(STORM_FROM + 1):
        await store(road, f"service-{number}")
    await road.worker.turn()  # the last one waits in a digest for Ana's telephone
    page = (await pages(road, STORM_FROM + 1))[0]

    def ask(quiet: str) -> str | None:
        message = replace(page.message, dedup_key=page.message.dedup_key + quiet)
        found = road.store.read_now(lambda tx: lock_waiting_digest(tx, message))
        return None if found is None else found.message.dedup_key

    assert ask("") == f"{road.store.installation}/{STORM_FROM + 1}/digest.1/ana"
    assert ask("/awake") is None


async def test_who_says_it_of_another_is_told_and_kept(road: Road) -> None:
    await fire(road, "casos")
    await fire(road, "pagos")
    await awake(road, by="Night shift", **{"for": "1h"})

    for number in (1, 2):
        told = (await road.show(number))["timeline"]
        assert "Night shift says that Engineer ana is awake." in [one["text"] for one in told]
    entries = [one.entry for one in await road.store.read(lambda tx: list_audit(tx, limit=9))]
    assert [(one.actor, one.action, one.incident_number) for one in entries] == [
        ("Night shift", "awake", None),
        ("Night shift", "acknowledge", 2),
        ("Night shift", "acknowledge", 1),
    ]
    assert {one.address for one in entries} == {"127.0.0.1"}


@pytest.mark.parametrize(("role", "status"), [("responder", 403), ("administrator", 200)])
async def test_of_others_only_administrators_say_that_they_are_awake(
    road: Road, role: str, status: int
) -> None:
    await fire(road, "casos")
    asked = {"name": "Program", "role": role, "purpose": "api", "by": "x"}
    token = (await road.api("POST", "/api/tokens", json=asked)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}

    for path, body in (("awake", {"for": "1h"}), ("awake/end", {})):
        answer = await road.client.post(f"/api/people/ana/{path}", json=body, headers=headers)
        assert answer.status_code == status
    taken = (await road.show(1))["acknowledged_by"]
    assert taken == (None if status == 403 else "Engineer ana")


async def test_two_replicas_that_hear_it_at_once_both_keep_it(
    tmp_path: Path, database_url: str
) -> None:
    clock = HandClock()
    with ExitStack() as stack:
        fakes = serving_fakes(stack, clock)
        write_secrets(tmp_path)
        async with (
            open_road(tmp_path, database_url, fakes, clock) as one,
            open_road(tmp_path, database_url, fakes, clock, name="replica-2") as other,
        ):
            for number in range(4):
                await fire(one, f"service-{number}")
            said = (awake_only(road) for road in (one, other, one, other))
            answers = await asyncio.gather(*said)
            taken = [
                row for number in range(1, 5) for row in await rows(one, number, "acknowledged")
            ]

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(len(answer.json()["acknowledged"]) for answer in answers) == [0, 0, 0, 4]
    assert len(taken) == 4


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
        ("ana", {"for": "0s"}, 422, "`for` must be a length"),
        ("ana", {"for": "soon"}, 422, "`for` must be a length"),
        ("ana", {"until": "11:00"}, 422, "12 h at most"),
        ("ana", {"until": "25:00"}, 422, "`until` must be a time"),
        ("ana", {"until": "8"}, 422, "`until` must be a time"),
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
