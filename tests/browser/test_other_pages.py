"""Who is on call, overrides, the reader's own page, history and health."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, SMALL, House

PERSON = "platform-3"


def test_an_override_takes_at_most_four_taps_and_shows_what_comes_out(house: House) -> None:
    page = house.come()
    page.goto("/oncall")
    taps = 0

    def tap(selector: str) -> None:
        nonlocal taps
        page.locator(selector).tap()
        taps += 1

    tap("a.button[href='/overrides/new']")
    tap("form[action='/overrides/preview'] button")
    expect(page.locator("h1")).to_have_text(re.compile("Preview|Previ"))
    expect(page.locator("tbody")).to_contain_text("Platform engineer 1")
    before = house.router.ask("/api/overrides")["overrides"]
    tap("form[action='/overrides'] button")

    expect(page.locator(".notice")).to_be_visible()
    assert taps <= 4
    made = house.router.ask("/api/overrides")["overrides"]
    new = [one for one in made if one["number"] not in {old["number"] for old in before}]
    assert [(one["schedule"], one["person"]) for one in new] == [("primary", "platform-1")]
    page.locator(f"form[action='/overrides/{new[0]['number']}/cancel'] button").tap()
    expect(page.locator(".notice")).to_be_visible()


def test_an_override_that_overlaps_or_ends_before_it_starts_is_said_before_saving(
    house: House,
) -> None:
    page = house.come(DESKTOP, touch=False)
    before = house.router.ask("/api/overrides?state=all")["overrides"]

    def preview(since: str, until: str) -> None:
        page.goto("/overrides/new")
        page.locator("select[name='for']").select_option("written")
        page.locator("input[name='from']").fill(since)
        page.locator("input[name='until']").fill(until)
        page.locator("form[action='/overrides/preview'] button").click()

    day = (house.town.now() + timedelta(days=40)).date()
    preview(f"{day}T18:00", f"{day}T09:00")
    expect(page.locator(".warning")).to_be_visible()
    assert page.locator("input[name='from']").input_value() == f"{day}T18:00"

    preview(f"{day}T09:00", f"{day}T18:00")
    expect(page.locator(".warning")).to_have_count(0)
    page.locator("form[action='/overrides'] button").click()
    preview(f"{day}T12:00", f"{day}T20:00")
    expect(page.locator(".warning")).to_be_visible()
    after = house.router.ask("/api/overrides?state=all")["overrides"]
    assert len(after) == len(before) + 1, "the last one was only looked at"


@pytest.mark.parametrize("script", [True, False])
def test_what_was_filled_in_stays_on_the_way_to_an_override_and_back(
    house: House, script: bool
) -> None:
    """A time that is written counts, though the length beside it was left as it was."""
    page = house.come(script=script)
    day = (house.town.now() + timedelta(days=60)).date()
    page.goto("/overrides/new")
    page.locator("select[name='person']").select_option("platform-3")
    page.locator("input[name='from']").fill(f"{day}T18:00")
    page.locator("input[name='until']").fill(f"{day + timedelta(days=1)}T09:00")
    page.locator("input[name='reason']").fill("a train")
    page.locator("form[action='/overrides/preview'] button").tap()
    expect(page.locator("main > p").first).to_contain_text(re.compile("18:00.+09:00"))

    page.locator("a.button[href^='/overrides/new?']").tap()
    expect(page.locator("input[name='until']")).to_have_value(f"{day + timedelta(days=1)}T09:00")
    assert page.locator("select[name='person']").input_value() == "platform-3"
    assert page.locator("select[name='for']").input_value() == "written"
    assert page.locator("input[name='reason']").input_value() == "a train"
    page.go_back()
    expect(page.locator("form[action='/overrides']")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, SMALL])
def test_on_a_phone_an_override_can_be_read_and_cancelled_without_scrolling_aside(
    house: House, size: tuple[int, int]
) -> None:
    page = house.come(size)
    day = (house.town.now() + timedelta(days=50)).date()
    reason = "a train that does not come, and a bus that nobody has seen since noon"
    asked = {"from": f"{day}T09:00", "until": f"{day}T18:00", "reason": reason}
    page.goto("/overrides/preview?" + urlencode(asked | {"schedule": "primary", "person": PERSON}))
    page.locator("form[action='/overrides'] button").tap()
    page.wait_for_url(re.compile("made="))
    number = page.url.rpartition("=")[2]
    button = page.locator(f"form[action='/overrides/{number}/cancel'] button")
    for shown in (button, page.get_by_text("a train that does not come")):
        shown.scroll_into_view_if_needed()
        box = shown.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
    scrolled = page.locator(".wide-scroll").evaluate("one => one.scrollWidth - one.clientWidth")
    assert scrolled == 0
    button.tap()
    expect(page.locator(".notice")).to_contain_text("Platform engineer")


def test_the_calendar_is_a_picture_and_a_table_that_agree(house: House) -> None:
    page = house.come(DESKTOP, touch=False)
    page.goto("/oncall/secondary")
    names = {cell.text_content() for cell in page.locator("tbody td:nth-child(3)").all()}
    titles = " ".join(one.text_content() or "" for one in page.locator("svg title").all())
    assert names
    assert all(name and name in titles for name in names)


def test_testing_ones_notifications_shows_what_came_of_it(house: House) -> None:
    page = house.come(person="platform-3")
    page.goto("/me")
    page.locator("form[action='/me/test'] button").tap()
    page.wait_for_url("**/incidents/*")
    number = int(re.findall(r"/incidents/(\d+)", page.url)[0])
    house.router.wait_for(
        f"/api/incidents/{number}",
        lambda one: {m["state"] for m in one["messages"]} == {"sent"},
    )
    page.reload()
    rows = [row.text_content() or "" for row in page.locator("#messages tbody tr").all()]
    assert any("pagerduty platform-3" in row for row in rows)
    assert any("email platform-3@conecta360.example" in row for row in rows)


def test_who_is_awake_says_so_with_one_tap_and_takes_it_back(house: House) -> None:
    number = house.raise_alert("Awake")
    by = house.come()
    by.goto(f"/incidents/{number}")
    # What a person asks for goes out by itself: other tests' pages may be gathered in a digest.
    by.locator("select[name='to']").select_option("person:platform-3")
    by.locator("form[action$='/reassign'] button").tap()
    house.router.wait_for(
        f"/api/incidents/{number}",
        lambda one: any(
            m["person"] == "platform-3" and m["state"] == "sent" for m in one["messages"]
        ),
    )
    page = house.come(person="platform-3")
    page.goto("/me")
    page.locator("button[value='1h']").tap()

    expect(page.locator(".notice")).to_be_visible()
    assert house.router.ask(f"/api/incidents/{number}")["state"] == "acknowledged"
    page.goto("/incidents")
    expect(page.locator("#duty")).to_contain_text("You are awake until")
    page.locator("form[action='/me/awake/end'] button").tap()
    expect(page.locator("#duty")).not_to_contain_text("You are awake until")


def test_history_is_found_by_its_filters(house: House) -> None:
    number = house.raise_alert("InHistory", service="hallazgo")
    page = house.come()
    page.goto("/history")
    page.locator("input[name='service']").fill("hallazgo")
    page.locator("form[action='/history'] button").tap()
    expect(page.locator(".incidents li")).to_have_count(1)
    expect(page.locator(f"a[href='/incidents/{number}']")).to_be_visible()
    page.goto("/history?service=nothing-of-the-kind")
    expect(page.locator(".incidents li")).to_have_count(0)


def test_health_shows_the_last_webhook_and_the_channels(house: House) -> None:
    house.raise_alert("ForHealth")
    page = house.come()
    page.goto("/health")
    expect(page.locator("#health dd").first).not_to_contain_text("never")
    expect(page.locator("#health")).to_contain_text("pagerduty")
