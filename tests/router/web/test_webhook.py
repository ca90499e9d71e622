"""POST /webhook: what is kept, what is refused, and how the sender learns it (G1, G3, G12)."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.router.making import minutes, notification_body
from tests.router.road import WEBHOOK_TOKEN, Road, firing, resolved

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def posts(road: Road, outcome: str) -> str:
    return await road.metric(f'guardia_webhook_posts_total{{outcome="{outcome}"}}')


async def rejections(road: Road) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await road.api("GET", "/api/rejected")).json()["rejected"]
    return found


def rows(tmp_path: Path, table: str) -> list[tuple[object, ...]]:
    """Read the database as another process would."""
    connection = sqlite3.connect(tmp_path / "guardia.db")
    try:
        return connection.execute(f"SELECT * FROM {table}").fetchall()
    finally:
        connection.close()


@ON_SQLITE
async def test_a_200_means_that_the_body_is_on_disk(road: Road, tmp_path: Path) -> None:
    body = notification_body(firing())

    response = await road.post(body)

    assert response.status_code == 200
    assert [row for row in rows(tmp_path, "notifications") if body in row]
    assert await posts(road, "accepted") == "1.0"


@ON_SQLITE
@pytest.mark.parametrize("token", ["wrong", "", WEBHOOK_TOKEN + "x", WEBHOOK_TOKEN[:-1], "é"])
async def test_a_wrong_token_is_401_and_nothing_is_kept(
    road: Road, tmp_path: Path, token: str
) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()}
    body = notification_body(firing())
    response = await road.client.post("/webhook", content=body, headers=headers)

    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    assert rows(tmp_path, "notifications") == []
    assert rows(tmp_path, "rejected") == []
    assert await posts(road, "unauthorized") == "1.0"


@ON_SQLITE
async def test_without_a_token_it_is_401(road: Road) -> None:
    body = notification_body(firing())
    assert (await road.client.post("/webhook", content=body)).status_code == 401


@ON_SQLITE
async def test_a_token_is_rotated_without_a_restart_and_without_a_gap(road: Road) -> None:
    body, file = notification_body(firing()), road.settings.webhook_token_file
    file.write_text(f"{WEBHOOK_TOKEN}\nthe-next-one\n")
    assert (await road.post(body)).status_code == 200
    assert (await road.post(body, token="the-next-one")).status_code == 200

    file.write_text("the-next-one\n")
    assert (await road.post(body)).status_code == 401
    assert (await road.post(body, token="the-next-one")).status_code == 200


@ON_SQLITE
async def test_a_lost_token_file_is_our_fault_so_alertmanager_tries_again(road: Road) -> None:
    road.settings.webhook_token_file.unlink()

    response = await road.post(notification_body(firing()))

    assert response.status_code == 503
    assert await posts(road, "unavailable") == "1.0"


@ON_SQLITE
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"alerts": 7}', b"null"])
async def test_what_cannot_be_understood_is_kept_raw_and_answered_with_the_reason(
    road: Road, tmp_path: Path, body: bytes
) -> None:
    response = await road.post(body)

    assert response.status_code == 400
    reason = response.json()["detail"]
    assert reason
    assert "Traceback" not in response.text
    assert [(row[2], row[3]) for row in rows(tmp_path, "rejected")] == [(body, reason)]
    assert await posts(road, "unreadable") == "1.0"


@ON_SQLITE
async def test_a_body_beyond_the_limit_is_413(road: Road, tmp_path: Path) -> None:
    response = await road.post(b" " * (road.settings.max_body_bytes + 1))

    assert response.status_code == 413
    (kept,) = await rejections(road)
    assert kept["reason"] == response.json()["detail"]
    assert kept["size_bytes"] == road.settings.max_body_bytes + 1
    assert kept["kept_bytes"] == 64 * 1024
    assert await posts(road, "too_large") == "1.0"


@ON_SQLITE
async def test_a_body_without_a_declared_size_is_413_too(road: Road) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(33):
            yield b"x" * 1024 * 1024

    headers = {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}
    response = await road.client.post("/webhook", content=chunks(), headers=headers)

    assert response.status_code == 413
    (kept,) = await rejections(road)
    assert kept["size_bytes"] > road.settings.max_body_bytes
    assert kept["kept_bytes"] == 64 * 1024


@ON_SQLITE
@pytest.mark.parametrize("body", [b"{", notification_body(firing())])
async def test_a_full_queue_is_503_and_never_429_and_nothing_is_lost_in_silence(
    road: Road, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    begun, go_on = Event(), Event()

    def hold_up(_: Connection) -> None:
        begun.set()
        assert go_on.wait(30)

    road.store.write_soon(hold_up)
    assert begun.wait(30)
    waiting = [road.store.write_soon(lambda _: None) for _ in range(road.settings.queue_limit)]

    refused = await road.post(body)
    go_on.set()
    waiting[-1].result(30)
    repeated = await road.post(body)

    assert "2000 writes are waiting" in caplog.text
    assert refused.status_code == 503  # not 400 either: what is not kept must come again
    assert refused.headers["retry-after"] == "1"
    assert repeated.status_code in (200, 400)
    assert await posts(road, "unavailable") == "1.0"


@ON_SQLITE
async def test_a_group_of_10_000_alerts_is_stored_and_applied_and_ends(road: Road) -> None:
    text = {"description": "x" * 700}

    def group(alert: Callable[..., dict[str, Any]]) -> bytes:
        alerts = [
            alert(instance=f"pod-{number}") | {"annotations": text} for number in range(10_000)
        ]
        return notification_body(*alerts)

    assert 9_000_000 < len(group(firing)) < road.settings.max_body_bytes
    for body in (group(firing), group(resolved)):
        assert (await road.post(body)).status_code == 200
        await road.worker.turn()
        road.clock.advance(minutes(31))

    assert road.woken() == ["ana"]
    (only,) = await road.incidents()
    assert (only["alerts_total"], only["alerts_firing"]) == (10_000, 0)
    assert only["state"] == "resolved"
    assert await road.metric('guardia_notifications_applied_total{outcome="changed"}') == "2.0"


async def test_a_closed_store_is_503_so_that_alertmanager_tries_again(road: Road) -> None:
    road.store.close()

    response = await road.post(notification_body(firing()))

    assert response.status_code == 503
    assert response.headers["retry-after"]
    labels = {"outcome": "unavailable"}
    assert road.metrics.registry.get_sample_value("guardia_webhook_posts_total", labels) == 1.0


async def test_a_large_group_is_taken(road: Road) -> None:
    alerts = [firing(instance=f"pod-{number}") for number in range(1000)]
    body = notification_body(*alerts)

    assert (await road.post(body)).status_code == 200
    await road.worker.turn()

    assert road.woken() == ["ana"]
    assert (await road.incidents())[0]["alerts_total"] == 1000


async def test_unknown_fields_of_later_versions_are_no_obstacle(road: Road) -> None:
    body = json.loads(notification_body(firing())) | {"notification_reason": "x", "new": {"a": 1}}
    assert (await road.post(json.dumps(body).encode())).status_code == 200
