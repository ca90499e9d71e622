"""An answer that was not taken is not lost without a word: what is said, and what is kept of it."""

import re
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

import httpx
import pytest
from starlette.routing import Route

from router.oncall.model import PersonId, Role, Roster
from router.store.audit import list_audit
from router.web.access.admission import LIFE
from router.web.access.places import place_of
from tests.router.web.page.test_every_page import FORMS, check_page
from tests.router.web.page.visit import BASE, EXTERNAL, HEADER, HOST, Page, Site, Visitor

SENT = tuple(one for one in FORMS if place_of(one[0]) is not None)
NOT_GIVEN = "Your answer was NOT given: you had been signed out."
NOT_ADDED = "Your comment was NOT added: you had been signed out."
NOT_DONE = "This was NOT done: you had been signed out."
LOST = f"{NOT_ADDED} Your comment could not be kept: write it again."
TEXT = "it is the pool: «ñ» & <b>b</b>"


async def send(
    visitor: Visitor, path: str, fields: dict[str, str], **headers: str
) -> httpx.Response:
    """Send a form that was open before the session ended."""
    said = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Referer": f"{EXTERNAL}{place(path)}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    said = {name: value for name, value in said.items() if value}
    content = urlencode({"form_token": "old", **fields})
    return await visitor.client.post(path, content=content, headers=said)


def place(path: str) -> str:
    found = place_of(path)
    assert found is not None
    return found.path


def alerts(answer: httpx.Response) -> list[str]:
    """Return what a page says loudly."""
    return [
        " ".join(re.sub("<[^>]*>", "", one).split())
        for one in re.findall(r'<p class="warning" role="alert">(.*?)</p>', answer.text, re.DOTALL)
    ]


def written(answer: httpx.Response) -> list[str]:
    """Return what stands in the field for a comment."""
    return [one.get("value", "") for one in Page(answer).all("input") if one.get("name") == "text"]


async def sign_out_unseen(site: Site, person: str = "ana") -> Visitor:
    """Return the browser of somebody whose session has ended while a page was open."""
    visitor = await site.come(person)
    site.road.clock.advance(LIFE)
    return visitor


async def keep_comment(site: Site, text: str = TEXT) -> tuple[Visitor, str]:
    """Return a browser that keeps a comment of Ana's, and the page of its incident."""
    page = f"/incidents/{await site.raise_alert()}"
    visitor = await sign_out_unseen(site)
    await send(visitor, f"{page}/comment", {"text": text})
    return visitor, page


@pytest.mark.parametrize(("path", "fields"), SENT)
async def test_an_answer_after_the_session_ended_is_said_to_be_none(
    site: Site, path: str, fields: dict[str, str]
) -> None:
    await site.raise_alert()
    visitor = await sign_out_unseen(site)

    turned_away = await send(visitor, path, fields)

    assert turned_away.status_code == 303
    assert turned_away.headers["location"] == f"{BASE}/sign-in?next={place(path)}"
    sentence = NOT_GIVEN if path.startswith("/incidents/") else NOT_DONE
    sentence = NOT_ADDED if "text" in fields else sentence
    # Who is not signed in by the proxy at once reads it where they sign in.
    (first,) = alerts(await visitor.get("/sign-in?out=1"))
    assert first.startswith(sentence)
    shown = await visitor.get(turned_away.headers["location"].removeprefix(BASE), follow=True)
    assert str(shown.url).endswith(place(path))
    check_page(Page(shown), shown.text, language="en")
    (then,) = alerts(shown)
    assert then.startswith(sentence)
    assert (await site.road.show(1))["state"] == "triggered"
    rows = site.road.store.read_now(partial(list_audit, limit=100))
    assert [(one.entry.action, one.entry.actor, one.entry.done, one.entry.detail) for one in rows][
        1
    ] == ("form", "somebody", False, f"POST {path}: nobody was signed in any more")


async def test_a_comment_is_there_again_until_it_is_sent(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await sign_out_unseen(site)
    path = f"/incidents/{number}/comment"
    turned_away = await send(visitor, path, {"text": TEXT})
    assert "pool" not in turned_away.headers["location"]

    shown = await visitor.get(f"/sign-in?next=/incidents/{number}", follow=True)
    again = await visitor.get(f"/incidents/{number}")
    elsewhere = await visitor.get("/incidents")

    for page in (shown, again):
        assert written(page) == [TEXT]
        assert alerts(page) == [f"{NOT_ADDED} Your comment stands below: add it again."]
    assert alerts(elsewhere) == []
    await visitor.post(path, {"text": TEXT})
    after = await visitor.get(f"/incidents/{number}?done=comment")
    assert (written(after), alerts(after)) == ([""], [])
    assert "The comment is in the timeline." in Page(after).text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("ack", {}),
        ("reassign", {"to": "person:nobody"}),
        ("comment", {"text": " "}),
        ("/me/awake", {"for": "1h"}),
    ],
)
async def test_another_tap_does_not_take_a_comment_away(
    site: Site, path: str, fields: dict[str, str]
) -> None:
    visitor, page = await keep_comment(site)
    await visitor.get(f"/sign-in?next={page}", follow=True)
    await visitor.post(path if path.startswith("/") else f"{page}/{path}", fields)
    after = await visitor.get(page)
    assert written(after) == [TEXT]
    assert alerts(after) == [f"{NOT_ADDED} Your comment stands below: add it again."]


async def test_a_second_form_in_vain_leaves_the_comment_of_the_first(site: Site) -> None:
    visitor, page = await keep_comment(site)
    await send(visitor, f"{page}/ack", {})
    await send(visitor, "/me/test", {})

    shown = await visitor.get(f"/sign-in?next={page}", follow=True)
    assert written(shown) == [TEXT]
    assert alerts(shown) == [f"{NOT_GIVEN} Your comment stands below: add it again."]
    assert alerts(await visitor.get("/me")) == [f"{NOT_DONE} Do it again."]
    await visitor.post(f"{page}/comment", {"text": TEXT})
    assert alerts(await visitor.get(page)) == [f"{NOT_GIVEN} Press again."]
    await visitor.post(f"{page}/ack")
    assert alerts(await visitor.get(page)) == []


async def test_of_several_long_comments_the_last_is_kept_and_the_others_are_said_to_be_lost(
    site: Site,
) -> None:
    first, second = await site.raise_alert(), await site.raise_alert(service="pagos")
    visitor = await sign_out_unseen(site)
    for number in (first, second):
        await send(visitor, f"/incidents/{number}/comment", {"text": f"{number}" * 1000})
    shown = await visitor.get(f"/sign-in?next=/incidents/{second}", follow=True)
    assert written(shown) == [f"{second}" * 1000]
    assert alerts(await visitor.get(f"/incidents/{first}")) == [LOST]


async def test_1400_plain_letters_are_kept(site: Site) -> None:
    visitor, page = await keep_comment(site, "x" * 1400)
    shown = await visitor.get(f"/sign-in?next={page}", follow=True)
    assert written(shown) == ["x" * 1400]


async def test_who_signs_in_after_somebody_else_reads_nothing_of_theirs(site: Site) -> None:
    visitor, page = await keep_comment(site)
    visitor.client.headers[HEADER] = "ben@conecta360.example"
    shown = await visitor.get(f"/sign-in?next={page}", follow=True)
    assert "Engineer ben" in Page(shown).text
    assert (written(shown), alerts(shown)) == ([""], [])
    visitor.client.headers[HEADER] = "ana@conecta360.example"
    back = await visitor.get(f"/sign-in?next={page}", follow=True)
    assert written(back) == [TEXT]


async def test_whose_comment_it_is_must_be_known_or_none_is_shown(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    visitor.client.cookies.clear()
    await send(visitor, f"/incidents/{number}/comment", {"text": TEXT})
    shown = await visitor.get(f"/sign-in?next=/incidents/{number}", follow=True)
    assert (written(shown), alerts(shown)) == ([""], [LOST])


async def test_who_may_write_no_more_is_not_sent_to_a_field(site: Site) -> None:
    visitor, page = await keep_comment(site)
    catalog = site.road.worker.catalog
    ana = PersonId("ana")
    people = dict(catalog.roster.people)
    people[ana] = replace(people[ana], role=Role.VIEWER)
    roster = Roster(people=people, schedules=catalog.roster.schedules)
    site.road.worker.catalog = replace(catalog, roster=roster)
    shown = await visitor.get(f"/sign-in?next={page}", follow=True)
    assert (written(shown), alerts(shown)) == ([], [NOT_ADDED])


async def test_signing_out_after_the_session_ended_forgets_what_was_kept(site: Site) -> None:
    visitor, page = await keep_comment(site)
    await send(visitor, "/sign-out", {})
    assert alerts(await visitor.get("/sign-in?out=1")) == []
    shown = await visitor.get(f"/sign-in?next={page}", follow=True)
    assert (written(shown), alerts(shown)) == ([""], [])


async def test_who_has_it_already_is_not_told_to_press_what_is_not_there(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await sign_out_unseen(site)
    await send(visitor, f"/incidents/{number}/ack", {})
    await site.road.acknowledge(number, "Engineer ana")
    shown = await visitor.get(f"/sign-in?next=/incidents/{number}", follow=True)
    assert alerts(shown) == [NOT_GIVEN]
    assert "You have it." in Page(shown).text


async def test_a_preview_too_long_to_come_back_to_leads_to_its_form_and_says_so(
    site: Site,
) -> None:
    stranger = await site.come(None)
    query = urlencode({"schedule": "primary", "person": "ben", "reason": "ñ" * 350})
    away = await stranger.get(f"/overrides/preview?{query}")
    visitor = await site.come()
    shown = await visitor.get(away.headers["location"].removeprefix(BASE), follow=True)
    assert str(shown.url).startswith(f"{HOST}/overrides/new?")
    assert alerts(shown) == ["You had been signed out, and this was too long: fill it in again."]


async def test_a_comment_too_long_by_its_line_ends_is_none(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    lines = "line!\n" * 333  # 1998 characters, as the browser counts
    sent = await visitor.post(f"/incidents/{number}/comment", {"text": lines.replace("\n", "\r\n")})
    assert sent.status_code == 303


async def test_a_refused_comment_stands_there_to_be_changed(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    path = f"/incidents/{number}/comment"
    refused = await visitor.post(path, {"text": f"{TEXT}{'x' * 2000}"})
    assert refused.status_code == 400
    page = Page(refused)
    check_page(page, refused.text, language="en")
    assert page.all("form")[0]["action"] == BASE + path
    assert "it is the pool" in refused.text.partition("<textarea")[2].partition("</textarea>")[0]
    token = next(one["value"] for one in page.all("input") if one["name"] == "form_token")
    assert token == await visitor.form_token()


async def test_a_defect_keeps_what_was_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await site.raise_alert()
    visitor = await site.come()

    async def fail(work: Coroutine[object, object, object], _what: str) -> None:
        work.close()
        raise LookupError("nobody foresaw it")

    monkeypatch.setattr("router.web.actions.stored_in_time", fail)
    transport = httpx.ASGITransport(site.road.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=HOST, headers=visitor.client.headers
    ) as client:
        client.cookies = visitor.client.cookies
        fields = {"text": TEXT, "form_token": await visitor.form_token()}
        failing = Visitor(client=client, strips=True)
        failed = await send(failing, f"/incidents/{number}/comment", fields)
    assert failed.status_code == 500
    assert "it is the pool" in failed.text.partition("<textarea")[2].partition("</textarea>")[0]


async def test_an_override_that_cannot_be_cancelled_leads_back(site: Site) -> None:
    visitor = await site.come()
    refused = await visitor.post("/overrides/9/cancel")
    main = refused.text.partition("<main")[2]
    assert re.findall(r'<a[^>]* href="([^"]*)"', main)[0] == f"{BASE}/oncall"


async def test_a_comment_too_long_to_be_kept_is_said_to_be_lost(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await sign_out_unseen(site)
    refused = await send(visitor, f"/incidents/{number}/comment", {"text": "ñ" * 1999})
    assert max(len(one) for one in refused.headers.get_list("set-cookie")) < 2500
    shown = await visitor.get(f"/sign-in?next=/incidents/{number}", follow=True)
    assert written(shown) == [""]
    assert alerts(shown) == [LOST]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "", "Origin": "null"},
        {"Sec_Fetch_Site": "", "Referer": ""},
        {"Sec_Fetch_Site": "none"},
    ],
)
async def test_another_site_puts_no_text_into_anybodys_comment(
    site: Site, headers: dict[str, str]
) -> None:
    number = await site.raise_alert()
    visitor = await sign_out_unseen(site)
    answer = await send(visitor, f"/incidents/{number}/comment", {"text": TEXT}, **headers)
    assert "pool" not in answer.text
    assert not any("unsent" in name for name in visitor.client.cookies)
    shown = await visitor.get(f"/sign-in?next=/incidents/{number}", follow=True)
    assert (written(shown), alerts(shown)) == ([""], [])


async def test_a_browser_that_only_tells_its_origin_loses_nothing_either(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await sign_out_unseen(site)
    said = {"Sec_Fetch_Site": "", "Origin": HOST, "Referer": ""}
    turned_away = await send(visitor, f"/incidents/{number}/comment", {"text": TEXT}, **said)
    # Without a referrer, the page that has the form is known by the form's address.
    assert turned_away.headers["location"] == f"{BASE}/sign-in?next=/incidents/{number}"
    shown = await visitor.get(f"/sign-in?next=/incidents/{number}", follow=True)
    assert written(shown) == [TEXT]


@pytest.mark.parametrize("cookie", ["x", "e30", "bnVsbA", "W10", "A" * 4000, "eyJwYWdlIjoxfQ"])
async def test_a_cookie_that_is_none_of_ours_says_nothing(site: Site, cookie: str) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    visitor.client.cookies.set("__Host-guardia-unsent", cookie)
    shown = await visitor.get(f"/incidents/{number}")
    assert (shown.status_code, alerts(shown), written(shown)) == (200, [], [""])


async def test_who_signs_out_twice_is_not_told_of_an_answer(site: Site) -> None:
    visitor = await sign_out_unseen(site)
    answer = await visitor.client.post(
        "/sign-out",
        content="form_token=x",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        },
    )
    assert answer.headers["location"] == f"{BASE}/sign-in?out=1"
    assert alerts(await visitor.get("/sign-in?out=1")) == []


@pytest.mark.parametrize(("path", "fields"), SENT)
@pytest.mark.parametrize("person", ["ana", None])
async def test_the_address_of_a_form_leads_to_the_page_that_has_it(
    site: Site, path: str, fields: dict[str, str], person: str | None
) -> None:
    await site.raise_alert()
    visitor = await site.come(person)
    for method in ("GET", "HEAD"):
        answer = await visitor.get(path, method=method)
        assert (answer.status_code, answer.headers["location"]) == (303, BASE + place(path))


async def test_every_form_has_its_page(site: Site) -> None:
    routes = [one for one in _routes(site) if one.methods and "POST" in one.methods]
    pages = [
        one.path
        for one in routes
        if not one.path.startswith(("/api/", "/-/", "/webhook", "/act/", "/sign-in"))
    ]
    assert len(pages) > 10
    for path in pages:
        assert place_of(path.replace("{number}", "7")) is not None, path
    assert place_of("/incidents/7") is None
    assert place_of("/incidents/x/ack") is None
    assert place_of("/incidents/7/ack/more") is None
    assert place_of("//evil.example/incidents/7/ack") is None


def _routes(site: Site) -> list[Route]:
    app = site.road.app
    while not hasattr(app, "routes"):
        app = getattr(app, "_app", None) or app.app  # type: ignore[attr-defined]
    return [one for one in app.routes if isinstance(one, Route)]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/incidents/1/escalate", {}),
        ("/incidents/1/reassign", {"to": "nobody"}),
        ("/incidents/1/snooze", {"for": "1y"}),
        ("/incidents/1/comment", {"text": " "}),
    ],
)
async def test_a_refused_answer_leads_back_to_its_incident_first(
    site: Site, path: str, fields: dict[str, str]
) -> None:
    await site.raise_alert()
    visitor = await site.come()
    await visitor.post("/incidents/1/resolve")
    stale = await visitor.post(path, fields | {"form_token": "x"})
    for answer in (await visitor.post(path, fields), stale):
        assert answer.status_code >= 400
        main = answer.text.partition("<main")[2]
        (first, *_) = re.findall(r'<a[^>]* href="([^"]*)"', main)
        assert first == f"{BASE}/incidents/1"
        assert "Back to incident #1" in Page(answer).text


@pytest.mark.parametrize(
    ("path", "fields"), [FORMS[0], FORMS[3], FORMS[5], ("/overrides", {"person": "ben"})]
)
async def test_while_the_store_is_away_nothing_has_to_be_written_again(
    site: Site, path: str, fields: dict[str, str]
) -> None:
    await site.raise_alert()
    visitor = await site.come()
    token = await visitor.form_token()
    given = {"form_token": token, **fields} | ({"text": TEXT} if "text" in fields else {})
    site.road.store.close()

    away = await send(visitor, path, given)
    foreign = await send(visitor, path, given, Sec_Fetch_Site="cross-site")
    unknown = await send(visitor, path, given, Sec_Fetch_Site="")

    assert (away.status_code, foreign.status_code, unknown.status_code) == (503, 503, 503)
    page = Page(away)
    check_page(page, away.text, language="en")
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("post", BASE + path)
    hidden = {one["name"]: one["value"] for one in page.all("input")}
    shown = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", away.text)
    assert hidden | ({"text": TEXT} if shown else {}) == given
    assert ("text" in fields) is bool(shown)
    for other in (foreign, unknown):
        assert Page(other).all("form") == []
        assert "pool" not in other.text


async def test_a_comment_of_an_earlier_sign_in_is_shown_to_be_sent_again(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    path = f"/incidents/{number}/comment"
    refused = await send(visitor, path, {"text": TEXT})
    assert refused.status_code == 403
    page = Page(refused)
    (form, _sign_out) = page.all("form")
    assert form["action"] == BASE + path
    token = next(one["value"] for one in page.all("input") if one["name"] == "form_token")
    assert token == await visitor.form_token()
    assert "it is the pool" in page.text
    foreign = await send(visitor, path, {"text": TEXT}, Sec_Fetch_Site="")
    assert "pool" not in foreign.text
