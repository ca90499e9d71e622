"""A page that stays open: it keeps up, takes nothing from who uses it, and says when it cannot."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HEADER, SMALL, House
from tests.browser.test_accessible import check

REFRESH_MS = 16_000  # of a page that looks every 15 s
ACK = "form[action$='/ack'] button"


def come(house: House, number: int, *, person: str = "platform-1", done: str = "") -> Page:
    """Return the page of an incident whose time can be moved."""
    page = house.come(person=person)
    page.clock.install()
    page.goto(f"/incidents/{number}{done}")
    return page


def answer(house: House, number: int, action: str, *, person: str = "platform-2") -> Page:
    """Have somebody else answer; return their page."""
    page = house.come(person=person)
    page.goto(f"/incidents/{number}")
    form = page.locator(f"form[action$='/{action}']")
    if action == "resolve":
        page.locator("details:has(form[action$='/resolve']) summary").tap()
    form.locator("button").tap()
    page.wait_for_url("**/incidents/*?done=*")
    return page


def look_again(page: Page) -> None:
    page.clock.fast_forward(REFRESH_MS)


def test_what_was_done_is_said_until_others_did_something_else(house: House) -> None:
    number = house.raise_alert("SaidUntil")
    page = come(house, number)
    page.locator(ACK).tap()
    expect(page.locator(".notice")).to_have_text("You have it. Nobody else is paged.")

    answer(house, number, "escalate")
    look_again(page)

    expect(page.locator("#now .state")).to_contain_text("Nobody has acknowledged it")
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator(ACK)).to_have_text("Acknowledge")


def test_the_buttons_go_when_it_is_over(house: House) -> None:
    number = house.raise_alert("ButtonsGo")
    page = come(house, number)
    expect(page.locator(".act button").first).to_be_visible()

    answer(house, number, "resolve")
    look_again(page)

    expect(page.locator("#now .state")).to_contain_text("Resolved by Platform engineer 2")
    expect(page.locator(".act")).to_have_count(0)
    expect(page.locator("body")).to_be_focused()


@pytest.mark.parametrize("busy", ["focus", "select", "details"])
def test_what_is_being_used_stays_and_claims_nothing_that_is_over(house: House, busy: str) -> None:
    number = house.raise_alert("BeingUsed", slo=busy)
    page = come(house, number)
    page.locator("form[action$='/snooze'] button").tap()
    expect(page.locator(".notice")).to_have_text("It is snoozed, and you have it.")
    page.mouse.click(1, 1)
    if busy == "focus":
        page.locator("form[action$='/snooze'] button").focus()
    elif busy == "select":
        page.locator("form[action$='/snooze'] select").select_option("4h")
        page.locator("form[action$='/snooze'] select").blur()
    else:
        page.locator(".act summary").tap()
        page.locator(".act summary").blur()

    answer(house, number, "resolve")
    look_again(page)

    expect(page.locator("#now .state")).to_contain_text("Resolved by Platform engineer 2")
    expect(page.locator(".notice")).to_have_count(0)
    if busy == "focus":
        expect(page.locator("form[action$='/snooze'] button")).to_be_focused()
        page.locator("form[action$='/snooze'] button").blur()
        look_again(page)
        expect(page.locator(".act")).to_have_count(0)
    elif busy == "select":
        expect(page.locator("form[action$='/snooze'] select")).to_have_value("4h")
    else:
        expect(page.locator("form[action$='/resolve'] button")).to_be_visible()


def test_alerts_that_come_and_go_are_counted_and_an_opened_one_stays_open(house: House) -> None:
    number = house.raise_alert("ComesAndGoes")
    page = come(house, number)
    expect(page.locator("#alerts-title")).to_have_text("1 alert")
    expect(page.locator("#alerts details[open]")).to_have_count(1)
    page.locator("#alerts summary").tap()
    page.locator("#alerts summary").blur()
    expect(page.locator("#alerts details[open]")).to_have_count(0)

    house.join_alert(number, "ComesAndGoes", instance="casos-2")
    look_again(page)

    expect(page.locator("#alerts-title")).to_have_text("2 alerts")
    expect(page.locator("#alerts details")).to_have_count(2)
    second = page.locator("#alerts details").filter(has_text="casos-2").locator("summary")
    second.tap()
    second.blur()
    house.join_alert(number, "ComesAndGoes", instance="casos-3")
    look_again(page)
    expect(page.locator("#alerts details")).to_have_count(3)
    expect(page.locator("#alerts details[open]")).to_have_count(1)
    expect(page.locator("#alerts details[open]")).to_contain_text("casos-2")


def test_without_the_network_it_says_since_when_until_it_is_back(house: House) -> None:
    number = house.raise_alert("NoNetwork")
    page = house.come(SMALL)
    page.clock.install()
    page.goto(f"/incidents/{number}")
    told = page.locator("[data-when='old']")
    expect(told).to_be_hidden()
    page.context.set_offline(True)

    with page.expect_event("requestfailed"):
        look_again(page)
    expect(told).to_be_hidden()
    with page.expect_event("requestfailed"):
        look_again(page)

    expect(told).to_be_visible()
    expect(told).to_contain_text("Not updated since ")
    expect(told).to_be_in_viewport()
    expect(page.get_by_role("status").filter(has=told)).to_be_visible()
    expect(page.locator("[data-when='out']")).to_be_hidden()
    page.context.set_offline(False)
    check(page, "/incidents/N, not updated", SMALL)
    look_again(page)
    expect(told).to_be_hidden()


def test_after_the_session_has_ended_an_open_page_says_so_and_a_reload_mends_it(
    house: House,
) -> None:
    number = house.raise_alert("SessionEnds")
    page = come(house, number, person="platform-3")
    page.context.clear_cookies()

    look_again(page)

    told = page.locator("[data-when='out']")
    expect(told).to_be_visible()
    expect(told).to_contain_text("You are signed out: reload to sign in.")
    told.get_by_role("link").tap()
    page.wait_for_url(f"**/incidents/{number}*")
    expect(told).to_be_hidden()
    page.locator(ACK).tap()
    expect(page.locator(".notice")).to_have_text("You have it. Nobody else is paged.")


def test_who_signed_in_elsewhere_meanwhile_can_answer_here(house: House) -> None:
    number = house.raise_alert("SignedInElsewhere")
    page = come(house, number, person="platform-3")
    page.locator("input[name='text']").fill("It is the pool")
    page.context.clear_cookies()
    elsewhere = page.context.new_page()
    elsewhere.goto("/incidents")

    with page.expect_response(f"**/incidents/{number}"):
        look_again(page)
    expected = elsewhere.locator("[name='form_token']").first.get_attribute("value")
    expect(page.locator("form[action$='/comment'] [name='form_token']")).to_have_value(
        expected or "-"
    )
    page.locator("form[action$='/comment'] button").tap()

    expect(page.locator(".notice")).to_have_text("The comment is in the timeline.")


def test_who_is_somebody_else_by_now_is_told_so_and_answers_in_nobodys_name(house: House) -> None:
    number = house.raise_alert("SomebodyElse")
    page = come(house, number, person="platform-3")
    token = page.locator("form[action$='/comment'] [name='form_token']")
    before = token.get_attribute("value") or "-"
    page.context.clear_cookies()
    page.context.set_extra_http_headers({HEADER: "platform-1@conecta360.example"})
    elsewhere = page.context.new_page()
    elsewhere.goto("/incidents")

    look_again(page)

    told = page.locator("[data-when='other']")
    expect(told).to_be_visible()
    expect(told).to_contain_text("You are signed in as somebody else now: reload")
    expect(token).to_have_value(before)
    expect(page.locator("footer form span")).to_have_text("Signed in as Platform engineer 3")
    page.locator(ACK).tap()
    expect(page.get_by_role("alert")).to_be_visible()
    assert house.router.ask(f"/api/incidents/{number}")["state"] == "triggered"

    page.goto(f"/incidents/{number}")
    expect(page.locator("footer form span")).to_have_text("Signed in as Platform engineer 1")
    look_again(page)
    expect(told).to_be_hidden()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_an_answer_after_the_session_ended_is_said_to_be_none(house: House, script: bool) -> None:
    number = house.raise_alert("AnswerLost", slo="script" if script else "none")
    page = house.come(person="platform-3", script=script)
    page.goto(f"/incidents/{number}")
    page.locator("input[name='text']").fill("It is the <b>pool</b>")
    house.end_session(page)

    page.locator("form[action$='/comment'] button").tap()

    page.wait_for_url(f"**/incidents/{number}")
    expect(page.get_by_role("alert")).to_contain_text("Your comment was NOT added")
    assert page.locator("input[name='text']").input_value() == "It is the <b>pool</b>"
    page.locator("form[action$='/comment'] button").tap()
    expect(page.locator(".notice")).to_have_text("The comment is in the timeline.")
    expect(page.get_by_role("alert")).to_have_count(0)
    timeline = house.router.ask(f"/api/incidents/{number}")["timeline"]
    assert [row["text"] for row in timeline if row["kind"] == "commented"] == [
        "Platform engineer 3: It is the <b>pool</b>"
    ]
