"""Pictures of the page at 03:12, for the documents: always of the same night.

With GUARDIA_UPDATE_SCREENSHOTS=1 they go into docs/screenshots/.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, HEADER, PHONE, House, playing
from tests.catalogs import copy_catalog
from tests.delivery.router_process import open_town, running
from tests.router.making import alert_body, notification_body

NIGHT = datetime(2026, 11, 24, 4, 12, tzinfo=UTC)  # 03:12 in Cape Verde
LARGEST_BYTES = 120_000
MOST_PICTURES = 14
ON_CALL = "platform-2"  # in that week
PEOPLE = {
    "platform-1": "phone: +238 991 00 01",
    "platform-2": "phone: +238 991 00 02",
    "platform-3": "phone: +238 991 00 03",
}
# In the words of the organisation: texts of alerts are never translated.
ALERTS = {
    "en": (
        (
            "ErrorBudgetBurn",
            {"severity": "critical", "service": "casos", "slo": "availability"},
            "casos availability in prod/a: 12.3% of events failed in the last 1h; at this rate"
            " the error budget of 30d is spent in 4h 12m.",
            "Requests to casos are answered without a server error. Objective: 99.9% in 30d."
            " Budget left: 61%.",
            7,
        ),
        (
            "CaseNotAssigned",
            {"severity": "critical", "service": "derivacion"},
            "derivacion: 214 cases wait for more than 10m to be assigned.",
            "The consumer group derivacion-group does not keep up.",
            4,
        ),
        (
            "ConnectionPoolExhausted",
            {"severity": "high", "service": "postgres"},
            "postgres: 96% of the connections are in use.",
            "New ones are refused at 100%.",
            26,
        ),
        (
            "CertificateExpires",
            {"severity": "low", "service": "gateway"},
            "gateway: the certificate of api.conecta360.example expires in 12d.",
            "It is renewed by hand.",
            180,
        ),
    ),
    "es": (
        (
            "ErrorBudgetBurn",
            {"severity": "critical", "service": "casos", "slo": "availability"},
            "casos availability en prod/a: en 1h falló el 12.3% de los eventos; a este ritmo"
            " el presupuesto de errores de 30d se agota en 4h 12m.",
            "Las peticiones a casos se responden sin error del servidor. Objetivo: 99.9% en 30d."
            " Queda el 61% del presupuesto.",
            7,
        ),
        (
            "CaseNotAssigned",
            {"severity": "critical", "service": "derivacion"},
            "derivacion: 214 casos esperan más de 10m a ser asignados.",
            "El grupo derivacion-group no da abasto.",
            4,
        ),
        (
            "ConnectionPoolExhausted",
            {"severity": "high", "service": "postgres"},
            "postgres: el 96% de las conexiones está en uso.",
            "Al 100% se rechazan las nuevas.",
            26,
        ),
    ),
}


@pytest.fixture(scope="module", params=["en", "es"])
def night(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A router in the middle of an outage, all in one language."""
    language = str(request.param)
    folder = tmp_path_factory.mktemp(f"night-{language}")
    catalog = _write_catalog(folder, language)
    with open_town(folder) as town:
        town.set_clock(NIGHT - timedelta(minutes=7))
        settings = {
            "GUARDIA_CATALOG": str(catalog),
            "GUARDIA_PROXY_HEADER": HEADER,
            "GUARDIA_PROXY_FROM": "127.0.0.1",
        }
        with running(town, **settings) as router:
            house = House(town=town, router=router, browser=browser)
            with playing(browser):
                _begin_outage(house, language)
            yield house
            house.leave()


def _write_catalog(folder: Path, language: str) -> Path:
    catalog = copy_catalog(folder)
    file = catalog / "oncall" / "plataforma.yaml"
    text = file.read_text(encoding="utf-8")
    for person, added in PEOPLE.items():
        text = text.replace(
            f"  - id: {person}\n", f"  - id: {person}\n    language: {language}\n    {added}\n"
        )
    file.write_text(text, encoding="utf-8")
    return catalog


def _begin_outage(house: House, language: str) -> None:
    """Have the alerts arrive; somebody has the third already."""
    for number, (name, labels, summary, description, ago) in enumerate(ALERTS[language], start=1):
        alert: dict[str, Any] = alert_body(
            "firing", alertname=name, environment="prod", region="a", **labels
        )
        alert["startsAt"] = (NIGHT - timedelta(minutes=ago)).isoformat()
        alert["annotations"] = {
            "summary": summary,
            "description": description,
            "runbook_url": "https://runbooks.conecta360.example/high-error-rate",
            "dashboard_url": "https://grafana.conecta360.example/d/guardia-slo?var-service=casos",
        }
        body = notification_body(alert, groupLabels={"alertname": name}, groupKey=name)
        assert house.router.post(body) == 200
        house.router.wait_for(f"/api/incidents/{number}", lambda one: one["messages"])
    house.router.wait_for(
        "/api/incidents/1",
        lambda one: any(m["person"] and m["state"] == "sent" for m in one["messages"]),
    )
    colleague = house.come(person="platform-3")
    colleague.goto("/incidents/3")
    colleague.locator("form[action$='/ack'] button").tap()
    colleague.wait_for_url("**/incidents/3?done=*")


def take(
    house: House,
    pictures: Path,
    name: str,
    page: Page,
    path: str = "",
    *,
    height: int | None = None,
) -> None:
    """Take a picture of what a screen shows, at the same instant whenever it is taken.

    Of a wide screen full of text, only the upper part: the rest is large and says no more.
    """
    house.town.set_clock(NIGHT)
    page.clock.set_fixed_time(NIGHT)
    if path:
        page.goto(path)
    pictures.mkdir(exist_ok=True)
    file = pictures / f"{name}.png"
    clip: Any = None
    if height is not None:
        clip = {"x": 0, "y": 0, "width": DESKTOP[0], "height": height}
    page.screenshot(path=file, animations="disabled", caret="hide", clip=clip)
    assert file.stat().st_size < LARGEST_BYTES, f"{name}: {file.stat().st_size} bytes"


def language_of(page: Page) -> str:
    return str(page.locator("html").get_attribute("lang"))


def test_the_night_on_a_phone(night: House, pictures: Path) -> None:
    page = night.come(PHONE, person=ON_CALL)
    page.goto("/incidents")
    language = language_of(page)
    end = "" if language == "en" else f"-{language}"
    take(night, pictures, f"phone-list{end}", page, "/incidents")
    take(night, pictures, f"phone-incident{end}", page, "/incidents/1")
    if language != "en":
        return
    take(night, pictures, "phone-on-call", page, "/oncall")
    page.goto("/overrides/new?schedule=primary")
    page.locator("select[name='for']").select_option("8h")
    page.locator("select[name='person']").select_option("platform-3")
    page.locator("input[name='reason']").fill("a train that does not come")
    page.locator("form[action='/overrides/preview'] button").tap()
    page.wait_for_url("**/overrides/preview*")
    take(night, pictures, "phone-override", page)
    dark = night.come(PHONE, person=ON_CALL, scheme="dark")
    take(night, pictures, "phone-list-dark", dark, "/incidents")
    take(night, pictures, "phone-incident-dark", dark, "/incidents/1")


def test_the_way_in_on_a_phone(
    browser: Browser, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with open_town(tmp_path_factory.mktemp("way-in")) as town:
        town.set_clock(NIGHT)
        provider = {
            "GUARDIA_OIDC_ISSUER": "https://login.conecta360.example",  # not asked for the page
            "GUARDIA_OIDC_CLIENT_ID": "guardia",
        }
        with running(town, **provider) as router:
            house = House(town=town, router=router, browser=browser)
            page = house.come(PHONE, person=None)
            page.goto("/sign-in")
            expect(page.locator("a[href^='/sign-in/oidc']")).to_be_visible()
            take(house, pictures, "phone-sign-in", page)
            house.leave()


def test_the_night_on_a_desktop(night: House, pictures: Path) -> None:
    page = night.come(DESKTOP, person=ON_CALL)
    page.goto("/incidents")
    if language_of(page) != "en":
        take(night, pictures, "desktop-incident-es", page, "/incidents/1", height=600)
        return
    take(night, pictures, "desktop-list", page, "/incidents")
    take(night, pictures, "desktop-calendar", page, "/oncall/primary")
    take(night, pictures, "desktop-health", page, "/health")
    dark = night.come(DESKTOP, person=ON_CALL, scheme="dark")
    take(night, pictures, "desktop-incident-dark", dark, "/incidents/1", height=600)
    assert len(list(pictures.glob("*.png"))) <= MOST_PICTURES
