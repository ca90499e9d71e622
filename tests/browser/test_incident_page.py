"""The page at 03:00: what is wrong and what can be done, on the first screen of a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESCRIPTION, PHONE, SMALL, SUMMARY, House

SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
# As on any phone with a slow browser: no part may depend on what a script writes.
FIRST_SCREEN = {
    "sentence": "h1",
    "state": ".state",
    "since": "#now time >> nth=0",
    "value": "#now .clamp",
    "runbook": ".links a:nth-of-type(1)",
    "dashboard": ".links a:last-of-type",
    "acknowledge": "form[action$='/ack'] button",
    "resolve": ".act details summary",
    "escalate": "form[action$='/escalate'] button",
    "snooze": "form[action$='/snooze'] button",
    "snooze for": "form[action$='/snooze'] select",
    "reassign": "form[action$='/reassign'] button",
    "reassign to": "form[action$='/reassign'] select",
}
OTHERS = ("escalate", "snooze", "reassign")
LEAST_TAP = 44  # CSS pixels; WCAG 2.2, 2.5.5 "Target Size (Enhanced)"


@SCRIPT
def test_the_first_screen_of_a_phone_holds_all_that_is_needed(house: House, script: bool) -> None:
    number = house.raise_alert("FirstScreen", slo="script" if script else "none")
    page = house.come(PHONE, script=script)
    page.goto(f"/incidents/{number}")

    for name, selector in FIRST_SCREEN.items():
        box = page.locator(selector).bounding_box()
        assert box is not None, f"{name} is not there"
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= PHONE[1], f"{name} is below the first screen: {box}"
        assert box["x"] + box["width"] <= PHONE[0], name
        if "form" in selector or "summary" in selector:
            assert box["height"] >= LEAST_TAP, f"{name} is too small to tap: {box}"
    assert "Paged at " in (page.locator(".state").text_content() or "")
    assert SUMMARY in (page.locator("h1").text_content() or "")
    assert DESCRIPTION in (page.locator("#now .clamp").text_content() or "")


@SCRIPT
def test_two_taps_from_the_list_to_acknowledged(house: House, script: bool) -> None:
    number = house.raise_alert("TwoTaps", slo="script" if script else "none")
    page = house.come(script=script)
    page.goto("/")

    page.locator(f"a[href='/incidents/{number}']").tap()
    page.locator("form[action$='/ack'] button").tap()

    expect(page.locator(".notice")).to_be_visible()
    incident = house.router.ask(f"/api/incidents/{number}")
    assert incident["state"] == "acknowledged"
    assert incident["acknowledged_by"] == "Platform engineer 1"


@SCRIPT
def test_each_answer_does_what_it_says(house: House, script: bool) -> None:
    def press(number: int, action: str, **fields: str) -> Page:
        page = house.come(script=script)
        page.goto(f"/incidents/{number}")
        form = page.locator(f"form[action$='/{action}']")
        for name, value in fields.items():
            field = form.locator(f"[name='{name}']")
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        if action == "resolve":
            page.locator(".act details summary").tap()
        form.locator("button").tap()
        page.wait_for_url("**/incidents/*?done=*")
        return page

    slo = "script" if script else "none"
    number = house.raise_alert("EachAnswer", slo=slo)
    press(number, "comment", text="It is the <b>pool</b>.")
    press(number, "snooze", **{"for": "1h"})
    told = house.router.ask(f"/api/incidents/{number}")
    assert told["acknowledged_until"] is not None
    assert any("It is the <b>pool</b>." in row["text"] for row in told["timeline"])
    press(number, "ack")  # who has it for an hour keeps it
    assert house.router.ask(f"/api/incidents/{number}")["acknowledged_until"] is None
    press(number, "reassign", to="person:platform-2")
    told = house.router.ask(f"/api/incidents/{number}")
    assert told["state"] == "triggered"
    assert any(one["person"] == "platform-2" for one in told["messages"])
    press(number, "escalate")
    page = press(number, "resolve")
    assert house.router.ask(f"/api/incidents/{number}")["resolved_by"] == "Platform engineer 1"
    assert "<b>pool</b>" in (page.locator("#timeline").text_content() or "")


def test_the_runbook_is_read_without_the_wiki(house: House) -> None:
    number = house.raise_alert("RunbookHere")
    page = house.come()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/incidents/{number}")

    expect(page.locator(".runbook")).to_contain_text("Síntoma")
    assert all(url.startswith(house.router.url) for url in asked), "nothing of others is loaded"


def test_what_happens_next_and_why_you_are_said(house: House) -> None:
    number = house.raise_alert("WhyYou")
    house.router.wait_for(
        f"/api/incidents/{number}", lambda one: any(m["person"] for m in one["messages"])
    )
    paged = next(
        one["person"]
        for one in house.router.ask(f"/api/incidents/{number}")["messages"]
        if one["person"]
    )
    page = house.come(person=paged)
    page.goto(f"/incidents/{number}")

    expect(page.locator("#next li").first).to_be_visible()
    expect(page.locator("#why-title")).to_be_visible()


@SCRIPT
def test_resolving_takes_a_second_tap_elsewhere(house: House, script: bool) -> None:
    """A thumb that slips, or taps twice at one place, ends nothing."""
    number = house.raise_alert("Asks", slo="script" if script else "none")
    page = house.come(PHONE, script=script)
    page.goto(f"/incidents/{number}")
    asks = page.locator(".act details summary")
    confirm = page.locator("form[action$='/resolve'] button")
    expect(confirm).to_be_hidden()
    before = asks.bounding_box()
    asks.tap()
    expect(confirm).to_be_visible()
    after, second = asks.bounding_box(), confirm.bounding_box()
    assert before is not None
    assert after is not None
    assert second is not None
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=12)
    assert second["y"] >= after["y"] + after["height"]
    assert second["y"] > before["y"] + before["height"]
    assert second["height"] >= LEAST_TAP
    assert house.router.ask(f"/api/incidents/{number}")["state"] == "triggered"
    asks.tap()
    expect(confirm).to_be_hidden()


STANDINGS = (
    "Nobody has acknowledged it. Paged, last at 18:22 UTC−1: {}, {}.",
    "Nobody has acknowledged it. Being paged since 18:22 UTC−1: {}, {}.",
    "Nadie lo ha reconocido. Avisados (el último, 18:22 UTC−1): {}, {}.",
    "Nadie lo ha reconocido. Se está avisando desde 18:22 UTC−1: {}, {}.",
    "Ninguém o reconheceu. Avisos (o último, 18:22 UTC−1) a {}, {}.",
    "Ninguém o reconheceu. A avisar desde 18:22 UTC−1: {}, {}.",
)


@pytest.mark.parametrize("size", [SMALL, PHONE])
def test_who_was_paged_and_when_is_read_whole_and_moves_no_answer(
    house: House, size: tuple[int, int]
) -> None:
    number = house.raise_alert("ReadWhole", slo=str(size[0]))
    page = house.come(size)
    page.goto(f"/incidents/{number}")
    standing, answer = page.locator("#now .standing"), page.locator("form[action$='/reassign']")
    before = answer.bounding_box()
    for told in STANDINGS:
        said = told.format("Platform engineer 2", "Platform engineer 3")
        standing.locator(".state").evaluate("(one, said) => { one.textContent = said; }", said)
        cut = standing.evaluate("one => one.scrollHeight - one.clientHeight")
        assert cut == 0, said
        assert answer.bounding_box() == before, said


def test_it_is_given_to_nobody_before_somebody_is_chosen(house: House) -> None:
    number = house.raise_alert("ToWhom")
    page = house.come(PHONE)
    page.goto(f"/incidents/{number}")
    page.locator("form[action$='/reassign'] button").tap()
    assert page.evaluate("document.querySelector('select[name=to]').validity.valueMissing")
    assert page.url.endswith(f"/incidents/{number}")
    kinds = [event["kind"] for event in house.router.ask(f"/api/incidents/{number}")["timeline"]]
    assert "reassigned" not in kinds


@pytest.mark.parametrize("size", [SMALL, PHONE])
@pytest.mark.parametrize("by", ["platform-2", "platform-1"], ids=["others", "oneself"])
def test_no_answer_moves_when_the_state_is_brought_up_to_date(
    house: House, size: tuple[int, int], by: str
) -> None:
    number = house.raise_alert("StaysThere", slo=f"{size[0]}-{by}")
    page = house.come(size)
    page.clock.install()
    page.goto(f"/incidents/{number}")
    buttons = [".act details summary", *(f"form[action$='/{one}'] button" for one in OTHERS)]
    before = [page.locator(one).bounding_box() for one in buttons]
    assert all(before)
    elsewhere = house.come(person=by)
    elsewhere.goto(f"/incidents/{number}")
    elsewhere.locator("form[action$='/ack'] button").tap()
    expect(elsewhere.locator(".notice")).to_be_visible()

    page.clock.fast_forward(20_000)
    expect(page.locator("#now .state")).to_contain_text("has it since")

    assert [page.locator(one).bounding_box() for one in buttons] == before
