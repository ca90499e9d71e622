"""What cannot be understood reaches people: one incident, at most one word a minute (G3)."""

from dataclasses import replace

import pytest

from guardia.matcher import parse_matcher
from router.routing import Route
from tests.router.making import minutes, notification_body
from tests.router.road import WEBHOOK_TOKEN, Road, firing, open_road

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOURS = 60


async def reject(road: Road, body: bytes = b"{", *, agent: str = "Alertmanager/0.27.0") -> None:
    headers = {"Authorization": f"Bearer {WEBHOOK_TOKEN}", "User-Agent": agent}
    response = await road.client.post("/webhook", content=body, headers=headers)
    assert response.status_code == 400, response.text


async def told(road: Road, number: int = 1) -> list[str]:
    timeline = (await road.show(number))["timeline"]
    return [row["text"] for row in timeline if row["kind"] == "rejected"]


async def test_it_opens_an_incident_on_the_default_route_that_says_all(road: Road) -> None:
    await reject(road, b"[]")
    await road.worker.turn()

    shown = await road.show(1)
    assert shown["severity"] == "medium"
    assert shown["title"] == "A notification could not be understood and was not acted on"
    assert await told(road) == [
        "1 rejected, the last from 127.0.0.1 (Alertmanager/0.27.0): The body is not a JSON object."
    ]
    assert "goes to the default route, default." in str(shown["timeline"])
    (mail,) = road.fakes.smtp.mails
    assert "`guardia rejected`" in str(mail.message)
    assert road.woken() == []  # the default route of these tests informs only


@ON_SQLITE
async def test_no_matcher_takes_it_from_the_default_route(road: Road) -> None:
    *others, default = road.worker.catalog.routes
    greedy = Route(
        name="greedy", matchers=(parse_matcher('environment!="prod"'),), policy=None, channels=()
    )
    wakes = replace(default, policy=others[0].policy)
    road.worker.catalog = replace(road.worker.catalog, routes=(greedy, *others, wakes))

    await reject(road)
    await road.worker.turn()

    assert road.woken() == ["ana"]


async def test_further_ones_only_add_to_the_timeline_once_a_minute(road: Road) -> None:
    await reject(road)
    await road.worker.turn()
    for _ in range(90):  # one every two seconds
        await road.pass_time(minutes(1 / 30))
        await reject(road)
    await road.pass_time(minutes(1))

    assert len(await road.incidents()) == 1
    counts = [int(text.split(" ", 1)[0]) for text in await told(road)]
    assert sum(counts) == 91
    assert len(counts) <= 1 + 4
    (alert,) = (await road.show(1))["alerts"]
    assert alert["annotations"]["description"].startswith("Rejected so far: 91,")
    assert len(road.fakes.smtp.mails) == 1
    assert alert["starts_at"] == "2026-11-24T12:00:00+00:00"


async def test_several_before_the_first_look_are_one_incident(road: Road) -> None:
    for _ in range(3):
        await reject(road)
    await road.worker.turn()
    assert [text.split(",")[0] for text in await told(road)] == ["3 rejected"]


@ON_SQLITE
async def test_the_incident_stays_until_somebody_has_it_and_a_day_is_quiet(road: Road) -> None:
    await reject(road)
    await road.worker.turn()
    await road.pass_time(minutes(72 * HOURS))
    assert (await road.show(1))["state"] == "triggered"

    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(10))
    await reject(road)
    await road.pass_time(minutes(23 * HOURS))
    assert (await road.show(1))["state"] == "acknowledged"

    await road.pass_time(minutes(26 * HOURS))
    assert (await road.show(1))["state"] == "resolved"
    assert (await told(road))[-1] == (
        "Nothing was rejected for 24 hours, and Engineer ana has seen it."
    )
    await road.pass_time(minutes(200 * HOURS))
    assert len(await road.incidents()) == 1
    assert await road.metric('guardia_waiting{queue="notifications"}') == "0.0"


@ON_SQLITE
async def test_after_the_end_the_next_one_is_a_new_incident_that_counts_anew(road: Road) -> None:
    await reject(road)
    await road.worker.turn()
    await road.acknowledge(1, "Engineer ana")
    await road.pass_time(minutes(25 * HOURS))

    await reject(road)
    await road.worker.turn()

    assert [one["state"] for one in await road.incidents()] == ["triggered", "resolved"]
    assert [text.split(",")[0] for text in await told(road, 2)] == ["1 rejected"]


async def test_what_was_rejected_before_a_crash_is_told_after_it(road: Road) -> None:
    await reject(road)  # and the process dies before the worker turns

    async with open_road(
        road.settings.secrets_dir, road.settings.database, road.fakes, road.clock, name="next"
    ) as restarted:
        await restarted.worker.turn()
        assert len(await told(restarted)) == 1


@ON_SQLITE
async def test_an_alert_of_that_name_by_a_sender_is_an_alert_like_any_other(road: Road) -> None:
    await road.receive(firing(alertname="NotificationRejected", severity="critical"))
    assert road.woken() == ["ana"]
    assert await told(road) == []


@ON_SQLITE
async def test_a_stranger_opens_nothing(road: Road) -> None:
    for body in (b"{", b"x" * (road.settings.max_body_bytes + 1), notification_body()):
        assert (await road.post(body, token="guess")).status_code == 401
    await road.worker.turn()

    assert await road.incidents() == []
    assert (await road.api("GET", "/api/rejected")).json()["rejected"] == []


@ON_SQLITE
async def test_what_the_sender_wrote_cannot_steer_what_people_read(road: Road) -> None:
    await reject(road, b'{"alerts": [], "status": "\\u001b[31m\\nx"}', agent="a\x1b[2Jb")
    await road.worker.turn()
    for text in (*await told(road), str((await road.show(1))["alerts"])):
        assert text.isprintable()
