"""Whatever others write, no page is wider than a phone or the paper, and what it says is read."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, SMALL, House

PATHS = (
    "/incidents",
    "/incidents/{number}",
    "/incidents/{number}/review",
    "/history",
    "/oncall",
    "/oncall/primary",
    "/overrides/new",
    "/me",
    "/health",
)
PAPER = (680, 1000)  # CSS pixels of A4 within its margins
WORD = 60  # CSS pixels; as wide as a few letters are, so that words are read and not spelled
_PAIRS = """() => [...document.querySelectorAll("dl.pairs > *")]
  .filter(one => one.offsetParent !== null && one.textContent.trim().length > 6)
  .map(one => one.getBoundingClientRect().width)"""


def hostile(house: House, slo: str) -> int:
    """Have an alert without any blank where a line could break."""
    labels = {"region": "r" * 120, "pod": "p" * 400, "l" * 100: "x", "slo": slo}
    return house.raise_alert("VeryLong" + "X" * 180, service="s" * 150, **labels)


@pytest.fixture(scope="module")
def long_number(inhabited: House) -> int:
    return hostile(inhabited, "narrow")


def overhang(page: Page) -> int:
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


@pytest.mark.parametrize("size", [SMALL, PHONE])
@pytest.mark.parametrize("path", PATHS)
def test_no_page_scrolls_sideways(
    house: House, long_number: int, path: str, size: tuple[int, int]
) -> None:
    page = house.come(size)
    page.goto(path.format(number=long_number))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert overhang(page) == 0
    widths = page.evaluate(_PAIRS)
    assert all(width >= WORD for width in widths), widths


@pytest.mark.parametrize("path", ["/incidents/{number}", "/incidents/{number}/review"])
def test_nothing_is_cut_on_paper(house: House, long_number: int, path: str) -> None:
    page = house.come(PAPER)
    page.goto(path.format(number=long_number))
    page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert overhang(page) == 0
    tables = page.locator(".wide-scroll").all()
    cut = [one.evaluate("one => one.scrollWidth - one.clientWidth") for one in tables]
    assert cut, "there are tables"
    assert max(cut) == 0
