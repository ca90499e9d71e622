"""Who may do what by the API, in whose name it is done, and that the audit has it."""

from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from router.oncall.model import Role
from router.web.api.endpoint import Endpoint
from router.web.api.routes import list_endpoints
from tests.router.making import minutes
from tests.router.road import API_TOKEN, Road, firing
from tests.router.web.served_api import example_catalog

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ENDPOINTS = list_endpoints(Mock(), Mock())
OVERRIDE = {
    "schedule": "primary",
    "person": "platform-2",
    "from": "2026-11-24T18:00:00+01:00",
    "until": "2026-11-26T09:00:00+01:00",
}


@pytest.fixture
async def stage(road: Road) -> Road:
    """A router with an incident, and the people of the examples."""
    road.worker.catalog = example_catalog()
    await road.receive(firing())
    return road


async def make_token(road: Road, role: Role, name: str = "Chat bot") -> str:
    body = {"name": name, "role": role.value, "by": "Engineer 1"}
    made = await road.api("POST", "/api/tokens", json=body)
    assert made.status_code == 201, made.text
    token: str = made.json()["token"]
    return token


async def ask(road: Road, endpoint: Endpoint, token: str | None) -> httpx.Response:
    path = endpoint.path.format(number=1, id="platform-1")
    path = path.replace("schedules/platform-1", "schedules/primary")
    body = dict(endpoint.example) if endpoint.method == "POST" else None
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await road.client.request(endpoint.method, path, headers=headers, json=body)


async def audited(road: Road) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await road.api("GET", "/api/audit")).json()["audit"]
    return found


async def test_each_endpoint_asks_for_its_role(stage: Road) -> None:
    await make_token(stage, Role.VIEWER, "to be ended on the way")
    tokens = {role: await make_token(stage, role, role.value) for role in Role}
    seen = set()
    for endpoint in ENDPOINTS:
        for role, token in tokens.items():
            answer = await ask(stage, endpoint, token)
            # A token is nobody of the catalog: it says this of somebody else.
            of_others = endpoint.path.startswith("/api/people/{id}/awake")
            needed = Role.ADMINISTRATOR if of_others else endpoint.role
            seen.add((needed, role, answer.status_code == 403))
            assert (answer.status_code == 403) is not role.may(needed), endpoint.path
            assert answer.status_code != 401
    # Every role is asked for, and each of them is refused something but the highest.
    assert len(seen) == 9
    refused = [row for row in await audited(stage) if row["action"] == "enter"]
    assert {row["actor"] for row in refused} == {"viewer", "responder"}
    assert all(not row["done"] for row in refused)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
async def test_a_stranger_is_told_nothing_by_any_endpoint(road: Road, endpoint: Endpoint) -> None:
    for token in (None, "", "x", "guardia_" + "x" * 40, API_TOKEN[:-1], API_TOKEN + "x"):
        answer = await ask(road, endpoint, token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


async def test_who_holds_a_token_acts_in_its_name_whatever_by_says(stage: Road) -> None:
    headers = {"Authorization": f"Bearer {await make_token(stage, Role.RESPONDER)}"}

    plain = await stage.client.post("/api/incidents/1/ack", headers=headers)
    said = await stage.client.post(
        "/api/incidents/1/comment", headers=headers, json={"by": "Engineer ana", "text": "Hello."}
    )

    assert plain.json()["acknowledged_by"] == "Chat bot"
    assert said.status_code == 200
    texts = [row["text"] for row in (await stage.show(1))["timeline"]]
    assert not [text for text in texts if "Engineer ana" in text and "Hello" in text]
    comment, acknowledge = [row for row in await audited(stage) if row["incident"] == 1]
    assert (acknowledge["action"], acknowledge["actor"]) == ("acknowledge", "Chat bot")
    assert (comment["action"], comment["actor"]) == ("comment", "Chat bot")
    assert (acknowledge["detail"], comment["detail"]) == ("", "says Engineer ana")


async def test_who_holds_the_file_s_token_speaks_for_whom_it_names(stage: Road) -> None:
    nobody = await stage.api("POST", "/api/incidents/1/ack")
    named = await stage.acknowledge(1, "Engineer ben")

    assert nobody.status_code == 422
    assert nobody.json()["detail"].startswith("The body must be JSON that says by whom")
    assert named.json()["acknowledged_by"] == "Engineer ben"
    (row,) = [row for row in await audited(stage) if row["action"] == "acknowledge"]
    assert (row["actor"], row["via"], row["detail"]) == (
        "Engineer ben",
        "api",
        "by who holds the API token",
    )


@pytest.mark.parametrize(
    ("holds", "actor", "said"),
    [
        ("file", "Engineer ana", "by who holds the API token"),
        ("token", "Chat bot", "says Engineer ana"),
    ],
)
async def test_the_audit_says_of_everything_done_who_said_so(
    stage: Road, holds: str, actor: str, said: str
) -> None:
    """Who holds the file's token can name anybody: what they did is told from what people did."""
    own = await make_token(stage, Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {API_TOKEN if holds == 'file' else own}"}

    for path, body in (
        ("/api/people/ana/awake", {"for": "1h"}),
        ("/api/people/ana/awake/end", {}),
        ("/api/tokens", {"name": "Night shift", "role": "viewer"}),
        ("/api/tokens/2/end", {}),
    ):
        answer = await stage.client.post(path, headers=headers, json=body | {"by": "Engineer ana"})
        assert answer.is_success, answer.text

    done = (await audited(stage))[:5]
    assert [row["action"] for row in reversed(done)] == [
        "acknowledge",
        "awake",
        "awake-end",
        "token-make",
        "token-end",
    ]
    assert {row["actor"] for row in done} == {actor}
    assert [row["detail"].partition("; ")[2] for row in done] == [said] * 5


async def test_all_that_is_done_is_in_the_audit_and_nothing_that_was_not(stage: Road) -> None:
    by = {"by": "Engineer ana"}
    for path, body, status in (
        ("/api/overrides/preview", OVERRIDE, 200),
        ("/api/overrides", OVERRIDE, 201),
        ("/api/overrides", OVERRIDE | {"person": "nobody"}, 422),
        ("/api/overrides/1/cancel", {}, 200),
        ("/api/overrides/7/cancel", {}, 404),
        ("/api/people/platform-1/test-page", {}, 201),
        ("/api/people/platform-1/test-page", {}, 429),
        ("/api/incidents/7/ack", {}, 404),
        ("/api/people/platform-1/awake", {"for": "1h"}, 200),
    ):
        answer = await stage.api("POST", path, json=body | by)
        assert answer.status_code == status, answer.text
    await stage.api("POST", "/-/reload")

    found = [
        (row["action"], row["done"], row["incident"], row["detail"].partition(";")[0])
        for row in await audited(stage)
    ]
    assert found[0][:3] == ("reload", False, None)
    assert [row for row in reversed(found) if row[0] not in ("reload", "awake")] == [
        ("override", True, None, "override 1: platform-2 in primary"),
        ("override-cancel", True, None, "override 1: platform-2 in primary"),
        ("test-page", True, 2, "platform-1"),
    ]
    assert any(row[0] == "awake" for row in found)


async def test_another_method_is_405_and_told_which_there_are(road: Road) -> None:
    for path, allowed in (
        ("/api/overrides", {"GET", "HEAD", "POST"}),
        ("/api/incidents/1/ack", {"POST"}),
        ("/api/incidents", {"GET", "HEAD"}),
        ("/act/x", {"GET", "HEAD", "POST"}),
        ("/sign-in", {"GET", "HEAD", "POST"}),
        ("/sign-out", {"POST"}),
        ("/me/test", {"POST"}),
    ):
        answer = await road.api("PUT", path)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == allowed
        told = (
            "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
        )
        assert answer.headers["content-type"] == told


async def test_head_is_get_without_a_body(stage: Road) -> None:
    answer = await stage.api("HEAD", "/api/incidents/1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/x-www-form-urlencoded", 200),  # what curl and our own command said
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/xml", 415),
    ],
)
async def test_a_body_of_another_type_is_415(stage: Road, content_type: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": content_type}
    body = b'{"by": "Engineer ana"}'
    answer = await stage.client.post("/api/incidents/1/ack", headers=headers, content=body)
    assert answer.status_code == status


async def test_wrong_tokens_from_everywhere_neither_fill_the_audit_nor_hide_who_is_known(
    stage: Road,
) -> None:
    viewer = await make_token(stage, Role.VIEWER)
    for number in range(100):
        transport = httpx.ASGITransport(app=stage.app, client=(f"203.0.113.{number}", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://router") as stranger:
            headers = {"Authorization": f"Bearer guardia_{number}"}
            assert (await stranger.get("/api/incidents", headers=headers)).status_code == 401

    refused = await stage.client.get("/api/audit", headers={"Authorization": f"Bearer {viewer}"})
    stage.clock.advance(minutes(1))
    await stage.worker.ways_back.refusals.tell_rest()

    assert refused.status_code == 403
    rest, known, *strangers = await audited(stage)
    assert (rest["actor"], rest["detail"].partition(" since")[0]) == ("strangers", "70 more")
    assert (known["actor"], known["done"]) == ("Chat bot", False)
    kept = [row for row in strangers if row["actor"] == "somebody"]
    assert len(kept) == 30
    assert {(row["action"], row["via"], row["done"]) for row in kept} == {("enter", "api", False)}
