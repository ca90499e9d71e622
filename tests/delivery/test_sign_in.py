"""A whole router: who signs in by which way, and who only says that they are somebody."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.delivery.router_process import Town, guardia, open_town, running
from tests.fakes.serving import PATIENCE_SECONDS

NAME = "platform-1@conecta360.example"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


def test_a_token_of_the_command_signs_in_once_and_outlives_a_crash(town: Town) -> None:
    with running(town) as router:
        client = {**town.environment(), "GUARDIA_URL": router.url}
        wanted = ("--name", "Night shift", "--role", "responder", "--by", "Engineer 1")
        made = guardia("token", "make", "--sign-in", *wanted, environment=client)
        assert made.returncode == 0, made.stderr
        router.kill()

    with (
        running(town) as router,
        httpx.Client(base_url=router.url, timeout=PATIENCE_SECONDS) as browser,
    ):
        entered = sign_in(browser, made.stdout.strip())
        assert (entered.status_code, entered.headers["location"]) == (303, "/incidents")
        assert "Night shift" in browser.get("/incidents").text
        browser.cookies, kept = httpx.Cookies(), browser.cookies
        assert sign_in(browser, made.stdout.strip()).status_code == 403
        router.kill()

    with running(town) as router:
        client = {**town.environment(), "GUARDIA_URL": router.url}
        with httpx.Client(base_url=router.url, cookies=kept, timeout=PATIENCE_SECONDS) as browser:
            assert browser.get("/incidents").status_code == 200
        audit = json.loads(guardia("audit", "--format", "json", environment=client).stdout)
        assert [(row["action"], row["done"]) for row in audit["audit"]] == [
            ("sign-in", False),
            ("sign-in", True),
            ("token-make", True),
        ]
        assert router.stop() == 0


@pytest.mark.parametrize(("proxy", "is_believed"), [("10.0.0.5", False), ("127.0.0.0/8", True)])
def test_a_header_is_believed_from_the_proxys_own_address_alone(
    town: Town, proxy: str, is_believed: bool
) -> None:
    settings = {"GUARDIA_PROXY_HEADER": "X-Forwarded-Email", "GUARDIA_PROXY_FROM": proxy}
    # The server's own belief in forwarded addresses would make anybody the proxy.
    headers = {"X-Forwarded-Email": NAME, "X-Forwarded-For": "10.0.0.5"}
    with running(town, **settings) as router:
        answer = httpx.get(f"{router.url}/sign-in", headers=headers, timeout=PATIENCE_SECONDS)
        assert router.stop() == 0

    assert ("guardia=" in answer.headers.get("set-cookie", "")) is is_believed
    assert answer.status_code == (303 if is_believed else 200)


def sign_in(browser: httpx.Client, token: str) -> httpx.Response:
    page = browser.get("/sign-in").text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    return browser.post("/sign-in", data={**fields, "token": token})
