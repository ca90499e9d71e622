"""A proxy that vouches for people: believed from its addresses, and from nobody else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from router.sign_in import read_sign_in
from router.store import tables
from router.web.access.proxy import ProxyMiddleware
from tests.router.road import HandClock
from tests.router.web.access.door import STRANGER, URL, Browser, Door, catalog_of, open_door

PROXY = "10.1.2.3"
ANA = {"X_Forwarded_Email": "ana@conecta360.example"}
VERA = {"X_Forwarded_Email": "vera@conecta360.example"}
SETTINGS = {
    "GUARDIA_PROXY_HEADER": "X-Forwarded-Email",
    "GUARDIA_PROXY_FROM": "10.1.0.0/16, 2001:db8::5",
}


@pytest.fixture
def door(tmp_path: Path, clock: HandClock) -> Iterator[Door]:
    with open_door(tmp_path, clock, settings=SETTINGS) as opened:
        yield opened


async def test_who_the_proxy_names_is_signed_in_on_the_way_to_a_page(door: Door) -> None:
    browser = door.browser(address=PROXY)

    turned_away = await browser.get("/incidents/7", **ANA)
    entered = await browser.get(turned_away.headers["location"], **ANA)
    shown = await browser.get(entered.headers["location"], **ANA)

    assert (entered.status_code, entered.headers["location"]) == (303, "/incidents/7")
    assert shown.status_code == 404
    assert "Engineer ana" in shown.text
    assert [row.actor for row in door.audited()] == ["Engineer ana"]


@pytest.mark.parametrize(
    "address", [STRANGER, "10.2.0.1", "110.1.2.3", "::1", "2001:db8::6", "", "testclient"]
)
async def test_the_header_from_anybody_else_is_nobodys_word(door: Door, address: str) -> None:
    browser = door.browser(address=address)
    claimed = {**ANA, "X_Forwarded_For": PROXY, "Forwarded": f"for={PROXY}"}

    page = await browser.get("/sign-in", **claimed)

    assert page.status_code == 200
    assert "did not say who you are" in page.text
    assert door.rows(tables.sessions) == []
    assert (await browser.get("/incidents/7", **claimed)).status_code == 303


@pytest.mark.parametrize("address", [PROXY, "::ffff:10.1.2.3", "2001:db8::5"])
async def test_the_proxy_is_known_however_its_address_is_written(door: Door, address: str) -> None:
    assert (await door.browser(address=address).get("/sign-in", **ANA)).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Forwarded-Email", "ana@conecta360.example")] * 2,
        [("X-Forwarded-Email", "ana@conecta360.example"), ("x-forwarded-email", "vera@x.example")],
        [("X-Forwarded-Email", b"\xff@conecta360.example")],
        [("X-Forwarded-Email", "ana@conecta360.example\tx")],
        [("X-Forwarded-Email", "")],
        [("X-Forwarded-Email", "a" * 400)],
    ],
)
async def test_a_header_that_is_doubled_or_unreadable_is_refused(
    door: Door, headers: list[tuple[str, str | bytes]]
) -> None:
    sent = [
        (name.encode(), text if isinstance(text, bytes) else text.encode())
        for name, text in headers
    ]
    answer = await door.browser(address=PROXY).client.get("/sign-in", headers=sent)

    assert answer.status_code == 400
    assert door.rows(tables.sessions) == []


async def test_a_session_counts_only_while_the_proxy_names_the_same_person(door: Door) -> None:
    browser = door.browser(address=PROXY)
    await browser.get("/sign-in", **ANA)

    assert (await browser.get("/incidents/7", **ANA)).status_code == 404
    assert (await browser.get("/incidents/7", **VERA)).status_code == 303
    assert (await browser.get("/incidents/7")).status_code == 303
    past_the_proxy = _with_cookies_of(browser, door.browser())
    assert (await past_the_proxy.get("/incidents/7", **ANA)).status_code == 303


async def test_who_the_catalog_does_not_know_is_told_so(door: Door) -> None:
    door.catalog = catalog_of("ada")

    answer = await door.browser(address=PROXY).get("/sign-in", **ANA)

    assert answer.status_code == 403
    assert "ana@conecta360.example" in answer.text
    assert "Head of operations" in answer.text
    assert door.audited()[0].detail == "by proxy: nobody in the catalog has this name"


async def test_signing_out_is_not_undone_by_the_next_page(door: Door) -> None:
    browser = door.browser(address=PROXY)
    await browser.get("/sign-in", **ANA)
    fields = await _form(browser)

    out = await browser.post("/sign-out", fields, **ANA)
    page = await browser.get(out.headers["location"], **ANA)

    assert page.status_code == 200
    assert "You are signed out." in page.text
    assert door.rows(tables.sessions) == []


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first is what the caller wrote
        ("203.0.113.9, 10.1.9.9", "203.0.113.9"),  # two proxies of ours
        ("10.1.9.9", "10.1.9.9"),
        ("", PROXY),
        ("nonsense", PROXY),
        ("198.51.100.1, nonsense", PROXY),
        ("198.51.100.7:51234", "198.51.100.7"),  # as some proxies write it
        ("198.51.100.1, 198.51.100.7:51234, 10.1.9.9:443", "198.51.100.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:db8::7%<script>", PROXY),  # a zone is a text of the sender's
        ("[2001:db8::7%eth0]:443", PROXY),
        ("198.51.100.7:", PROXY),
        ("198.51.100.7:443:443", PROXY),
        ("[198.51.100.7", PROXY),
    ],
)
async def test_the_audit_has_the_address_that_the_proxy_was_called_from(
    door: Door, forwarded: str, address: str
) -> None:
    await door.browser(address=PROXY).get("/sign-in", **ANA, X_Forwarded_For=forwarded)

    assert door.audited()[0].address == address


@pytest.mark.parametrize("address", [PROXY, STRANGER])
async def test_nothing_behind_ever_sees_the_header(address: str) -> None:
    seen: list[list[str]] = []

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append([name.decode() for name, _ in scope["headers"]])
        await PlainTextResponse("seen")(scope, receive, send)

    sign_in, problems = read_sign_in(SETTINGS)
    assert problems == ()
    transport = httpx.ASGITransport(app=ProxyMiddleware(behind, sign_in), client=(address, 40_000))
    headers = {"X-Forwarded-Email": "ana@conecta360.example", "X-Other": "x"}
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        await client.get("/", headers=headers)

    assert "x-other" in seen[0]
    assert "x-forwarded-email" not in seen[0]


async def test_without_the_setting_no_header_signs_anybody_in(
    tmp_path: Path, clock: HandClock
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with open_door(folder, clock) as door:
        for name in ("X_Forwarded_Email", "X_Forwarded_User", "Remote_User", "X_Remote_User"):
            browser = door.browser(address="127.0.0.1")
            headers = {name: "ana@conecta360.example", "X_Forwarded_For": "10.0.0.1"}
            assert (await browser.get("/sign-in", **headers)).status_code == 200
            assert (await browser.get("/incidents/7", **headers)).status_code == 303


def _with_cookies_of(one: Browser, other: Browser) -> Browser:
    other.client.cookies = one.client.cookies
    return other


async def _form(browser: Browser) -> dict[str, str]:
    page = await browser.get("/incidents/7", **ANA)
    token = page.text.partition('name="form_token" value="')[2].partition('"')[0]
    assert token
    assert str(page.url).startswith(URL)
    return {"form_token": token}
