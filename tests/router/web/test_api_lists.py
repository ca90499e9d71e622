"""What the API lists and shows: pages of lists, filters, turns, a preview, a runbook, health."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.router.making import NOON, minutes
from tests.router.road import Road, firing, resolved
from tests.router.web.served_api import RUNBOOK, example_catalog

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OVERRIDE = {
    "schedule": "primary",
    "person": "platform-2",
    "from": "2026-11-24T18:00:00+01:00",
    "until": "2026-11-24T22:00:00+01:00",
    "by": "Engineer ana",
}


@pytest.fixture
async def past(road: Road) -> Road:
    """Five incidents an hour apart: 2 and 4 are resolved, 5 is high and of usuarios."""
    for number in range(1, 6):
        labels = {"instance": str(number)}
        if number == 5:
            labels |= {"service": "usuarios", "severity": "high"}
        of = {"groupLabels": {"instance": str(number)}}
        await road.receive(firing(**labels), **of)
        if number in (2, 4):
            await road.receive(resolved(**labels), **of)
        road.clock.advance(timedelta(hours=1))
    return road


async def numbers(road: Road, query: str) -> list[int]:
    answer = await road.api("GET", f"/api/incidents{query}")
    assert answer.status_code == 200, answer.text
    return [one["number"] for one in answer.json()["incidents"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [5, 4, 3, 2, 1]),
        ("?state=open", [5, 3, 1]),
        ("?state=resolved", [4, 2]),
        ("?severity=high", [5]),
        ("?service=usuarios", [5]),
        ("?service=usuario", []),
        ("?since=2026-11-24T14:00:00Z", [5, 4, 3]),
        ("?until=2026-11-24T14:00:00Z", [2, 1]),
        ("?since=2026-11-24T14:00:00%2B01:00&until=2026-11-24T14:00:00Z", [2]),
        ("?before=3", [2, 1]),
        ("?state=open&limit=2", [5, 3]),
        ("?state=open&limit=2&before=3", [1]),
    ],
)
async def test_incidents_are_found_by_what_is_asked(
    past: Road, query: str, expected: list[int]
) -> None:
    assert await numbers(past, query) == expected


async def test_the_pages_of_a_list_are_the_list(past: Road) -> None:
    found: list[int] = []
    query: str | None = "?state=open&limit=2"
    pages = 0
    while query is not None:
        answer = await past.api("GET", f"/api/incidents{query}")
        found += [one["number"] for one in answer.json()["incidents"]]
        query = answer.json()["next"]
        expected = None if query is None else f'<{query}>; rel="next"'
        assert answer.headers.get("link") == expected
        pages += 1

    assert (found, pages) == ([5, 3, 1], 2)


async def test_where_a_list_goes_on_keeps_what_was_asked(past: Road) -> None:
    query = "?state=open&limit=1&since=2026-11-24T10:00:00%2B01:00"
    following = (await past.api("GET", f"/api/incidents{query}")).json()["next"]
    assert parse_qs(following[1:]) == {
        "state": ["open"],
        "limit": ["1"],
        "since": ["2026-11-24T10:00:00+01:00"],
        "before": ["5"],
    }


@pytest.mark.parametrize("name", ["rejected", "audit", "tokens", "overrides"])
async def test_every_list_has_pages(road: Road, name: str) -> None:
    road.worker.catalog = example_catalog()
    token = {"name": "Reports", "role": "viewer", "by": "Engineer ana"}
    for reason in ("a train", "a bus", "a boat"):
        override = OVERRIDE | {"reason": reason}
        await road.post(b"{")
        assert (await road.api("POST", "/api/tokens", json=token)).is_success
        assert (await road.api("POST", "/api/overrides", json=override)).is_success

    all_of_them = (await road.api("GET", f"/api/{name}?limit=3&{STATE.get(name, '')}")).json()
    first = (await road.api("GET", f"/api/{name}?limit=2&{STATE.get(name, '')}")).json()
    second = (await road.api("GET", f"/api/{name}{first['next']}")).json()

    rows = all_of_them[name]
    assert [one["number"] for one in rows] == sorted((one["number"] for one in rows), reverse=True)
    assert len(rows) == 3
    assert [*first[name], *second[name]][:3] == rows


STATE = {"overrides": "state=all"}


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("?sevrity=high", 400, "There is no parameter sevrity here. Did you mean severity?"),
        ("?" + "x" * 50 + "=1", 400, "There is no parameter with that name here."),
        ("?limit=2&limit=3", 400, "`limit` is there more than once."),
        ("?limit=0", 400, "`limit` must be a number from 1 to 500."),
        ("?before=0", 400, "`before` must be a number: only what has lower ones is listed"),
        ("?before=" + "9" * 40, 400, "`before` must be a number"),
        ("?state=gone", 400, "`state` must be open, resolved or all."),
        ("?severity=HIGH", 400, "`severity` must be critical, high, medium or low."),
        ("?since=yesterday", 422, "`since` must be a time with its offset"),
        ("?service=%00", 422, "`service` must be 1 to 200 printable characters"),
    ],
)
async def test_what_cannot_be_asked_is_said(
    road: Road, query: str, status: int, sentence: str
) -> None:
    answer = await road.api("GET", f"/api/incidents{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(sentence)


async def test_a_preview_shows_what_the_override_would_and_saves_nothing(road: Road) -> None:
    road.worker.catalog = example_catalog()
    await road.api("POST", "/api/overrides", json=OVERRIDE | {"reason": "another"})

    seen = (await road.api("POST", "/api/overrides/preview", json=OVERRIDE)).json()
    left = (await road.api("GET", "/api/overrides?state=all")).json()["overrides"]
    made = (await road.api("POST", "/api/overrides", json=OVERRIDE)).json()

    assert [one["number"] for one in left] == [1]
    assert seen.items() <= (made | {"shifts": seen["shifts"]}).items()
    assert seen["warnings"] != []

    def turns(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
        return [(one["person"], one["starts_at"], one["ends_at"]) for one in answer["shifts"]]

    assert turns(seen) == turns(made)
    assert [one["because"].partition(" of ")[0] for one in seen["shifts"]].count(
        "this override"
    ) == 1


async def test_a_preview_says_what_the_override_would_be_refused_for(road: Road) -> None:
    road.worker.catalog = example_catalog()
    for wrong in ({"person": "platform-3"}, {"until": "2026-11-24T17:00:00+01:00"}):
        seen = await road.api("POST", "/api/overrides/preview", json=OVERRIDE | wrong)
        made = await road.api("POST", "/api/overrides", json=OVERRIDE | wrong)
        assert seen.status_code == made.status_code == 422
        assert seen.json()["detail"] == made.json()["detail"]


async def test_the_turns_of_a_schedule_tile_the_time_asked_for(road: Road) -> None:
    road.worker.catalog = example_catalog()
    await road.api("POST", "/api/overrides", json=OVERRIDE)
    span = {"from": "2026-11-24T00:00:00Z", "until": "2026-12-08T00:00:00Z"}

    answer = await road.api("GET", "/api/schedules/primary/shifts", params=span)

    rows = answer.json()["shifts"]
    assert [one["ends_at"] for one in rows[:-1]] == [one["starts_at"] for one in rows[1:]]
    assert rows[0]["starts_at"] <= "2026-11-24T00:00:00" < rows[0]["ends_at"]
    assert rows[-1]["starts_at"] < "2026-12-08T00:00:00" <= rows[-1]["ends_at"]
    assert any(one["because"].startswith("override 1 of primary") for one in rows)


async def test_without_a_span_four_weeks_from_now_are_shown(road: Road) -> None:
    road.worker.catalog = example_catalog()
    told = (await road.api("GET", "/api/schedules/primary/shifts")).json()
    assert (told["from"], told["until"]) == (
        NOON.isoformat(),
        (NOON + timedelta(weeks=4)).isoformat(),
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?from=2026-11-24T00:00:00Z&until=2026-11-24T00:00:00Z", 422),
        ("?from=2026-11-24T00:00:00Z&until=2027-11-26T00:00:00Z", 422),
        ("?from=2026-11-24T00:00:00Z&until=2027-11-25T00:00:00Z", 200),
        ("?from=2199-12-31T23:59:59Z", 200),
        ("?until=2026-01-01T00:00:00Z", 422),
    ],
)
async def test_a_span_has_an_order_and_an_end(road: Road, query: str, status: int) -> None:
    road.worker.catalog = example_catalog()
    answer = await road.api("GET", f"/api/schedules/primary/shifts{query}")
    assert answer.status_code == status


async def test_an_unknown_schedule_is_404_with_the_nearest(road: Road) -> None:
    road.worker.catalog = example_catalog()
    answer = await road.api("GET", "/api/schedules/primry/shifts")
    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("Did you mean primary?")


async def test_a_runbook_comes_as_it_is_written(road: Road) -> None:
    runbooks = road.settings.catalog / "runbooks"
    runbooks.mkdir(parents=True)
    (runbooks / "database-down.md").write_text(RUNBOOK, "utf-8")
    alert = firing()
    url = "https://wiki.example/runbooks/database-down"
    alert["annotations"] = {**alert["annotations"], "runbook_url": url}
    await road.receive(alert)
    await road.receive(firing(service="usuarios"), groupLabels={"service": "usuarios"})

    answer = await road.api("GET", "/api/incidents/1/runbook")
    missing = [await road.api("GET", f"/api/incidents/{one}/runbook") for one in (2, 3, "x")]

    assert answer.text == RUNBOOK
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert [one.status_code for one in missing] == [404] * 3
    assert missing[0].json()["detail"] == "The catalog has no runbook of incident 2."


async def test_health_tells_what_came_in_what_waits_and_what_went_out(road: Road) -> None:
    await road.receive(firing())
    await road.post(b"{")
    road.clock.advance(minutes(20))

    told = (await road.api("GET", "/api/health")).json()

    assert told["is_working"] is True
    assert told["last_notification_at"] == NOON.isoformat()
    assert (told["open_incidents"], told["rejected_within_a_day"]) == (1, 1)
    queues = {one["name"]: one for one in told["queues"]}
    assert queues["timers"]["overdue_since"] == (NOON + minutes(15)).isoformat()
    sent = {one["channel"]: one["sent"] for one in told["channels"]}
    assert sent["pagerduty"] == 1
    assert told["catalog"] == (await road.api("GET", "/api/catalog")).json()
