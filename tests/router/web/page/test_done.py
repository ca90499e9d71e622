"""What people do on the page is done in their name, and stands in the audit."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import pytest

from router.oncall.model import PersonId
from router.store.audit import Entry, list_audit
from router.store.overrides import list_past_overrides
from tests.router.web.page.visit import BASE, Page, Site, Visitor


def audited(site: Site) -> list[Entry]:
    """Return the rows, the oldest first, without those of signing in."""
    rows = site.road.store.read_now(partial(list_audit, limit=100))
    return [one.entry for one in reversed(rows) if one.entry.action != "sign-in"]


async def go(visitor: Visitor, location: str) -> Page:
    return Page(await visitor.get(location.removeprefix(BASE)))


ANSWERS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("ack", {}, "acknowledge"),
    ("snooze", {"for": "4h"}, "snooze"),
    ("comment", {"text": "it is the pool"}, "comment"),
    ("escalate", {}, "escalate"),
    ("reassign", {"to": "person:ben"}, "reassign"),
    ("reassign", {"to": "policy:plataforma"}, "reassign"),
    ("resolve", {}, "resolve"),
)


@pytest.mark.parametrize(("path", "fields", "action"), ANSWERS)
async def test_an_answer_has_its_row(
    site: Site, path: str, fields: dict[str, str], action: str
) -> None:
    number = await site.raise_alert()
    visitor = await site.come("ada")
    answer = await visitor.post(f"/incidents/{number}/{path}", fields)
    assert answer.headers["location"] == f"{BASE}/incidents/{number}?done={action}"
    assert 'class="notice"' in (await visitor.get(f"/incidents/{number}?done={action}")).text
    (row,) = audited(site)
    assert (row.action, row.actor, row.person, row.via) == (
        action,
        "Head of operations",
        "ada",
        "page",
    )
    assert (row.incident_number, row.done, row.address) == (number, True, "127.0.0.1")


async def test_an_override_and_its_end_have_their_rows(site: Site) -> None:
    visitor = await site.come()
    fields = {"schedule": "primary", "person": "ben", "for": "4h", "reason": "a  train"}
    looked_at = await visitor.get(f"/overrides/preview?{urlencode(fields)}")
    assert looked_at.status_code == 200
    assert audited(site) == []
    made = await visitor.post("/overrides", fields)
    assert made.headers["location"] == f"{BASE}/oncall?made=1"
    ended = await visitor.post("/overrides/1/cancel")
    assert ended.headers["location"] == f"{BASE}/oncall?cancelled=1"
    again = await visitor.post("/overrides/1/cancel")
    assert again.status_code == 303

    (override,) = site.road.store.read_now(partial(list_past_overrides, limit=10))
    assert (override.person, override.reason) == ("ben", "a train")
    assert (override.created_by, override.cancelled_by) == ("Engineer ana", "Engineer ana")
    assert [(row.action, row.person, row.detail) for row in audited(site)] == [
        ("override", "ana", "override 1: ben in primary"),
        ("override-cancel", "ana", "override 1: ben in primary"),
    ]
    await site.road.worker.turn()
    told = [message.text for message in site.road.fakes.slack.messages]
    # Asked for within the same turn, they may arrive in any order.
    assert len(told) == 2
    assert any("Made by Engineer ana: a train" in text for text in told)
    assert any(text.startswith("Engineer ana has cancelled override 1") for text in told)


async def test_what_the_preview_shows_is_what_is_made(site: Site) -> None:
    visitor = await site.come()
    fields = {"schedule": "primary", "person": "ben", "for": "written"}
    times = {"from": "2026-11-25T18:00", "until": "2026-11-26T09:00"}
    shown = Page(await visitor.get(f"/overrides/preview?{urlencode(fields | times)}"))
    hidden = {one["name"]: one["value"] for one in shown.all("input") if one["type"] == "hidden"}
    assert "this override" in shown.text
    assert str(2**62) not in shown.text
    await visitor.post("/overrides", {**hidden, "form_token": await visitor.form_token()})
    (override,) = site.road.store.read_now(partial(list_past_overrides, limit=10))
    assert override.starts_at.isoformat() == "2026-11-25T19:00:00+00:00"
    assert override.ends_at.isoformat() == "2026-11-26T10:00:00+00:00"


async def test_a_test_of_ones_notifications_has_its_row(site: Site) -> None:
    visitor = await site.come()
    answer = await visitor.post("/me/test")
    await site.road.worker.turn()
    page = await go(visitor, answer.headers["location"])
    assert "Test page for Engineer ana" in page.text
    (row,) = audited(site)
    assert (row.action, row.actor, row.person) == ("test-page", "Engineer ana", "ana")
    again = await visitor.post("/me/test")
    assert again.status_code == 429
    assert 0 < int(again.headers["retry-after"]) <= 60
    assert "less than a minute ago" in Page(again).text


async def test_who_is_awake_has_all_that_paged_them_and_is_not_rung(site: Site) -> None:
    number = await site.raise_alert()
    visitor = await site.come()
    card = Page(await visitor.get("/incidents"))
    assert f"{BASE}/me/awake" in [one["action"] for one in card.all("form")]
    answer = await visitor.post("/me/awake", {"for": "1h", "back": "incidents"})
    assert answer.headers["location"] == f"{BASE}/incidents?done=awake&taken=1"
    page = await go(visitor, answer.headers["location"])
    assert "You are awake until 12:00" in page.text  # an hour later in Cape Verde
    assert f"{BASE}/incidents/{number}" in page.addresses()
    assert f"You have: #{number}" in page.text
    incident = await site.road.show(number)
    assert incident["acknowledged_by"] == "Engineer ana"
    rung = len(site.road.woken())
    await site.raise_alert(region="b")
    assert len(site.road.woken()) == rung

    over = await visitor.post("/me/awake/end", {"back": "me"})
    assert over.headers["location"] == f"{BASE}/me?done=not-awake"
    assert "You are awake until" not in (await go(visitor, over.headers["location"])).text
    assert [row.action for row in audited(site)] == ["acknowledge", "awake", "awake-end"]


@pytest.mark.parametrize(("hour", "is_near"), [(22, True), (5, True), (13, False)])
async def test_until_the_morning_is_offered_when_it_is_near(
    site: Site, hour: int, is_near: bool
) -> None:
    """Cape Verde is an hour behind UTC."""
    site.road.clock.now = site.road.clock.now.replace(hour=hour)
    visitor = await site.come()
    assert ("until 08:00" in Page(await visitor.get("/me")).text) is is_near
    answer = await visitor.post("/me/awake", {"for": "morning"})
    assert answer.status_code == (303 if is_near else 409)
    assert ("You are awake until" in Page(await visitor.get("/me")).text) is is_near


async def test_the_card_says_whether_one_is_on_call_and_until_when(site: Site) -> None:
    """Monday to Monday at 09:00 in Cape Verde; it is Tuesday."""
    ana, ada = await site.come("ana"), await site.come("ada")
    mine = Page(await ana.get("/incidents")).text
    assert "You are on call (primary) until Mon 30 Nov 09:00 UTC−1" in mine
    assert "no turn of yours comes within a year" in Page(await ada.get("/incidents")).text
    site.road.clock.advance(timedelta(days=7))
    later = await site.come("ana")
    assert "Your next turn: Mon 7 Dec 09:00" in Page(await later.get("/incidents")).text


async def test_a_token_is_nobody_of_the_catalog(site: Site) -> None:
    catalog = site.road.worker.catalog
    people = {one: person for one, person in catalog.roster.people.items() if one != "ben"}
    visitor = await site.come("ben")
    site.road.worker.catalog = replace(catalog, roster=replace(catalog.roster, people=people))
    turned_away = await visitor.get("/me")
    assert turned_away.status_code == 303, "who has left the catalog is out at once"
    assert PersonId("ben") not in people
