"""Every page for everybody: axe-core, the keyboard alone, and no reload that loses a word."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, SMALL, House

PATHS = (
    "/incidents",
    "/incidents/{number}",
    "/incidents/{number}/review",
    "/history",
    "/history?since=yesterday",
    "/oncall",
    "/oncall/primary",
    "/overrides/new",
    "/me",
    "/health",
    "/incidents/999999",
)
SIZES = (SMALL, DESKTOP)
_OPTIONS = {"resultTypes": ["violations"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(house: House, scheme: str, size: tuple[int, int]) -> None:
    number = house.raise_alert("Accessible", slo=f"{scheme}-{size[0]}")
    page = house.come(size, scheme=scheme)
    for path in PATHS:
        page.goto(path.format(number=number))
        check(page, path, size)
    stranger = house.come(size, scheme=scheme, person=None)
    stranger.goto("/incidents")
    assert "/sign-in" in stranger.url
    check(stranger, "/sign-in", size)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_the_way_to_an_override(
    house: House, scheme: str, size: tuple[int, int]
) -> None:
    page = house.come(size, scheme=scheme)
    page.goto("/overrides/new?schedule=secondary")
    page.locator("form[action='/overrides/preview'] button").click()
    page.wait_for_url("**/overrides/preview*")
    check(page, "/overrides/preview", size)


def check(page: Page, path: str, size: tuple[int, int]) -> None:
    """Ask axe, and look whether the page is as wide as the screen."""
    found = Axe().run(page, options=_OPTIONS)
    assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0], f"{path} is wider than the screen"


def test_axe_notices_what_is_wrong(house: House) -> None:
    page = house.come()
    page.goto("/incidents")
    page.evaluate("document.querySelector('main').innerHTML = '<button></button>'")
    assert Axe().run(page, options=_OPTIONS).violations_count > 0


def test_the_keyboard_alone_acknowledges(house: House) -> None:
    number = house.raise_alert("Keyboard")
    page = house.come(DESKTOP)
    page.goto(f"/incidents/{number}")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.form?.action.endsWith('/ack') ?? false"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "where the focus is must be seen"
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_be_visible()
    assert house.router.ask(f"/api/incidents/{number}")["state"] == "acknowledged"


def test_a_severity_is_a_word_and_a_shape(house: House) -> None:
    house.raise_alert("Shapes", severity="critical")
    house.raise_alert("Shapes", severity="low", service="usuarios")
    page = house.come()
    page.goto("/incidents")
    drawn = "use => document.querySelector(use.getAttribute('href')).innerHTML"
    shapes = {
        one.text_content(): one.locator("use").evaluate(drawn)
        for one in page.locator(".severity").all()
    }
    box = page.locator(".severity svg").first.bounding_box()
    assert box is not None
    assert box["width"] > 8, "a shape is seen"
    assert len(shapes) >= 2
    assert len(set(shapes.values())) == len(shapes)


def test_the_page_keeps_up_and_no_written_word_is_lost(house: House) -> None:
    number = house.raise_alert("KeepsUp")
    page = house.come()
    page.clock.install()
    page.goto(f"/incidents/{number}")
    page.locator("input[name='text']").fill("I am looking at the pool")

    by = house.come(person="platform-2")
    by.goto(f"/incidents/{number}")
    by.locator("form[action$='/ack'] button").tap()
    expect(by.locator(".notice")).to_be_visible()
    page.clock.fast_forward(20_000)

    expect(page.locator("#now .state")).to_contain_text("Platform engineer 2")
    expect(page.locator("#timeline")).to_contain_text("Platform engineer 2")
    assert page.locator("input[name='text']").input_value() == "I am looking at the pool"


def test_relative_times_go_on_without_the_network(house: House) -> None:
    number = house.raise_alert("GoesOn")
    page = house.come()
    page.clock.install()
    page.goto("/incidents")
    line = page.locator(f"a[href='/incidents/{number}'] time[data-ago]")
    before = line.text_content()
    page.context.set_offline(True)
    page.clock.fast_forward(3_600_000)
    assert line.text_content() != before
