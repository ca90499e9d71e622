"""Tokens and the audit, through the API and by the commands that use it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from guardia.cli.main import main
from router.store import tables
from tests.fakes.local_server import LocalServer
from tests.router.making import minutes
from tests.router.road import API_TOKEN, HandClock
from tests.router.web.access.door import Door

MAKE = ("token", "make", "--name", "Night shift", "--role", "viewer", "--by", "Engineer 1")
WANTED = {"name": "Night shift", "role": "viewer", "by": "Engineer 1"}


@pytest.fixture
def served(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A router on a socket, and the environment of commands that ask it."""
    server = LocalServer(door.app)
    server.start()
    monkeypatch.setenv("GUARDIA_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("GUARDIA_API_TOKEN_FILE", str(tmp_path / "api-token"))
    yield door
    server.stop()


async def call(
    door: Door, method: str, path: str, *, token: str = API_TOKEN, **given: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await door.browser().client.request(method, path, headers=headers, **given)


def test_a_token_is_shown_once_listed_and_ended(
    served: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(MAKE) == 0
    made = capsys.readouterr()
    token = made.out.strip()
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert main(["token", "end", "1", "--by", "Engineer 2"]) == 0
    ended = capsys.readouterr().out
    assert main(["token", "list", "--format", "json"]) == 0
    after = json.loads(capsys.readouterr().out)["tokens"]

    assert token.startswith("guardia_")
    assert made.err == (
        "token 1 is good for the API until it is ended, as viewer; it is not shown again\n"
    )
    assert " ".join(listed.split()) == (
        "1 valid api viewer Night shift made 2026-11-24 12:00:00 UTC by Engineer 1"
    )
    assert ended == "token 1 (Night shift) is ended, by Engineer 2 at 2026-11-24 12:00:00 UTC\n"
    assert [one["state"] for one in after] == ["ended"]
    assert token not in listed + ended + json.dumps(after) + repr(served.rows(tables.tokens))


def test_a_token_for_signing_in_is_good_for_as_long_as_was_said(
    served: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*MAKE, "--sign-in", "--for", "30m"]) == 0
    assert "until 2026-11-24 12:30:00 UTC" in capsys.readouterr().err
    assert main([*MAKE, "--sign-in"]) == 0
    assert "good once, on the page's form, until 2026-11-24 12:15:00 UTC" in capsys.readouterr().err


@pytest.mark.parametrize("length", ["25h", "2d", "0s", "-1m", "soon", "", "99999999999999d"])
def test_a_token_for_signing_in_lasts_a_day_at_most(
    served: Door, capsys: pytest.CaptureFixture[str], length: str
) -> None:
    assert main([*MAKE, "--sign-in", f"--for={length}"]) == 1

    assert capsys.readouterr().out == ("`for` must be a length of time such as 15m, up to 1d.\n")
    assert served.rows(tables.tokens) == []


def test_what_is_not_there_is_not_ended(served: Door, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "end", "7", "--by", "Engineer 2"]) == 1
    assert capsys.readouterr().out == "No token has that number.\n"
    assert main(["token", "list"]) == 0
    assert capsys.readouterr().out == "no token was ever made\n"


def test_the_audit_says_who_did_what_a_page_at_a_time(
    served: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        main(MAKE)
    capsys.readouterr()

    assert main(["audit", "--limit", "2"]) == 0
    first = capsys.readouterr().out.splitlines()
    assert main(["audit", "--before", "2"]) == 0
    rest = capsys.readouterr().out.splitlines()

    assert [row.split()[0] for row in first[:2]] == ["3", "2"]
    assert first[2] == "older ones: guardia audit --before 2"
    assert [row.split()[0] for row in rest] == ["1"]
    for part in ("2026-11-24T12:00:00Z", "API token", "token-make", "127.0.0.1", "Engineer 1"):
        assert part in rest[0]


async def test_only_administrators_see_the_audit_and_make_tokens(door: Door) -> None:
    for role in ("viewer", "responder"):
        token = await door.make_token(role=role)
        for method, path, given in (
            ("GET", "/api/audit", {}),
            ("GET", "/api/tokens", {}),
            ("POST", "/api/tokens", {"json": WANTED}),
            ("POST", "/api/tokens/1/end", {"json": {"by": "x"}}),
        ):
            refused = await call(door, method, path, token=token, **given)
            stranger = await call(door, method, path, token="x", **given)
            assert (refused.status_code, stranger.status_code) == (403, 401)
            assert refused.headers["content-type"] == "application/problem+json"
            assert f"yours is {role}" in refused.json()["detail"]
    assert [row.ended_at for row in door.rows(tables.tokens)] == [None, None]
    refusals = [row for row in door.audited() if not row.done]
    assert {row.via for row in refusals} == {"api"}
    assert Counter(row.actor for row in refusals) == {"Night shift": 8, "somebody": 8}


async def test_a_token_ends_by_hand_and_by_time(door: Door, clock: HandClock) -> None:
    ended = await door.make_token(role="administrator")
    late = await door.make_token(role="administrator", **{"for": "1h"})
    assert (await call(door, "GET", "/api/audit", token=ended)).status_code == 200

    await call(door, "POST", "/api/tokens/1/end", json={"by": "x"})
    assert (await call(door, "GET", "/api/audit", token=ended)).status_code == 401
    assert (await call(door, "GET", "/api/audit", token=late)).status_code == 200
    clock.advance(minutes(60))
    assert (await call(door, "GET", "/api/audit", token=late)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        WANTED | {"role": "owner"},
        WANTED | {"purpose": "both"},
        WANTED | {"name": ""},
        WANTED | {"name": "two\nlines"},
        WANTED | {"name": "x" * 201},
        WANTED | {"by": "\x1b[2J"},
        WANTED | {"more": 1},
    ],
)
async def test_a_token_that_is_not_described_is_not_made(door: Door, body: dict[str, Any]) -> None:
    answer = await call(door, "POST", "/api/tokens", json=body)

    assert answer.status_code in (400, 422)
    assert door.rows(tables.tokens) == []


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "before=x", "before=-1"])
async def test_a_page_that_cannot_be_is_refused(door: Door, query: str) -> None:
    assert (await call(door, "GET", f"/api/audit?{query}")).status_code == 400


@pytest.mark.parametrize(
    "shown",
    ["Bearer", "Bearer ", "Basic YXBpLXRva2Vu", "", "Bearer guardia_", f"Bearer {API_TOKEN}x"],
)
async def test_what_is_no_token_is_a_strangers(door: Door, shown: str) -> None:
    answer = await door.browser().get("/api/audit", Authorization=shown)

    assert answer.status_code == 401
