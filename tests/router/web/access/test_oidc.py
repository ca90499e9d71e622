"""Signing in by the identity provider: who is let in, and every answer that lets in nobody."""

import asyncio
import base64
import hmac
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt

from router.oncall.model import PersonId
from router.store import tables
from tests.fakes.failures import Answer
from tests.fakes.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    OidcFake,
    rsa_key,
    signed,
    unsigned,
)
from tests.router.making import minutes
from tests.router.road import HandClock
from tests.router.web.access.door import BEGUN, URL, Browser, Door, catalog_of, open_door

ANA = "ana@conecta360.example"
METADATA = "/.well-known/openid-configuration"


@dataclass(slots=True, kw_only=True)
class Way:
    """A door with an identity provider."""

    door: Door
    provider: OidcFake

    async def go(self, browser: Browser, *, to: str = "/oncall", **claims: Any) -> tuple[str, str]:
        """Go to the provider and sign in there; return where it sends the browser back."""
        asked = await browser.client.get("/sign-in/oidc", params={"next": to})
        assert asked.status_code == 303, asked.text
        back = self.provider.sign_in(asked.headers["location"], **{"email": ANA, **claims})
        return asked.headers["location"], back

    def asked(self, path: str) -> int:
        """Return how often the provider was asked for this."""
        return sum(call.path == path for call in self.provider.calls)

    async def is_refused(self, browser: Browser, back: str, sentence: str) -> None:
        """See that this leads nobody in, says why, and is recorded."""
        answer = await browser.get(back)
        assert answer.status_code == 403, answer.text
        assert sentence in answer.text
        assert browser.cookie() is None
        assert self.door.rows(tables.sessions) == []
        row = self.door.audited()[0]
        assert (row.action, row.done) == ("sign-in", False)


@pytest.fixture
def provider(clock: HandClock) -> Iterator[OidcFake]:
    with OidcFake(redirect_uri=f"{URL}/sign-in/oidc/callback", now=clock).serving() as serving:
        yield serving


@pytest.fixture
async def way(tmp_path: Path, clock: HandClock, provider: OidcFake) -> AsyncIterator[Way]:
    (tmp_path / "oidc-client-secret").write_text(f"{CLIENT_SECRET}\n")
    settings = {"GUARDIA_OIDC_ISSUER": provider.issuer, "GUARDIA_OIDC_CLIENT_ID": CLIENT_ID}
    with open_door(tmp_path, clock, settings=settings) as door:
        yield Way(door=door, provider=provider)


@pytest.mark.parametrize("name", [ANA, "Ana@Conecta360.example", f" {ANA} "])
async def test_who_is_of_the_catalog_is_let_in_and_taken_where_they_wanted(
    way: Way, name: str
) -> None:
    browser = way.door.browser()

    page = await browser.get("/sign-in?next=/oncall")
    _, back = await way.go(browser, email=name, email_verified=True)
    entered = await browser.get(back)

    assert 'href="/sign-in/oidc?next=/oncall"' in page.text
    assert (entered.status_code, entered.headers["location"]) == (303, "/oncall")
    shown = await browser.get("/incidents/7")
    assert shown.status_code == 404
    assert "Engineer ana" in shown.text
    row = way.door.audited()[0]
    assert (row.done, row.actor, row.person) == (True, "Engineer ana", "ana")
    assert browser.cookie(BEGUN) is None


async def test_the_provider_that_wants_the_secret_in_the_form_gets_it_there(way: Way) -> None:
    way.provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    browser = way.door.browser()

    _, back = await way.go(browser)

    assert (await browser.get(back)).status_code == 303


async def test_who_is_not_of_the_catalog_is_told_what_to_ask_for_and_whom(way: Way) -> None:
    browser = way.door.browser()
    name = 'eva"><script>alert(1)</script>@conecta360.example'

    _, back = await way.go(browser, email=name)
    answer = await browser.get(back)

    assert answer.status_code == 403
    assert "<script>alert" not in answer.text
    assert "eva&#34;&gt;&lt;script&gt;" in answer.text
    assert "sign_in: [" in answer.text
    assert "Head of operations" in answer.text
    assert "Engineer ana" not in answer.text
    row = way.door.audited()[0]
    assert (row.done, row.actor, row.person) == (False, name, None)
    assert browser.cookie() is None


async def test_who_leaves_the_catalog_is_out_at_once_and_a_new_role_counts_at_once(
    way: Way,
) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)
    await browser.get(back)
    assert (await browser.get("/incidents/7")).status_code == 404

    renamed = replace(
        way.door.catalog.roster.people[PersonId("ana")], sign_ins=("another@conecta360.example",)
    )
    people = way.door.catalog.roster.people | {renamed.id: renamed}
    roster = replace(way.door.catalog.roster, people=people)
    way.door.catalog = replace(way.door.catalog, roster=roster)
    assert (await browser.get("/incidents/7")).status_code == 303

    way.door.catalog = catalog_of("ana", "ada")
    assert (await browser.get("/incidents/7")).status_code == 404
    way.door.catalog = catalog_of("ada")
    assert (await browser.get("/incidents/7")).status_code == 303


async def test_a_name_that_goes_over_to_a_colleague_does_not_make_a_session_theirs(
    way: Way,
) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)
    await browser.get(back)

    people = way.door.catalog.roster.people
    changed = {
        PersonId("ana"): replace(people[PersonId("ana")], sign_ins=()),
        PersonId("ada"): replace(people[PersonId("ada")], sign_ins=(ANA,)),
    }
    roster = replace(way.door.catalog.roster, people=people | changed)
    way.door.catalog = replace(way.door.catalog, roster=roster)

    assert (await browser.get("/incidents/7")).status_code == 303


@pytest.mark.parametrize("name", ["\N{KELVIN SIGN}im@conecta360.example"])
async def test_a_foreign_letter_that_looks_alike_is_nobody(way: Way, name: str) -> None:
    kim = replace(
        way.door.catalog.roster.people[PersonId("ana")], sign_ins=("kim@conecta360.example",)
    )
    roster = replace(way.door.catalog.roster, people={kim.id: kim})
    way.door.catalog = replace(way.door.catalog, roster=roster)
    browser = way.door.browser()

    _, back = await way.go(browser, email=name)

    assert (await browser.get(back)).status_code == 403
    _, back = await way.go(browser, email="Kim@conecta360.example")
    assert (await browser.get(back)).status_code == 303


async def test_an_answer_counts_once_and_only_in_the_browser_that_asked(way: Way) -> None:
    victim, attacker = way.door.browser(), way.door.browser()
    _, back = await way.go(attacker)

    await way.is_refused(victim, back, "begun in another browser")
    await way.go(victim)  # also when it has begun to sign in itself
    await way.is_refused(victim, back, "begun in another browser")

    cookie = attacker.cookie(BEGUN)
    assert (await attacker.get(back)).status_code == 303
    assert (await attacker.get(back)).status_code == 403
    replayed = way.door.browser()
    replayed.client.cookies.set(BEGUN, cookie or "")
    answer = await replayed.get(back)
    assert answer.status_code == 403
    assert "does not know this sign-in" in answer.text


async def test_an_answer_after_ten_minutes_is_late(way: Way, clock: HandClock) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)

    clock.advance(minutes(10) + timedelta(seconds=1))

    await way.is_refused(browser, back, "more than ten minutes ago")


@pytest.mark.parametrize(
    "change",
    [
        lambda back: back.partition("&state=")[0],
        lambda back: back[:-4] + "AAAA",
        lambda back: f"{back}&state=x",
        lambda back: back.replace("code=", "error=access_denied&x="),
        lambda back: f"{back}&code=x",
        lambda back: back.partition("code=")[0] + "code=junk&" + back.partition("&")[2],
    ],
)
async def test_an_answer_that_was_tampered_with_is_nobodys(
    way: Way, change: Callable[[str], str]
) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)

    await way.is_refused(browser, change(back), "Not done")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another-client"]},  # and nobody says whom it was issued to
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ""},
        {"exp": None},
        {"exp": 1},
        {"exp": "never"},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"at_hash": "of-another-access-token"},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email": None},
        {"email": ""},
        {"email": [ANA]},
        {"email": f"{ANA}\nx"},
        {"email": "a" * 400},
    ],
)
async def test_a_token_of_another_issuer_time_client_or_sign_in_is_nobodys(
    way: Way, claims: dict[str, Any]
) -> None:
    browser = way.door.browser()
    way.provider.claims = claims
    _, back = await way.go(browser)

    await way.is_refused(browser, back, "The identity provider")


async def test_a_token_that_ended_just_now_by_another_clock_is_taken_and_a_minute_later_not(
    way: Way, clock: HandClock
) -> None:
    now = int(clock().timestamp())
    for ended, status in ((59, 303), (60, 403)):
        browser = way.door.browser()
        way.provider.claims = {"iat": now - 300, "exp": now - ended}
        _, back = await way.go(browser)
        assert (await browser.get(back)).status_code == status


def _by_public_key(claims: dict[str, Any]) -> str:
    """Sign with HMAC by the provider's public key, which everybody has."""
    key = rsa_key("key-1").as_pem(private=False)
    head, body, _ = unsigned(claims, {"alg": "HS256", "kid": "key-1"}).split(".")
    signature = hmac.digest(key, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _with_own_key_inside(claims: dict[str, Any]) -> str:
    key = rsa_key("attacker")
    header = {"alg": "RS256", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key)


def _changed_after_signing(claims: dict[str, Any]) -> str:
    head, _, signature = signed(claims | {"email": "eva@conecta360.example"}, "key-1").split(".")
    body = unsigned(claims, {}).split(".")[1]
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        lambda claims: unsigned(claims, {"alg": "none"}),
        lambda claims: unsigned(claims, {"alg": "None", "kid": "key-1"}),
        lambda claims: unsigned(claims, {"alg": "NONE", "kid": "key-1"}),
        lambda claims: unsigned(claims, {"alg": "RS256", "kid": "key-1"}),
        lambda claims: unsigned(claims, {"alg": "RS256", "kid": "key-1"}, b"\0" * 256),
        lambda claims: unsigned(claims, {"kid": "key-1"}, b"x"),
        lambda claims: signed(claims, "attacker"),
        lambda claims: signed(claims, "attacker", named="key-1"),
        _by_public_key,
        _with_own_key_inside,
        _changed_after_signing,
        lambda _: "",
        lambda _: "a.b.c",
        lambda _: "é",
        lambda _: base64.b64encode(b"x" * 40_000).decode(),
    ],
)
async def test_a_token_that_the_provider_did_not_sign_is_nobodys(
    way: Way, forge: Callable[[dict[str, Any]], str]
) -> None:
    browser = way.door.browser()
    way.provider.forge = forge
    _, back = await way.go(browser)

    await way.is_refused(browser, back, "The identity provider")


async def test_a_new_key_of_the_provider_is_taken_up(way: Way, clock: HandClock) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)
    assert (await browser.get(back)).status_code == 303

    way.provider.kid, way.provider.published = "key-2", ["key-1", "key-2"]
    clock.advance(minutes(2))
    later = way.door.browser()
    _, back = await way.go(later)
    assert (await later.get(back)).status_code == 303


async def test_keys_are_not_asked_for_again_and_again(way: Way) -> None:
    way.provider.kid = "unpublished"
    for _ in range(4):
        browser = way.door.browser()
        _, back = await way.go(browser)
        assert (await browser.get(back)).status_code == 403

    assert sum(call.path == "/keys" for call in way.provider.calls) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
async def test_a_provider_that_gives_addresses_of_others_is_not_asked(
    way: Way, metadata: dict[str, Any]
) -> None:
    way.provider.metadata = metadata

    answer = await way.door.browser().get("/sign-in/oidc")

    assert answer.status_code == 503
    assert "guardia token" not in answer.headers.get("location", "")
    assert "The identity provider cannot be asked now." in answer.text


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize("failure", [{"status": 500}, {"status": 302}, {"drops_connection": True}])
async def test_a_provider_that_fails_lets_nobody_in_and_names_the_other_way(
    way: Way, path: str, failure: dict[str, Any]
) -> None:
    browser = way.door.browser()
    way.provider.fail_next(None, when=lambda call: call.path == path, **failure)

    if path == "/token":
        _, back = await way.go(browser)
        answer = await browser.get(back)
    else:
        answer = await browser.get("/sign-in/oidc")

    assert answer.status_code == 503
    assert "can make a token" in answer.text
    assert way.door.rows(tables.sessions) == []


async def test_without_the_clients_secret_nobody_gets_in_and_the_log_says_why(
    way: Way, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)
    (tmp_path / "oidc-client-secret").write_text("wrong")
    assert (await browser.get(back)).status_code == 503
    (tmp_path / "oidc-client-secret").unlink()
    _, back = await way.go(browser)
    assert (await browser.get(back)).status_code == 503

    logged = [str(getattr(record, "context", record.__dict__)) for record in caplog.records]
    assert any("oidc-client-secret" in one for one in logged)
    assert not any(CLIENT_SECRET in one for one in logged)


@pytest.mark.parametrize(
    "failure",
    [
        {},  # the code is unknown
        {"status": 429},
        {"status": 500},
        {"drops_connection": True},
    ],
)
async def test_who_fails_too_often_has_the_provider_asked_no_more_whatever_it_answers(
    way: Way, clock: HandClock, failure: dict[str, Any]
) -> None:
    browser, other = way.door.browser(), way.door.browser(address="198.51.100.1")
    if failure:
        way.provider.fail_next(None, when=lambda call: call.path == "/token", **failure)
    _, back = await way.go(browser)
    wrong = re.sub("code=[^&]*", "code=junk", back)

    answers = [(await browser.get(wrong)).status_code for _ in range(60)]

    assert Counter(answers) == {503 if failure else 403: 20, 429: 40}
    assert way.asked("/token") == 20
    rows = way.door.audited()
    assert [(row.action, row.done) for row in rows] == [("sign-in", False)] * 20
    way.provider.heal()
    clock.advance(timedelta(seconds=14))
    assert (await browser.get(back)).status_code == 429
    _, of_another = await way.go(other)
    assert (await other.get(of_another)).status_code == 303, "only this address waits"
    clock.advance(timedelta(seconds=1))
    assert (await browser.get(back)).status_code == 303


async def test_who_gets_in_takes_nothing_from_those_beside(way: Way) -> None:
    for _ in range(30):
        browser = way.door.browser()
        _, back = await way.go(browser)
        assert (await browser.get(back)).status_code == 303


async def test_a_hundred_answers_at_once_ask_the_provider_no_more_often(way: Way) -> None:
    browser = way.door.browser()
    _, back = await way.go(browser)
    wrong = re.sub("code=[^&]*", "code=junk", back)

    answers = await asyncio.gather(*(browser.get(wrong) for _ in range(100)))

    assert Counter(one.status_code for one in answers) == {403: 20, 429: 80}
    assert {"retry-after" in one.headers for one in answers if one.status_code == 429} == {True}
    assert way.asked("/token") == 20


async def test_strangers_from_everywhere_keep_no_address_from_being_counted(
    way: Way, clock: HandClock
) -> None:
    for number in range(200):
        stranger = way.door.browser(address=f"203.0.113.{number}")
        await stranger.get("/sign-in/oidc/callback?state=x&code=x")
    browser = way.door.browser(address="198.51.100.1")
    _, back = await way.go(browser)
    wrong = re.sub("code=[^&]*", "code=junk", back)

    answers = {(await browser.get(wrong)).status_code for _ in range(40)}

    assert answers == {429}
    assert way.asked("/token") == 20
    friend = way.door.browser(address="198.51.100.2")
    _, back = await way.go(friend)
    assert (await friend.get(back)).status_code == 303


async def test_what_the_provider_publishes_is_asked_for_once_by_all_who_wait(way: Way) -> None:
    browsers = [way.door.browser() for _ in range(30)]

    answers = await asyncio.gather(*(one.get("/sign-in/oidc") for one in browsers))

    assert {one.status_code for one in answers} == {303}
    assert way.asked(METADATA) == way.asked("/keys") == 1


async def test_a_provider_that_is_away_is_asked_again_after_five_seconds(
    way: Way, clock: HandClock
) -> None:
    browser = way.door.browser()
    way.provider.fail_next(None, when=lambda call: call.path == METADATA, status=500)

    at_once = await asyncio.gather(*(browser.get("/sign-in/oidc") for _ in range(30)))
    later = [(await browser.get("/sign-in/oidc")).status_code for _ in range(30)]

    assert {one.status_code for one in at_once} | set(later) == {503}
    assert way.asked(METADATA) == 1
    assert {(row.action, row.done) for row in way.door.audited()} == {("sign-in", False)}
    way.provider.heal()
    clock.advance(timedelta(seconds=5))
    assert (await browser.get("/sign-in/oidc")).status_code == 303


@pytest.mark.parametrize("path", ["/keys", METADATA])
async def test_what_is_said_of_a_code_counts_of_nothing_else(way: Way, path: str) -> None:
    unknown = {"error": "invalid_grant"}
    way.provider.fail_next(when=lambda call: call.path == path, status=400, body=unknown)

    assert (await way.door.browser().get("/sign-in/oidc")).status_code == 503


async def test_an_answer_that_is_nested_too_deeply_is_none(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = Answer(body="[" * 100_000, media_type="text/plain")
    monkeypatch.setattr(way.provider, "answer", lambda _: deep)

    assert (await way.door.browser().get("/sign-in/oidc")).status_code == 503


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/x\r\nSet-Cookie: a=b"])
async def test_the_way_through_the_provider_leads_nowhere_else(way: Way, to: str) -> None:
    browser = way.door.browser()

    _, back = await way.go(browser, to=to)
    entered = await browser.get(back)

    assert entered.headers["location"] == "/incidents"


async def test_another_claim_may_hold_the_name(
    tmp_path: Path, clock: HandClock, provider: OidcFake
) -> None:
    (tmp_path / "oidc-client-secret").write_text(CLIENT_SECRET)
    settings = {
        "GUARDIA_OIDC_ISSUER": provider.issuer,
        "GUARDIA_OIDC_CLIENT_ID": CLIENT_ID,
        "GUARDIA_OIDC_CLAIM": "preferred_username",
    }
    with open_door(tmp_path, clock, settings=settings) as door:
        way, browser = Way(door=door, provider=provider), door.browser()
        claims: dict[str, Any] = {"email": None, "email_verified": False, "preferred_username": ANA}
        _, back = await way.go(browser, **claims)
        assert (await browser.get(back)).status_code == 303


async def test_what_the_provider_is_asked_is_new_each_time_and_tells_no_secret(way: Way) -> None:
    browser = way.door.browser()

    first, _ = await way.go(browser)
    second, _ = await way.go(browser)

    asked = [parse_qs(urlsplit(one).query) for one in (first, second)]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    cookie = browser.cookie(BEGUN)
    assert cookie is not None
    assert cookie not in first
    assert CLIENT_SECRET not in first


async def test_below_a_path_of_another_site_the_way_is_the_same(
    tmp_path: Path, clock: HandClock, provider: OidcFake
) -> None:
    (tmp_path / "oidc-client-secret").write_text(CLIENT_SECRET)
    provider.redirect_uri = f"{URL}/ops/sign-in/oidc/callback"
    settings = {"GUARDIA_OIDC_ISSUER": provider.issuer, "GUARDIA_OIDC_CLIENT_ID": CLIENT_ID}
    with open_door(tmp_path, clock, settings=settings, external_url=f"{URL}/ops") as door:
        browser = door.browser()
        turned_away = await browser.get("/ops/incidents/7")
        page = await browser.get(turned_away.headers["location"])
        asked = await browser.get("/ops/sign-in/oidc?next=/incidents/7")
        entered = await browser.get(provider.sign_in(asked.headers["location"], email=ANA))
        late = await door.browser().post(
            "/ops/incidents/7/ack", {}, Referer=f"{URL}/ops/incidents/7"
        )

        assert turned_away.headers["location"] == "/ops/sign-in?next=/incidents/7"
        assert 'href="/ops/sign-in/oidc?next=/incidents/7"' in page.text
        assert 'action="/ops/sign-in"' in page.text
        assert entered.headers["location"] == "/ops/incidents/7"
        assert (await browser.get("/ops/incidents/7")).status_code == 404
        assert late.headers["location"] == "/ops/sign-in?next=/incidents/7"
