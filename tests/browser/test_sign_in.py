"""Signing in by OpenID Connect as a browser does it, at a provider of another site, and out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SMALL, House
from tests.browser.test_accessible import check
from tests.catalogs import copy_catalog
from tests.delivery.router_process import open_town, running
from tests.fakes.oidc import CLIENT_ID, CLIENT_SECRET, OidcFake

KNOWN = "platform-1@conecta360.example"
UNKNOWN = "somebody-else@conecta360.example"
ADMINISTRATOR = "Platform engineer 3"


@dataclass(slots=True, kw_only=True)
class ProviderHouse(House):
    """A router that knows people by an identity provider."""

    provider: OidcFake

    def to_the_provider(self, path: str) -> Page:
        """Ask for a page as a stranger without JavaScript, and go to sign in."""
        page = self.come(SMALL, person=None, script=False)
        page.goto(f"{self.site}{path}")
        page.get_by_role("link", name="Sign in with your organisation's account").tap()
        expect(page.get_by_label("Address")).to_be_visible()
        return page

    @property
    def site(self) -> str:
        """The router by another name than the provider's: for browsers, that is another site."""
        return f"http://localhost:{self.router.port}"


@pytest.fixture(scope="module")
def provider_house(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProviderHouse]:
    folder = tmp_path_factory.mktemp("provider-house")
    catalog = copy_catalog(folder)
    people = catalog / "oncall" / "plataforma.yaml"
    administrator = f"    name: {ADMINISTRATOR}\n"
    text = people.read_text().replace(administrator, f"{administrator}    role: administrator\n")
    people.write_text(text)
    with open_town(folder) as town, OidcFake(redirect_uri="").serving() as provider:
        (folder / "oidc-client-secret").write_text(CLIENT_SECRET)
        settings = {
            "GUARDIA_CATALOG": str(catalog),
            "GUARDIA_OIDC_ISSUER": provider.issuer,
            "GUARDIA_OIDC_CLIENT_ID": CLIENT_ID,
        }
        with running(town, **settings) as router:
            house = ProviderHouse(town=town, router=router, browser=browser, provider=provider)
            provider.redirect_uri = f"{house.site}/sign-in/oidc/callback"
            yield house
            house.leave()


def continue_as(page: Page, email: str) -> None:
    page.get_by_label("Address").fill(email)
    page.get_by_role("button", name="Continue").tap()


def session_of(page: Page) -> Any:
    """Return the cookie of a session; None without one."""
    return next((one for one in page.context.cookies() if one.get("name") == "guardia"), None)


def safety(page: Page) -> set[tuple[bool, str]]:
    """Return whether scripts, and which other sites, reach the cookies that there are."""
    cookies = page.context.cookies()
    return {(one["httpOnly"], one["sameSite"]) for one in cookies}


def test_the_organisations_account_leads_in_and_the_button_out(
    provider_house: ProviderHouse,
) -> None:
    number = provider_house.raise_alert("SeenAfterSigningIn")
    page = provider_house.to_the_provider("/incidents")
    assert session_of(page) is None
    assert safety(page) == {(True, "Lax")}, "of a sign-in under way"
    continue_as(page, KNOWN)

    expect(page).to_have_url(f"{provider_house.site}/incidents")
    expect(page.locator(f"a[href='/incidents/{number}']")).to_be_visible()
    expect(page.locator("footer")).to_contain_text("Platform engineer 1")
    cookie = session_of(page)
    assert safety(page) == {(True, "Lax")}

    page.locator("form[action='/sign-out'] button").tap()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    assert session_of(page) is None
    # Also who kept the cookie is out.
    page.context.add_cookies([cookie])
    page.goto(f"{provider_house.site}/incidents")
    expect(page).to_have_url(f"{provider_house.site}/sign-in?next=/incidents")


def test_a_form_that_was_open_when_the_session_ended_leads_to_signing_in_and_back(
    provider_house: ProviderHouse,
) -> None:
    asked = "/overrides/preview?schedule=primary&person=platform-3&reason=train"
    page = provider_house.to_the_provider(asked)
    continue_as(page, KNOWN)
    expect(page).to_have_url(f"{provider_house.site}{asked}")
    page.context.clear_cookies()

    page.locator("form[action='/overrides'] button").tap()
    page.get_by_role("link", name="Sign in with your organisation's account").tap()
    continue_as(page, KNOWN)

    expect(page).to_have_url(f"{provider_house.site}{asked}")


def test_who_is_unknown_here_reads_what_to_ask_for_and_whom(
    provider_house: ProviderHouse,
) -> None:
    page = provider_house.to_the_provider("/incidents")
    continue_as(page, UNKNOWN)

    expect(page.get_by_role("alert")).to_contain_text(UNKNOWN)
    expect(page.locator("code")).to_have_text(f'sign_in: ["{UNKNOWN}"]')
    expect(page.locator("main li")).to_have_text([ADMINISTRATOR])
    assert session_of(page) is None
    page.get_by_role("link", name="Sign in in another way").tap()
    expect(page).to_have_url(f"{provider_house.site}/sign-in?out=1")


def test_axe_finds_nothing_where_the_organisations_account_leads_in_or_not(
    provider_house: ProviderHouse,
) -> None:
    page = provider_house.come(SMALL, person=None)
    page.goto(f"{provider_house.site}/incidents")
    check(page, "/sign-in", SMALL)
    page.get_by_role("link", name="Sign in with your organisation's account").tap()
    continue_as(page, UNKNOWN)
    expect(page.get_by_role("alert")).to_be_visible()
    check(page, "/sign-in/oidc/callback", SMALL)


def test_an_answer_after_the_session_ended_is_said_on_the_way_in_and_after_it(
    provider_house: ProviderHouse,
) -> None:
    number = provider_house.raise_alert("LostOnTheWay")
    page = provider_house.come(SMALL, person=None)  # with scripts, which axe needs
    page.goto(f"{provider_house.site}/incidents/{number}")
    page.get_by_role("link", name="Sign in with your organisation's account").tap()
    continue_as(page, KNOWN)
    page.locator("input[name='text']").fill("It is the pool")
    provider_house.end_session(page)

    page.locator("form[action$='/comment'] button").tap()

    expect(page).to_have_url(f"{provider_house.site}/sign-in?next=/incidents/{number}")
    expect(page.get_by_role("alert")).to_contain_text("Your comment was NOT added")
    check(page, "/sign-in", SMALL)
    page.get_by_role("link", name="Sign in with your organisation's account").tap()
    continue_as(page, KNOWN)
    expect(page).to_have_url(f"{provider_house.site}/incidents/{number}")
    expect(page.get_by_role("alert")).to_contain_text("Your comment was NOT added")
    check(page, f"/incidents/{number}", SMALL)
    page.locator("form[action$='/comment'] button").tap()
    expect(page.locator(".notice")).to_have_text("The comment is in the timeline.")
    told = provider_house.router.ask(f"/api/incidents/{number}")["timeline"]
    assert "Platform engineer 1: It is the pool" in [row["text"] for row in told]
