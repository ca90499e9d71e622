"""What people see when something fails: what still works, in their words and not a program's."""

from pathlib import Path

import httpx
import pytest

from router.language import LANGUAGES
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
