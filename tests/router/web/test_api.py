"""The API under /api, health, metrics, and the ids of requests."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from router.channels.outcome import FailureReason
from router.store.store import VIEWERS
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import minutes
from tests.router.road import WEBHOOK_TOKEN, Road, firing, resolved

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/incidents"),
        ("GET", "/api/incidents/1"),
        ("POST", "/api/incidents/1/ack"),
        ("GET", "/api/rejected"),
        ("GET", "/api/rejected/1"),
    ],
)
async def test_a_stranger_sees_and_does_nothing(road: Road, method: str, path: str) -> None:
    await road.receive(firing())
    await road.post(b"DatabaseDown")

    for headers in ({}, {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}):
        answer = await road.client.request(
            method, path, headers=headers, json={"by": "x"} if method == "POST" else None
        )
        assert answer.status_code == 401
        assert "DatabaseDown" not in answer.text
    assert (await road.show(1))["state"] == "triggered"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b'{"by": ""}',
        b'{"by": "   "}',
        b'{"by": 7}',
        b'{"by": null}',
        b'{"by": "two\\nlines"}',
        b'{"by": "' + b"x" * 201 + b'"}',
        b'{"by": "' + b"x" * 20_000 + b'"}',
        b'{"by": "x", "other": 1}',
        b"\xff",
    ],
)
async def test_by_whom_is_needed_and_is_one_short_line(road: Road, body: bytes) -> None:
    await road.receive(firing())

    answer = await road.api("POST", "/api/incidents/1/ack", content=body)

    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await road.show(1))["state"] == "triggered"


async def test_the_first_to_acknowledge_stays_the_one(road: Road) -> None:
    await road.receive(firing())
    answers = await asyncio.gather(
        road.acknowledge(1, "Engineer ana"), road.acknowledge(1, "Engineer ben")
    )

    assert [answer.json()["acknowledged_by"] for answer in answers] == ["Engineer ana"] * 2
    texts = [row["text"] for row in (await road.show(1))["timeline"]]
    assert sum("acknowledged" in text for text in texts) == 2


async def test_acknowledging_what_is_over_changes_nothing(road: Road) -> None:
    await road.receive(firing())
    await road.receive(resolved())

    answer = await road.acknowledge(1, "Engineer ana")

    assert answer.json()["state"] == "resolved"
    await road.worker.turn()
    assert [one.action for one in road.fakes.pagerduty.accepted] == ["trigger", "resolve"]


@pytest.mark.parametrize("number", [2, 0, 10**30])
async def test_an_unknown_incident_is_404(road: Road, number: int) -> None:
    for answer in (
        await road.api("GET", f"/api/incidents/{number}"),
        await road.acknowledge(number, "Engineer ana"),
    ):
        assert answer.status_code == 404
        shown = number if number < 2**63 else "with that number"
        assert answer.json()["detail"] == f"There is no incident {shown}."


@pytest.mark.parametrize("number", ["1" * 5000, "x", "1"])
async def test_a_stranger_is_refused_before_the_number_is_read(road: Road, number: str) -> None:
    answer = await road.client.get(f"/api/incidents/{number}")
    assert answer.status_code == 401
    assert answer.headers["x-request-id"]


async def test_not_ready_without_a_token_file_or_a_writer(road: Road) -> None:
    assert (await road.client.get("/-/ready")).status_code == 200
    token = road.settings.webhook_token_file.read_bytes()
    road.settings.webhook_token_file.unlink()
    assert (await road.client.get("/-/ready")).status_code == 503
    road.settings.webhook_token_file.write_bytes(token)
    assert (await road.client.get("/-/ready")).status_code == 200

    road.store.close()
    assert (await road.client.get("/-/ready")).status_code == 503


async def test_metrics_are_shown_without_the_store_too(road: Road) -> None:
    assert await road.metric("guardia_store_up") == "1.0"
    assert await road.metric("guardia_waiting{") != "absent"
    road.store.close()

    assert (await road.client.get("/metrics")).status_code == 200
    assert await road.metric("guardia_store_up") == "0.0"
    assert await road.metric("guardia_waiting{") == "absent"
    assert await road.metric("guardia_open_incidents") == "absent"


async def test_metrics_wait_for_nobody_who_looks(road: Road) -> None:
    """Also not for those who wait for a disk that hangs, in the threads that all share."""
    release, looking = threading.Event(), threading.Semaphore(0)

    def look(*_: object) -> None:
        looking.release()
        assert release.wait(PATIENCE_SECONDS)

    loop, disk = asyncio.get_running_loop(), ThreadPoolExecutor(2)
    loop.set_default_executor(disk)
    viewers = [asyncio.create_task(road.store.read(look)) for _ in range(30)]
    hanging = [asyncio.create_task(asyncio.to_thread(look)) for _ in range(30)]
    try:
        with ThreadPoolExecutor(1) as own:
            for _ in range(VIEWERS + 2):
                assert await loop.run_in_executor(
                    own, partial(looking.acquire, timeout=PATIENCE_SECONDS)
                )

        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            assert await road.metric("guardia_store_up") == "1.0"
    finally:
        release.set()
    await asyncio.gather(*viewers, *hanging)


async def test_every_counter_begins_at_zero(road: Road) -> None:
    for outcome in ("accepted", "unauthorized", "unavailable", "disconnected"):
        row = f'guardia_webhook_posts_total{{outcome="{outcome}"}}'
        assert await road.metric(row) == "0.0"
    for outcome in ("sent", *FailureReason):
        row = f'channel="pagerduty",kind="page",outcome="{outcome}"'
        assert await road.metric(f"guardia_message_attempts_total{{{row}}}") == "0.0"


async def test_the_list_can_leave_out_what_is_over(road: Road) -> None:
    await road.receive(firing())
    await road.receive(resolved())
    road.clock.advance(minutes(20))
    await road.receive(firing(), groupLabels={"service": "derivacion"})

    async def numbers(query: str) -> list[Any]:
        answer = await road.api("GET", f"/api/incidents{query}")
        return [one["number"] for one in answer.json()["incidents"]]

    assert await numbers("") == [2, 1]
    assert await numbers("?state=open") == [2]
    assert (await road.api("GET", "/api/incidents?state=x")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("GET", "/webhook", 405), ("DELETE", "/api/incidents/1", 405)],
)
async def test_what_does_not_exist_is_a_problem_too(
    road: Road, method: str, path: str, status: int
) -> None:
    answer = await road.client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["status"] == status


async def test_health_says_whether_notifications_would_be_kept(road: Road) -> None:
    assert (await road.client.get("/-/healthy")).status_code == 200
    assert (await road.client.get("/-/ready")).status_code == 200


async def test_metrics_tell_numbers_and_no_text_of_alerts(road: Road) -> None:
    await road.receive(firing(service="a-secret-project"))
    text = (await road.client.get("/metrics")).text
    assert "guardia_open_incidents 1.0" in text
    assert "a-secret-project" not in text


async def test_a_request_id_is_kept_when_well_formed_and_made_otherwise(road: Road) -> None:
    kept = await road.client.get("/-/healthy", headers={"X-Request-Id": "trace-7"})
    made = await road.client.get("/-/healthy", headers={"X-Request-Id": 'x" injected'})

    assert kept.headers["x-request-id"] == "trace-7"
    assert len(made.headers["x-request-id"]) == 32


async def test_what_was_rejected_is_listed_the_newest_first(road: Road) -> None:
    for body in (b"{", b"[]", b"null"):
        assert (await road.post(body)).status_code == 400
    await road.worker.turn()

    async def listed(query: str) -> list[Any]:
        answer = await road.api("GET", f"/api/rejected{query}")
        return [one["number"] for one in answer.json()["rejected"]]

    assert await listed("") == [3, 2, 1]
    assert await listed("?limit=2") == [3, 2]
    newest = (await road.api("GET", "/api/rejected?limit=1")).json()["rejected"][0]
    assert newest == {
        "number": 3,
        "received_at": "2026-11-24T12:00:00+00:00",
        "reason": "The body is not a JSON object.",
        "address": "127.0.0.1",
        "user_agent": newest["user_agent"],
        "size_bytes": 4,
        "kept_bytes": 4,
        "incident": 1,
    }
    assert newest["user_agent"].startswith("python-httpx/")


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1.5", "", "1" * 5000])
async def test_the_limit_of_a_list_is_a_number_within_bounds(road: Road, limit: str) -> None:
    answer = await road.api("GET", f"/api/rejected?limit={limit}")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "`limit` must be a number from 1 to 500."


async def test_a_rejected_body_comes_as_a_file_that_no_browser_shows(road: Road) -> None:
    body = b"<script>alert(1)</script>\xff\x00"
    await road.post(body)

    answer = await road.api("GET", "/api/rejected/1")

    assert answer.content == body
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="rejected-1.bin"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("number", ["2", "0", "x", "1" * 30])
async def test_an_unknown_rejected_body_is_404(road: Road, number: str) -> None:
    await road.post(b"{")
    answer = await road.api("GET", f"/api/rejected/{number}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "No rejected body has that number."
