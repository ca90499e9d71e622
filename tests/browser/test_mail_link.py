"""The page behind a link in a mail: no session, no JavaScript, a small phone, for everybody."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESKTOP, PHONE, SMALL, House
from tests.browser.test_accessible import check
from tests.delivery.router_process import ROOT, open_town, running

OURS = "https://guardia.example.org"
LINK = re.compile(rf"{re.escape(OURS)}(/act/\S+)")
TAP = 44  # CSS pixels; WCAG 2.5.5


@dataclass(slots=True, kw_only=True)
class MailHouse(House):
    """A router that pages by mail."""

    def mailed(self, name: str) -> str:
        """Have an alert arrive; return the path of the link in its page."""
        before = len(self._links())
        self.raise_alert(name)
        self.town.smtp.wait_for(lambda _: len(self._links()) > before)
        return self._links()[-1]

    def _links(self) -> list[str]:
        return [found[1] for one in self.town.smtp.mails if (found := LINK.search(one.text))]


@pytest.fixture(scope="module")
def mail_house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailHouse]:
    folder = tmp_path_factory.mktemp("mail-house")
    with open_town(folder) as town:
        (folder / "link-key").write_text("k" * 32)
        catalog = folder / "catalog"
        shutil.copytree(ROOT / "tests" / "catalog", catalog)
        (people,) = (catalog / "oncall").glob("*.yaml")
        people.write_text(re.sub(r" +- pagerduty: .*\n", "", people.read_text()))
        with running(town, GUARDIA_CATALOG=str(catalog), GUARDIA_EXTERNAL_URL=OURS) as router:
            house = MailHouse(town=town, router=router, browser=browser)
            yield house
            house.leave()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, DESKTOP])
def test_axe_finds_nothing_behind_a_link(
    mail_house: MailHouse, scheme: str, size: tuple[int, int]
) -> None:
    link = mail_house.mailed(f"Axe{scheme}{size[0]}")
    page = mail_house.come(size, person=None, scheme=scheme)
    for path in (link, "/act/forged"):
        page.goto(path)
        check(page, path, size)


def test_a_stranger_with_the_link_acknowledges_by_one_tap_without_javascript(
    mail_house: MailHouse,
) -> None:
    link = mail_house.mailed("OneTap")
    page = mail_house.come(PHONE, person=None, script=False)
    page.goto(link)
    acknowledge = page.get_by_role("button", name="Acknowledge")
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= TAP
        assert box["y"] + box["height"] <= PHONE[1]

    acknowledge.tap()

    expect(page.get_by_text("has it since")).to_be_visible()
    expect(acknowledge).to_have_count(0)
    assert page.context.cookies() == []
    shown = mail_house.router.ask("/api/incidents?state=open")["incidents"]
    assert [one["state"] for one in shown if "acknowledged" in one["state"]]
