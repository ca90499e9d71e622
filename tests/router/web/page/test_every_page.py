"""What is true of every page, in every language, for everybody."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from router.language import LANGUAGES
from router.web.access.headers import CONTENT_SECURITY_POLICY
from tests.router.road import Fakes, HandClock
from tests.router.web.page.visit import BASE, PAGES, Page, Site, open_site

# What no page may hold: the policy lets no browser run it, and old ones know no policy.
_INLINE = re.compile(r"^on|^style$|^srcdoc$", re.ASCII)
_VOID = ("inline-script", "inline-style", "iframe", "object", "embed", "base", "style")


async def fill(site: Site) -> None:
    """Have an incident with a runbook and a page, and an override."""
    (site.folder / "runbooks" / "casos.md").write_text("# Casos\n\n## Symptom\n\nIt is down.\n")
    runbook = "https://wiki.conecta360.example/runbooks/casos"
    await site.raise_alert({"runbook_url": runbook, "description": "12 % fail"}, region="a")
    made = {"schedule": "primary", "person": "ben", "by": "Engineer ana", "reason": "a train"}
    times = {"from": "2026-11-24T13:00:00Z", "until": "2026-11-24T18:30:00Z"}
    assert (await site.road.api("POST", "/api/overrides", json=made | times)).status_code == 201
    await site.road.worker.turn()


def check_page(page: Page, text: str, *, language: str) -> None:
    """Assert what is true of every page."""
    assert [one["lang"] for one in page.all("html")] == [language]
    assert len(page.all("h1")) == 1
    assert re.search(r"<title>[^<]*\S[^<]* · Guardia</title>", text)
    assert page.all("main")
    for tag, attributes in page.elements:
        assert tag not in _VOID
        assert not any(_INLINE.match(name) for name in attributes), (tag, attributes)
    assert all(one.get("src") for one in page.all("script"))
    for address in page.addresses():
        assert address.startswith((f"{BASE}/", "#", "?", "https://", "http://", "tel:")), address
    for form in page.all("form"):
        assert form["method"] in ("get", "post")
        assert form["action"].startswith(f"{BASE}/")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", ["ana", "vera", "ada"])
async def test_every_page_is_whole_and_runs_nothing(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str, person: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        await fill(site)
        visitor = await site.come(person)
        for path in PAGES:
            answer = await visitor.get(path)
            is_refused = person == "vera" and path.startswith("/overrides")
            is_there = "999999" not in path and "unknown" not in path
            assert answer.status_code == (403 if is_refused else 200 if is_there else 404), path
            assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            check_page(Page(answer), answer.text, language=language)
            assert "None" not in Page(answer).text
            assert "Undefined" not in answer.text


async def test_strangers_see_how_to_sign_in_and_nothing_else(site: Site) -> None:
    await fill(site)
    stranger = await site.come(None)
    for path in PAGES:
        answer = await stranger.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{BASE}/sign-in?next=/")
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    shown = await stranger.get("/sign-in")
    check_page(Page(shown), shown.text, language="en")
    assert "Casos" not in shown.text


@pytest.mark.parametrize("strips", [True, False], ids=["stripped", "whole"])
async def test_below_a_path_everything_stays_below_it(site: Site, strips: bool) -> None:
    await fill(site)
    visitor = await site.come(strips=strips)
    for path in PAGES:
        page = Page(await visitor.get(path))
        for address in page.addresses():
            assert not address.startswith("/") or address.startswith(f"{BASE}/"), (path, address)
        for address in {one for one in page.addresses() if one.startswith(f"{BASE}/static/")}:
            asset = await visitor.get(address.removeprefix(BASE))
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]
    root = await visitor.get("/")
    assert root.headers["location"] == f"{BASE}/incidents"
    acknowledged = await visitor.post("/incidents/1/ack")
    assert acknowledged.headers["location"] == f"{BASE}/incidents/1?done=acknowledge"
    out = await visitor.post("/sign-out")
    assert out.headers["location"].startswith(f"{BASE}/")


async def test_a_head_request_is_answered_as_a_get_without_its_body(site: Site) -> None:
    await fill(site)
    visitor = await site.come()
    for path in PAGES:
        head, get = await visitor.get(path, method="HEAD"), await visitor.get(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers["content-type"] == get.headers["content-type"]


async def test_pages_need_no_script(site: Site) -> None:
    """Nothing is written by the script: every time and every sentence stands in the HTML."""
    await fill(site)
    visitor = await site.come()
    for path in PAGES:
        answer = await visitor.get(path)
        assert not re.search(r"<time[^>]*>\s*</time>", answer.text)
        assert "noscript" not in answer.text
        assert all("defer" in one for one in Page(answer).all("script"))


FORMS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/incidents/1/ack", {}),
    ("/incidents/1/resolve", {}),
    ("/incidents/1/escalate", {}),
    ("/incidents/1/snooze", {"for": "1h"}),
    ("/incidents/1/reassign", {"to": "person:ben"}),
    ("/incidents/1/comment", {"text": "x"}),
    ("/overrides", {"schedule": "primary", "person": "ben", "for": "1h"}),
    ("/overrides/1/cancel", {}),
    ("/me/test", {}),
    ("/me/awake", {"for": "1h"}),
    ("/me/awake/end", {}),
)


async def test_viewers_see_no_buttons_and_change_nothing(site: Site) -> None:
    await fill(site)
    before = (await site.road.show(1), (await site.road.api("GET", "/api/overrides")).json())
    viewer = await site.come("vera")
    for path in PAGES:
        page = Page(await viewer.get(path))
        posts = [one["action"] for one in page.all("form") if one["method"] == "post"]
        assert posts == [f"{BASE}/sign-out"], path
    for path, fields in FORMS:
        answer = await viewer.post(path, fields)
        assert answer.status_code == 403, path
        check_page(Page(answer), answer.text, language="en")
    after = (await site.road.show(1), (await site.road.api("GET", "/api/overrides")).json())
    assert after == before


@pytest.mark.parametrize(("path", "fields"), FORMS)
async def test_a_form_of_another_site_or_of_nobody_changes_nothing(
    site: Site, path: str, fields: dict[str, str]
) -> None:
    await fill(site)
    before = await site.road.show(1)
    visitor = await site.come()
    foreign = await visitor.post(path, fields, Sec_Fetch_Site="cross-site")
    stale = await visitor.post(path, fields | {"form_token": "x"})
    assert (foreign.status_code, stale.status_code) == (403, 403)
    check_page(Page(foreign), foreign.text, language="en")
    check_page(Page(stale), stale.text, language="en")
    assert await site.road.show(1) == before


WRONG: tuple[tuple[str, dict[str, str], int], ...] = (
    ("/incidents/1/snooze", {"for": "1y"}, 400),
    ("/incidents/1/snooze", {}, 400),
    ("/incidents/1/reassign", {"to": "ben"}, 400),
    ("/incidents/1/reassign", {"to": "person:nobody"}, 409),
    ("/incidents/1/reassign", {"to": "policy:nothing"}, 409),
    ("/incidents/1/comment", {"text": "  "}, 400),
    ("/incidents/1/comment", {"text": "x" * 2001}, 400),
    ("/incidents/7/ack", {}, 404),
    ("/incidents/x/ack", {}, 404),
    ("/incidents/99999999999999999999/ack", {}, 404),
    ("/overrides/7/cancel", {}, 404),
    ("/overrides/x/cancel", {}, 404),
    ("/overrides", {"schedule": "nothing"}, 400),
    ("/overrides", {"schedule": "primary", "person": "nobody", "for": "1h"}, 400),
    ("/overrides", {"schedule": "primary", "person": "ben", "for": "1y"}, 400),
    ("/overrides", {"schedule": "primary", "person": "ben", "for": "written"}, 400),
    (
        "/overrides",
        {"schedule": "primary", "person": "ben", "for": "1h", "reason": "x" * 501},
        400,
    ),
    ("/me/awake", {"for": "forever"}, 400),
)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_cannot_be_meant_is_a_page_with_a_sentence(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, language: str
) -> None:
    async with open_site(secrets_dir, fakes, clock, language=language) as site:
        await fill(site)
        visitor = await site.come()
        for path, fields, status in WRONG:
            answer = await visitor.post(path, fields)
            assert answer.status_code == status, (path, fields)
            check_page(Page(answer), answer.text, language=language)
            warnings = [one for one in Page(answer).all("p") if one.get("class") == "warning"]
            assert [one.get("role") for one in warnings] == ["alert"], path
        assert (await site.road.show(1))["state"] == "triggered"


async def test_what_is_over_cannot_be_answered_or_cancelled(site: Site) -> None:
    await fill(site)
    visitor = await site.come()
    assert (await visitor.post("/incidents/1/resolve")).status_code == 303
    late = await visitor.post("/incidents/1/ack")
    shown = await visitor.get(late.headers["location"].removeprefix(BASE))
    assert "It was over already. That is recorded." in Page(shown).text
    assert "You have it" not in Page(shown).text
    site.road.clock.advance(timedelta(hours=9))
    over = await visitor.post("/overrides/1/cancel")
    assert over.status_code == 409
    assert "There is no such override, or it is over." in Page(over).text


async def test_an_unknown_path_and_a_wrong_method_are_said(site: Site) -> None:
    visitor = await site.come()
    assert (await visitor.get("/nothing/here")).status_code == 404
    assert (await visitor.get("/me/test", method="PUT")).status_code == 405
