"""A page by e-mail as a phone shows it: its button is found and hit by a thumb, day and night."""

from base64 import b64encode
from collections import Counter
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from router.message.email import EmailText, render_email
from tests.browser.conftest import PHONE, SMALL
from tests.router.making import context, incident, incident_alert

URL = f"https://guardia.example.org/act/{'t' * 90}"
TAP = 44  # CSS pixels; WCAG 2.5.5
READABLE = 4.5  # WCAG 1.4.3
CORNER = 8  # CSS pixels; outside of a round corner is what is behind
Colour = tuple[int, int, int]

_PIXELS = """async png => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  return Array.from(canvas.getImageData(0, 0, image.width, image.height).data);
}"""


def mail() -> EmailText:
    summary = "casos availability: falló el 12.3% <b>de</b> los eventos en los últimos 1h"
    return render_email(context(incident(incident_alert(summary=summary))), answer_url=URL)


def opened(browser: Browser, size: tuple[int, int], *, scheme: Any = "light") -> Page:
    """Return the mail's HTML in a window that loads nothing, as mail programs do by default."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail().html)
    return page


@pytest.mark.parametrize("size", [SMALL, PHONE])
def test_the_button_is_large_and_on_the_first_screen(
    browser: Browser, size: tuple[int, int]
) -> None:
    page = opened(browser, size)

    first = page.get_by_role("link").first
    assert first.text_content() == "Answer"
    assert first.get_attribute("href") == URL
    box = first.bounding_box()
    assert box is not None
    assert box["height"] >= TAP
    assert box["width"] >= 3 * TAP
    assert box["y"] + box["height"] <= size[1] / 2
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    page.close()


@pytest.mark.parametrize("at_night", [None, "told", "darkened"])
def test_the_buttons_word_is_read_whatever_a_program_does_at_night(
    browser: Browser, at_night: str | None
) -> None:
    """A program may tell the mail that it is dark, or turn the mail's colours over by itself."""
    page = opened(browser, PHONE, scheme="dark" if at_night else "light")
    if at_night == "darkened":
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setAutoDarkModeOverride", {"enabled": True})
        assert contrast(most_of(colours(page, page.locator("h1"))), (0, 0, 0)) < 2, "it is not dark"

    button = page.get_by_role("link", name="Answer")
    pixels = colours(page, button)
    assert max(contrast(one, most_of(pixels)) for one in pixels) >= READABLE
    page.close()


def colours(page: Page, shown: Locator) -> Counter[Colour]:
    """Return how many pixels of each colour an element has on the screen, within its corners."""
    box = shown.bounding_box()
    assert box is not None
    inside: Any = {
        **{side: box[side] + CORNER for side in ("x", "y")},
        **{side: box[side] - 2 * CORNER for side in ("width", "height")},
    }
    picture = b64encode(page.screenshot(clip=inside)).decode()
    flat: list[int] = page.evaluate(_PIXELS, picture)
    return Counter(zip(flat[0::4], flat[1::4], flat[2::4], strict=True))


def most_of(pixels: Counter[Colour]) -> Colour:
    """Return the background."""
    return pixels.most_common(1)[0][0]


def contrast(one: Colour, other: Colour) -> float:
    """Return the ratio by WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """Return the relative luminance in sRGB; Source: WCAG 2.2, "relative luminance"."""
    parts = (part / 255 for part in colour)
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
