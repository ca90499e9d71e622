"""Signing in by a token, sessions, and signing out: what strangers try, and what they get."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from router.oncall.model import Role
from router.store import tables
from router.web.access.credentials import digest
from tests.router.making import minutes
from tests.router.road import API_TOKEN, HandClock
from tests.router.web.access.door import BEGUN, SESSION, STRANGER, Door, open_door


async def test_with_nothing_set_up_the_page_leads_to_signing_in_and_only_a_token_does(
    door: Door,
) -> None:
    browser = door.browser()

    turned_away = await browser.get("/incidents?state=open")
    page = await browser.get(turned_away.headers["location"])
    entered = await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))

    assert turned_away.status_code == 303
    assert turned_away.headers["location"] == "/sign-in?next=/incidents%3Fstate%3Dopen"
    assert page.status_code == 200
    assert "/sign-in/oidc" not in page.text
    assert (await door.browser().get("/sign-in/oidc")).status_code == 404
    assert entered.status_code == 303
    assert (await browser.get("/sign-in?next=/oncall")).headers["location"] == "/oncall"


@pytest.mark.parametrize("shown", ["", "guest", "admin", "0" * 29, API_TOKEN, "webhook-token", "é"])
async def test_what_nobody_made_lets_nobody_in(door: Door, shown: str) -> None:
    browser = door.browser()

    refused = await browser.sign_in_by_token(shown)

    assert refused.status_code == 403
    assert "This token cannot be used" in refused.text
    assert browser.cookie() is None
    (row,) = door.audited()
    assert (row.action, row.done, row.address) == ("sign-in", False, STRANGER)


async def test_a_token_signs_in_once_within_its_time_and_never_as_a_program(
    door: Door, clock: HandClock
) -> None:
    token, late = [await door.make_token(purpose="sign-in", **{"for": "15m"}) for _ in range(2)]
    typed = f" {token.upper().replace('-', ' ')} "

    assert (await door.browser().sign_in_by_token(typed)).status_code == 303
    assert (await door.browser().sign_in_by_token(token)).status_code == 403
    clock.advance(minutes(15))
    assert (await door.browser().sign_in_by_token(late)).status_code == 403
    headers = {"Authorization": f"Bearer {token}"}
    assert (await door.browser().client.get("/api/audit", headers=headers)).status_code == 401


async def test_a_programs_token_does_not_sign_in(door: Door) -> None:
    token = await door.make_token(purpose="api", role="administrator")

    assert (await door.browser().sign_in_by_token(token)).status_code == 403
    headers = {"Authorization": f"Bearer {token}"}
    assert (await door.browser().client.get("/api/audit", headers=headers)).status_code == 200


async def test_of_two_who_show_one_token_at_once_one_is_let_in(door: Door) -> None:
    token = await door.make_token(purpose="sign-in")
    first, second = door.browser(), door.browser()
    fields = [{**await one.form(), "token": token} for one in (first, second)]

    answers = await asyncio.gather(
        first.post("/sign-in", fields[0]), second.post("/sign-in", fields[1])
    )

    assert sorted(answer.status_code for answer in answers) == [303, 403]
    assert len(door.rows(tables.sessions)) == 1


async def test_the_cookie_is_out_of_reach_of_scripts_plain_http_and_other_sites(
    door: Door,
) -> None:
    browser = door.browser()
    entered = await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))

    kept = next(
        one for one in entered.headers.get_list("set-cookie") if one.startswith(f"{SESSION}=")
    )
    attributes = {part.strip() for part in kept.split(";")[1:]}
    assert attributes == {"HttpOnly", "SameSite=lax", "Path=/", "Secure", "Max-Age=86400"}


async def test_without_tls_the_cookie_has_the_name_that_browsers_take_there(
    tmp_path: Path, clock: HandClock
) -> None:
    with open_door(tmp_path, clock, external_url=None) as door:
        browser = door.browser(url="http://127.0.0.1:8080")
        entered = await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))

        assert entered.status_code == 303
        assert browser.cookie("guardia") is not None
        assert all("Secure" not in one for one in entered.headers.get_list("set-cookie"))
        assert "strict-transport-security" not in entered.headers


async def test_the_database_has_nothing_that_could_be_shown(door: Door) -> None:
    token = await door.make_token(purpose="sign-in")
    browser = door.browser()
    await browser.sign_in_by_token(token)

    (session,), (kept,) = door.rows(tables.sessions), door.rows(tables.tokens)

    cookie = browser.cookie()
    assert cookie is not None
    assert session.digest == digest(cookie)
    assert kept.digest == digest(token)
    stored = repr(door.rows(tables.sessions) + door.rows(tables.tokens) + door.rows(tables.audit))
    assert cookie not in stored
    assert token not in stored
    other = door.browser()
    other.client.cookies.set(SESSION, session.digest)
    assert (await other.get("/incidents")).status_code == 303


async def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(
    door: Door,
) -> None:
    planted = "x" * 43
    browser = door.browser()
    browser.client.cookies.set(SESSION, planted)
    browser.client.cookies.set(BEGUN, planted)

    await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))

    attacker = door.browser()
    for name in (SESSION, BEGUN):
        attacker.client.cookies.set(name, planted)
    assert (await attacker.get("/incidents")).status_code == 303
    assert digest(planted) not in {row.digest for row in door.rows(tables.sessions)}


async def test_signing_in_again_ends_the_session_before(door: Door) -> None:
    browser = door.browser()
    await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))
    before = browser.cookie()
    assert before is not None
    fields = {**await door.browser().form(), "token": await door.make_token(purpose="sign-in")}

    other = door.browser()
    fields = {**await other.form(), "token": fields["token"]}
    other.client.cookies.set(SESSION, before)
    await other.post("/sign-in", fields)

    assert [row.digest for row in door.rows(tables.sessions)] != [digest(before)]
    assert len(door.rows(tables.sessions)) == 1


async def test_a_session_ends_after_a_shift_and_at_once_at_sign_out(
    door: Door, clock: HandClock
) -> None:
    slow, quick = door.browser(), door.browser()
    for one in (slow, quick):
        await one.sign_in_by_token(await door.make_token(purpose="sign-in"))
    cookie = quick.cookie()
    assert cookie is not None

    out = await quick.post("/sign-out", await quick.form("/incidents/7"))

    assert out.headers["location"] == "/sign-in?out=1"
    assert quick.cookie() is None
    thief = door.browser()
    thief.client.cookies.set(SESSION, cookie)
    assert (await thief.get("/incidents/7")).status_code == 303
    clock.advance(timedelta(hours=12) - minutes(1))
    assert (await slow.get("/incidents/7")).status_code == 404
    clock.advance(minutes(1))
    assert (await slow.get("/incidents/7")).status_code == 303
    assert door.audited()[0].action == "sign-out"


async def test_ending_a_token_ends_whoever_signed_in_with_it(door: Door) -> None:
    browser = door.browser()
    await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))
    (token,) = door.rows(tables.tokens)
    headers = {"Authorization": f"Bearer {API_TOKEN}"}

    ended = await browser.client.post(
        f"/api/tokens/{token.id}/end", json={"by": "Platform engineer 1"}, headers=headers
    )

    assert ended.json()["state"] == "ended"
    assert (await browser.get("/incidents/7")).status_code == 303


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/incidents\r\nSet-Cookie: x=y",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        " /incidents",
        "/incidents\x00",
        "/é",
        "/" + "a" * 3000,
        "/sign-in?next=/sign-in",
        "/sign-out",
        "",
    ],
)
async def test_signing_in_leads_nowhere_else(door: Door, to: str) -> None:
    browser = door.browser()

    entered = await browser.sign_in_by_token(await door.make_token(purpose="sign-in"), next=to)
    again = await browser.client.get("/sign-in", params={"next": to})

    for answer in (entered, again):
        assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
        assert "x" not in answer.cookies


async def test_ten_thousand_guesses_are_stopped_and_others_still_get_in(
    door: Door, clock: HandClock
) -> None:
    attacker, colleague = door.browser(), door.browser(address="198.51.100.4")
    fields = {**await attacker.form(), "token": "guess"}

    answers = [await attacker.post("/sign-in", fields) for _ in range(30)]

    codes = [answer.status_code for answer in answers]
    assert codes == [403] * 20 + [429] * 10
    assert answers[-1].headers["retry-after"] == "15"
    assert "Too many have tried to sign in." in answers[-1].text
    assert len(door.audited()) == 20
    assert (
        await colleague.sign_in_by_token(await door.make_token(purpose="sign-in"))
    ).status_code == 303
    clock.advance(timedelta(seconds=15))
    assert (await attacker.post("/sign-in", fields)).status_code == 403


@pytest.mark.parametrize("addresses", ["many", "hers"])
async def test_a_stranger_who_guesses_locks_nobody_out(door: Door, addresses: str) -> None:
    """Also from as many networks as they like, or from behind the same address as all others."""
    for number in range(220):
        address = f"2001:db8:{number:x}::1" if addresses == "many" else "198.51.100.4"
        refused = await door.browser(address=address).post("/sign-in", {"token": "guess"})
    assert refused.status_code == 429
    colleague = door.browser(address="198.51.100.4")
    token = await door.make_token(purpose="sign-in")

    assert (await colleague.sign_in_by_token(token)).status_code == 303
    assert len(door.audited()) <= 202


async def test_a_viewer_looks_and_is_refused_to_answer(door: Door) -> None:
    browser = door.browser()
    await browser.sign_in_by_token(await door.make_token(purpose="sign-in", role="viewer"))
    fields = await browser.form("/incidents/7")

    refused = await browser.post("/incidents/7/ack", fields)

    assert fields["form_token"]
    assert refused.status_code == 403
    assert "This needs the role responder; yours is viewer." in refused.text
    assert door.answers == []
    row = door.audited()[0]
    assert (row.done, row.actor, row.via) == (False, "Night shift", "page")


@pytest.mark.parametrize(
    ("site", "headers", "token", "is_let_through"),
    [
        ("same-origin", {}, "right", True),
        ("none", {}, "right", True),
        (None, {"Origin": "https://guardia.example"}, "right", True),
        (None, {}, "right", True),
        ("cross-site", {}, "right", False),
        ("same-site", {}, "right", False),
        ("", {}, "right", False),
        ("cross-site", {"Origin": "https://guardia.example"}, "right", False),
        (None, {"Origin": "https://evil.example"}, "right", False),
        (None, {"Origin": "https://guardia.example.evil.example"}, "right", False),
        (None, {"Origin": "https://guardia.example:8443"}, "right", False),
        (None, {"Origin": "null"}, "right", False),
        (None, {"Origin": ""}, "right", False),
        ("same-origin", {}, "wrong", False),
        ("same-origin", {}, "another's", False),
        ("same-origin", {}, "cookie", False),
        ("same-origin", {}, "", False),
        ("same-origin", {}, None, False),
        (None, {}, None, False),
    ],
)
async def test_a_form_counts_only_from_our_own_page(
    door: Door, site: str | None, headers: dict[str, str], token: str | None, is_let_through: bool
) -> None:
    browser, other = door.browser(), door.browser()
    for one in (browser, other):
        await one.sign_in_by_token(await door.make_token(purpose="sign-in"))
    tokens = {
        "right": (await browser.form("/incidents/7"))["form_token"],
        "another's": (await other.form("/incidents/7"))["form_token"],
        "cookie": browser.cookie() or "",
    }
    fields = {} if token is None else {"form_token": tokens.get(token, token)}

    answer = await browser.post("/sign-out", fields, site=site, **headers)

    assert answer.status_code == (303 if is_let_through else 403)
    assert (browser.cookie() is None) is is_let_through
    assert len(door.rows(tables.sessions)) == (1 if is_let_through else 2)
    row = door.audited()[0]
    assert (row.action, row.done) == (("sign-out" if is_let_through else "form"), is_let_through)
    assert row.actor == "Night shift"


@pytest.mark.parametrize("attack", ["cross-site", "no cookie", "another's token", "no token"])
async def test_nobody_is_signed_in_as_an_attacker(door: Door, attack: str) -> None:
    victim, attacker = door.browser(), door.browser()
    token = await door.make_token(purpose="sign-in")
    fields = {**await victim.form(), "token": token}
    if attack == "no cookie":
        victim.client.cookies.clear()
    if attack == "another's token":
        fields |= await attacker.form()
    if attack == "no token":
        del fields["form_token"]

    site = "cross-site" if attack == "cross-site" else "same-origin"
    answer = await victim.post("/sign-in", fields, site=site)

    assert answer.status_code == 403
    assert victim.cookie() is None
    assert door.rows(tables.tokens)[0].used_at is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"form_token=%TOKEN%&form_token=x", 400),
        (b"form_token=%TOKEN%&text=%ff", 400),
        (b"form_token=%TOKEN%&text=\xff", 400),
        (b"form_token", 400),
        (b"&".join(b"f%d=1" % n for n in range(200)), 400),
        (b"form_token=" + b"x" * 16_384, 413),
        (b'{"form_token": "x"}', 400),
    ],
)
async def test_what_is_no_form_is_refused_with_a_page(door: Door, body: bytes, status: int) -> None:
    browser = door.browser()
    await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))
    token = (await browser.form("/incidents/7"))["form_token"].encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await browser.client.post(
        "/sign-out", content=body.replace(b"%TOKEN%", token), headers=headers
    )

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert len(door.rows(tables.sessions)) == 1


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
async def test_a_form_of_a_kind_that_other_sites_may_send_unasked_is_refused(
    door: Door, kind: str
) -> None:
    browser = door.browser()
    await browser.sign_in_by_token(await door.make_token(purpose="sign-in"))
    token = (await browser.form("/incidents/7"))["form_token"]

    answer = await browser.client.post(
        "/sign-out", content=f"form_token={token}", headers={"Content-Type": kind}
    )

    assert answer.status_code == 415


async def test_a_session_reads_the_api_and_changes_nothing_there(door: Door) -> None:
    browser = door.browser()
    token = await door.make_token(purpose="sign-in", role="administrator")
    await browser.sign_in_by_token(token)

    read = await browser.get("/api/audit")
    body = {"name": "x", "role": "administrator", "by": "x"}
    made = await browser.client.post("/api/tokens", json=body)

    assert (read.status_code, read.headers["cache-control"]) == (200, "no-store")
    assert (made.status_code, made.headers["www-authenticate"]) == (401, "Bearer")
    assert len(door.rows(tables.tokens)) == 1


async def test_every_page_forbids_what_a_page_of_ours_never_does(door: Door) -> None:
    browser = door.browser()
    signed_in = door.browser()
    await signed_in.sign_in_by_token(await door.make_token(purpose="sign-in"))

    for answer in (
        await browser.get("/sign-in"),
        await browser.get("/incidents"),
        await browser.post("/sign-out", {}, site="cross-site"),
        await signed_in.get("/incidents/7"),
    ):
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
            " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'"
        )
        told = {
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cache-control": "no-store",
            "strict-transport-security": "max-age=31536000",
        }
        assert {name: answer.headers.get(name) for name in told} == told
        assert "camera=()" in answer.headers["permissions-policy"]
        assert " style=" not in answer.text
        assert "<script>" not in answer.text


def test_a_role_is_enough_for_itself_and_what_is_below() -> None:
    assert Role.ADMINISTRATOR.may(Role.VIEWER)
    assert not Role.VIEWER.may(Role.RESPONDER)


async def test_a_form_of_an_ended_session_leads_back_to_the_page_it_was_on(door: Door) -> None:
    browser = door.browser()
    referer = "https://guardia.example/incidents/7?x=1"

    ours = await browser.post("/incidents/7/ack", {}, Referer=referer)
    foreign = await browser.post("/incidents/7/ack", {}, Referer="https://evil.example/incidents/9")

    assert ours.headers["location"] == "/sign-in?next=/incidents/7%3Fx%3D1"
    # Of another site's address nothing is taken: where the form stands, ours tells.
    assert foreign.headers["location"] == "/sign-in?next=/incidents/7"
