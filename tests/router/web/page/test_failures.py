"""What people see when something fails: what still works, in their words and not a program's."""

import re
from collections.abc import Awaitable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from router.language import LANGUAGES
from router.web import actions
from router.web.access.headers import CONTENT_SECURITY_POLICY
from router.web.page import history
from tests.router.road import Fakes, HandClock
from tests.router.web.page.test_every_page import check_page
from tests.router.web.page.visit import BASE, HOST, Page, Site, Visitor, open_site

NO_DATABASE = {
    "en": "cannot read its database now. Acknowledge in PagerDuty",
    "es": "no puede leer su base de datos ahora. Reconozca el incidente en PagerDuty",
    "pt": "não consegue ler a sua base de dados agora. Reconheça o incidente no PagerDuty",
}


def told(answer: httpx.Response, status: int, *, language: str = "en") -> str:
    """Return the text of a page that says what failed."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    page = Page(answer)
    check_page(page, answer.text, language=language)
    return page.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_its_database_the_router_says_so_to_people(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        visitor = await site.come()
        token = await visitor.form_token()
        site.road.store.close()

        for path in ("/incidents", "/incidents/1", "/history", "/oncall", "/me", "/health"):
            answer = await visitor.get(path)
            assert NO_DATABASE[language] in told(answer, 503, language=language), path
            assert answer.headers["retry-after"] == "1"
        done = await visitor.client.post(
            "/incidents/1/ack",
            content=f"form_token={token}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert NO_DATABASE[language] in told(done, 503, language=language)


MAYBE = {
    "en": "It may have been taken all the same: look at the incident before you press again.",
    "es": "Es posible que su respuesta se haya guardado: mire el incidente antes de pulsar",
    "pt": "É possível que a sua resposta tenha ficado guardada: veja o incidente antes de",
}


def answer_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the store do what it is given, and say so when nobody waits any more."""

    async def wait_for(work: Awaitable[Any], _seconds: float) -> None:
        await work
        raise TimeoutError

    monkeypatch.setattr(actions, "asyncio", SimpleNamespace(wait_for=wait_for))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_may_be_taken_is_to_be_looked_at_before_it_is_pressed_again(
    secrets_dir: Path,
    fakes: Fakes,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    """A minute later the same press would be a new wish, which wakes the next ones too."""
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        number = await site.raise_alert()
        visitor = await site.come("ada")
        answer_too_late(monkeypatch)

        escalated = await visitor.post(f"/incidents/{number}/escalate")
        commented = await visitor.post(f"/incidents/{number}/comment", {"text": "it is the pool"})

        kinds = [row["kind"] for row in (await site.road.show(number))["timeline"]]
        assert {"escalated", "commented"} <= set(kinds), "both were taken"
        for answer in (escalated, commented):
            text = told(answer, 503, language=language)
            assert MAYBE[language] in text
            assert "PagerDuty" in text
            assert NO_DATABASE[language] not in text
            (first, *_) = re.findall(r'(?:href|action)="([^"]*)"', _main(answer))
            assert first == f"{BASE}/incidents/{number}", "before the form that sends it again"
        assert Page(escalated).all("form") == [], "the button is there, as the incident stands"
        assert "it is the pool" in commented.text


async def test_what_is_no_answer_and_may_be_done_says_so_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await site.come()
    answer_too_late(monkeypatch)
    answer = await visitor.post("/me/test")
    assert "It may have been done all the same: look before you press again." in told(answer, 503)
    assert re.findall(r'<a [^>]*href="([^"]*)"', _main(answer))[0] == f"{BASE}/me"
    number = await site.raise_alert()
    asked = await site.road.api("POST", f"/api/incidents/{number}/escalate", json={"by": "ana"})
    assert asked.status_code == 503
    assert asked.json()["detail"].endswith("It may be done all the same: look first.")


def _main(answer: httpx.Response) -> str:
    return answer.text.partition("<main")[2].partition("</main")[0]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Nothing was done: the page that sent this is out of date. Begin again."),
        ("es", "No se hizo nada: la página que lo envió ya no está al día. Empiece de nuevo."),
        ("pt", "Nada foi feito: a página que enviou isto já não está atualizada. Comece de novo."),
    ],
)
async def test_a_form_of_an_older_router_leads_to_where_it_is_begun_again(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str, sentence: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        visitor = await site.come()
        for path, begun in (("/overrides/preview", "/overrides/new"), ("/incidents", "/incidents")):
            answer = await visitor.post(path, {"schedule": "primary", "person": "ben"})
            assert sentence in told(answer, 405, language=language)
            assert "GET" in answer.headers["allow"]
            assert re.findall(r'<a [^>]*href="([^"]*)"', _main(answer))[0] == BASE + begun
        for_programs = await site.road.api("POST", "/api/health", json={})
        assert for_programs.headers["content-type"] == "application/problem+json"


async def test_programs_are_told_in_their_words(site: Site) -> None:
    site.road.store.close()
    program = site.road.client
    for path in ("/api/incidents", "/api/nowhere", "/-/ready", "/-/nowhere", "/webhooks"):
        answer = await program.get(path, headers={"Authorization": "Bearer api-token"})
        assert answer.status_code in (404, 503), path
        assert answer.headers["content-type"] == "application/problem+json", path


async def test_an_unforeseen_error_is_told_without_the_insides(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("the insides")

    visitor = _seeing_errors(site, await site.come())
    monkeypatch.setattr(history, "search_incidents", fail)

    text = told(await visitor.get("/history"), 500)

    assert "An error of the router; its logs have it. Acknowledge in PagerDuty" in text
    assert "e-mail" not in text, "its links are answered by the same router"
    assert "insides" not in text


@pytest.mark.parametrize(
    "path", ["/incidents/", "/history/?state=open", "/nowhere", "/act/", "/x//y/"]
)
@pytest.mark.parametrize("strips", [True, False])
async def test_a_path_that_is_none_leads_nowhere_else(site: Site, path: str, strips: bool) -> None:
    visitor = await site.come(strips=strips)

    answer = await visitor.get(path)

    assert "location" not in answer.headers
    assert "There is no such page." in told(answer, 404)


async def test_no_answer_names_an_address_of_its_own_making(site: Site) -> None:
    """A proxy ends TLS and takes the path off: what the router knows of both is not the truth."""
    number = await site.raise_alert()
    for person in ("ana", None):
        visitor = await site.come(person)
        for path in ("/", "", "/incidents/", f"/incidents/{number}/", "/oncall/", "/sign-in/"):
            location = (await visitor.get(path)).headers.get("location", f"{BASE}/")
            assert location.startswith(f"{BASE}/"), path


@pytest.mark.parametrize("word", ["\0", "casos\0", "a\nb", "\u202e"])
async def test_a_service_that_nobody_can_have_typed_is_refused(site: Site, word: str) -> None:
    await site.raise_alert()
    visitor = _seeing_errors(site, await site.come())

    answer = await visitor.client.get("/history", params={"service": f"x{word}x"})

    assert "There is no service of that name." in told(answer, 200)


@pytest.mark.parametrize("header", ["Origin", "Referer"])
@pytest.mark.parametrize("word", ["http://[", "https://[::1", "http://a]b", "//["])
async def test_a_malformed_address_in_a_header_is_nobodys(
    site: Site, header: str, word: str
) -> None:
    stranger = _seeing_errors(site, await site.come(None))

    answer = await stranger.client.post("/incidents/1/ack", headers={header: word})

    assert answer.status_code == (403 if header == "Origin" else 303)
    if header == "Referer":
        assert answer.headers["location"] == f"{BASE}/sign-in?next=/incidents/1"


def _seeing_errors(site: Site, visitor: Visitor) -> Visitor:
    """Return the visitor on a server, which answers what failed instead of raising it."""
    transport = httpx.ASGITransport(app=site.road.app, raise_app_exceptions=False)
    client = httpx.AsyncClient(
        transport=transport,
        base_url=HOST,
        headers=visitor.client.headers,
        cookies=visitor.client.cookies,
    )
    return Visitor(client=client, strips=visitor.strips)
