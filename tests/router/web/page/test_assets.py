"""The page's own files: kept by browsers until they change, and nothing beside them."""

import pytest

from tests.router.web.page.visit import BASE, Page, Site


async def test_a_file_may_be_kept_at_its_own_address_and_at_no_other(site: Site) -> None:
    visitor = await site.come()
    page = Page(await visitor.get("/incidents"))
    addresses = [one.removeprefix(BASE) for one in page.addresses() if "/static/" in one]
    assert {one.partition("?")[0] for one in addresses} == {
        "/static/page.css",
        "/static/page.js",
        "/static/icon.svg",
    }
    for address in addresses:
        kept = await visitor.get(address)
        other = await visitor.get(address.partition("?")[0] + "?0")
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert other.headers["cache-control"] == "no-cache"
        assert kept.content == other.content
        assert kept.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["..%2frender.py", "%2e%2e%2frender.py", "render.py", "%2fetc%2fpasswd", "page.css%00", ""],
)
async def test_no_other_file_is_sent(site: Site, name: str) -> None:
    stranger = await site.come(None)
    answer = await stranger.get(f"/static/{name}")
    assert answer.status_code == 404
    assert "import" not in answer.text


async def test_the_style_and_the_script_are_small_and_load_nothing_of_others(site: Site) -> None:
    visitor = await site.come()
    style = (await visitor.get("/static/page.css")).text
    script = (await visitor.get("/static/page.js")).text
    assert len(style) < 12_000
    assert len(script) < 4_000
    for text in (style, script):
        assert "http:" not in text
        assert "https:" not in text
        assert "@import" not in text
    assert "eval(" not in script
    assert "innerHTML =" not in script
