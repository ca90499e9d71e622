"""The document of the API: complete, valid, the committed one, and true of what is answered."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import schemathesis
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from router.oncall.model import Role
from router.web.access.caller import Caller
from router.web.api.endpoint import Nothing, Reply, get, routes_of
from router.web.api.openapi import render_document
from router.web.api.routes import list_endpoints
from tests.router.making import minutes
from tests.router.road import Road, firing
from tests.router.web.served_api import example_catalog

FILE = Path(__file__).parents[3] / "docs" / "api" / "openapi.json"
ENDPOINTS = list_endpoints(Mock(), Mock())
DOCUMENT = render_document(ENDPOINTS)

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_the_committed_document_is_the_one_that_is_served() -> None:
    expected = json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("GUARDIA_UPDATE_CASES"):
        FILE.write_text(expected, "utf-8")
        return

    assert FILE.read_text("utf-8") == expected, "GUARDIA_UPDATE_CASES=1 writes it anew"


@on_sqlite
async def test_it_is_served(road: Road) -> None:
    answer = await road.api("GET", "/api/openapi.json")
    assert answer.json() == json.loads(FILE.read_text("utf-8"))


def test_it_is_valid_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()


@on_sqlite
async def test_every_route_for_programs_is_described(road: Road) -> None:
    app: Any = road.app
    while not isinstance(app, Starlette):
        app = app._app
    routes = [one for one in app.routes if isinstance(one, Route)]
    found = {
        (method, route.path)
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
        if route.path.startswith("/api") or route.path == "/-/reload"
    }

    assert found == {(method, path) for method, path, _ in operations()}
    assert len(found) == len(ENDPOINTS) >= 30


def test_an_endpoint_that_says_nothing_of_itself_cannot_be() -> None:
    async def silent(_request: Request, _caller: Caller, _asked: Nothing) -> Response:
        return Response()

    with pytest.raises(ValueError, match="says nothing of what it does"):
        get("/api/x", "x", silent, query=Nothing, reply=Reply())


def test_an_endpoint_cannot_hide_another() -> None:
    with pytest.raises(ValueError, match="GET /api/incidents is there twice"):
        routes_of([ENDPOINTS[0], ENDPOINTS[0]], Mock())


def test_what_needs_more_than_a_viewer() -> None:
    """The table itself, so that a role is not lowered unseen."""
    viewers = {one.path for one in ENDPOINTS if one.role is Role.VIEWER}
    administrators = {one.path for one in ENDPOINTS if one.role is Role.ADMINISTRATOR}

    assert all(one.method == "GET" for one in ENDPOINTS if one.role is Role.VIEWER)
    assert administrators == {
        "/api/rejected",
        "/api/rejected/{number}",
        "/api/tokens",
        "/api/tokens/{number}/end",
        "/api/audit",
        "/-/reload",
    }
    assert not viewers & administrators


def test_names_are_unique_and_every_operation_says_what_it_does() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, path, operation in operations():
        assert operation["summary"].endswith((".", ":")), path
        assert "For the role" in operation["description"], path


def test_the_examples_are_what_the_schemas_ask_for() -> None:
    judged = 0
    for method, path, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        for media in content.values():
            judge(media["example"], media["schema"], f"{method} {path}")
            judged += 1
    assert judged >= 14


@on_sqlite
async def test_full_answers_have_what_is_described_and_nothing_else(road: Road) -> None:
    road.worker.catalog = example_catalog()
    await fill(road)
    shown: set[str] = set()
    for method, path, operation in operations():
        schema = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        if method != "GET" or schema is None or path == "/api/openapi.json":
            continue
        for number in ("1", "2") if "{number}" in path else ("-",):
            answer = await road.api("GET", path.format(number=number, id="primary"))
            assert answer.status_code == 200, path
            judge(answer.json(), closed(schema["schema"]), path)
            shown |= set(lists_with_rows(answer.json()))

    assert shown >= {"alerts", "timeline", "messages", "steps", "pages", "incidents", "overrides"}
    assert shown >= {"rejected", "tokens", "audit", "queues", "channels", "schedules", "shifts"}


def test_an_answer_with_a_field_that_is_not_described_is_noticed() -> None:
    schema = closed({"$ref": "#/components/schemas/AwakeEndView"})
    right = {"person": "ana", "name": "Engineer ana", "was_awake": True}
    judge(right, schema, "right")
    for wrong in (right | {"more": 1}, right | {"was_awake": "yes"}, {"person": "ana"}):
        with pytest.raises(AssertionError):
            judge(wrong, schema, "wrong")


async def fill(road: Road) -> None:
    """Have rows in every list: pages, steps to come, an override, a token, a rejection."""
    await road.receive(firing())
    await road.receive(firing(service="usuarios"), groupLabels={"service": "usuarios"})
    await road.pass_time(minutes(16))
    assert (await road.post(b"{")).status_code == 400
    by = {"by": "Platform engineer 1"}
    override = {
        "schedule": "primary",
        "person": "platform-2",
        "from": "2026-11-24T18:00:00+01:00",
        "until": "2026-11-26T09:00:00+01:00",
    }
    for path, body in (
        ("/api/overrides", override),
        ("/api/tokens", {"name": "Reports", "role": "viewer"}),
        ("/api/incidents/1/ack", {}),
    ):
        assert (await road.api("POST", path, json=body | by)).is_success
    await road.worker.turn()


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose objects, where they name their fields, have no others."""

    def close(part: Any) -> Any:
        if isinstance(part, list):
            return [close(one) for one in part]
        if not isinstance(part, Mapping):
            return part
        made = {key: close(value) for key, value in part.items()}
        return made | {"additionalProperties": False} if "properties" in made else made

    components: dict[str, Any] = close(DOCUMENT["components"]["schemas"])
    return {**schema, "components": {"schemas": components}}


def judge(value: Any, schema: Mapping[str, Any], where: str) -> None:
    whole = {"components": DOCUMENT["components"], **schema}
    problems = [one.message for one in Draft202012Validator(whole).iter_errors(value)]
    assert problems == [], where


def lists_with_rows(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from lists_with_rows(one)
    if isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, list) and one:
                yield name
            yield from lists_with_rows(one)
