"""A real router behind a proxy that names people, and a real browser that looks at it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import update

from router.store.engine import open_engine
from router.store.tables import sessions
from router.web.access.credentials import digest
from tests.delivery.router_process import RouterProcess, Town, open_town, running
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body
from tests.tooling import require_browser

PHONE = (390, 844)
SMALL = (320, 640)
DESKTOP = (1280, 800)
_FLAGS = (
    "--no-sandbox",  # CI runs as root, and what is looked at is ours alone
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HEADER = "X-Signed-In"
SUMMARY = (
    "casos availability en prod/a: en 1h falló el 12.3% de los eventos;"
    " a este ritmo el presupuesto de errores de 30d se agota en 4h 12m."
)
DESCRIPTION = (
    "Las peticiones a casos se responden sin error del servidor. Objetivo: 99.9% en 30d."
    " En 1h se gastó más del 2% del presupuesto de errores: 14.4 veces el ritmo con el que dura"
    " 30d."
)

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass(slots=True, kw_only=True)
class House:
    """A router, and the ways in."""

    town: Town
    router: RouterProcess
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    signed_in: dict[str, Any] = field(default_factory=dict)  # the cookies of each person

    def end_session(self, page: Page) -> None:
        """Let the time of a browser's session pass, whose cookie stays."""
        shown = [str(one.get("value")) for one in page.context.cookies()]
        engine = open_engine(self.town.database)
        with engine.begin() as tx:
            its = sessions.c.digest.in_([digest(one) for one in shown])
            tx.execute(update(sessions).where(its).values(ends_at=sessions.c.made_at))
        engine.dispose()
        self.signed_in.clear()

    def come(
        self,
        size: tuple[int, int] = PHONE,
        *,
        person: str | None = "platform-1",
        scheme: Any = "light",
        script: bool = True,
        touch: bool = True,
    ) -> Page:
        """Return an empty page of somebody's own browser; `person` is None for a stranger.

        Each signs in once: more often would be held off, as somebody's who tries tokens.
        """
        named = {} if person is None else {HEADER: f"{person}@conecta360.example"}
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=script,
            has_touch=touch,
            extra_http_headers=named,
            base_url=self.router.url,
            storage_state=self.signed_in.get(person or ""),
        )
        self.contexts.append(context)
        if person is not None and person not in self.signed_in:
            context.request.get("/sign-in")
            self.signed_in[person] = context.storage_state()
        page = context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        return page

    def leave(self) -> None:
        """Close every browser that came."""
        with playing(self.browser):
            for context in self.contexts:
                context.close()
        self.contexts.clear()

    def raise_alert(self, name: str = "ErrorBudgetBurn", **labels: str) -> int:
        """Have an alert arrive; return the number of its incident once somebody is paged."""
        before = {one["number"] for one in self._incidents()}
        self._notify(_alert_of(name, labels), {"alertname": name, **labels})
        found = self.router.wait_for(
            "/api/incidents?state=open",
            lambda answer: {one["number"] for one in answer["incidents"]} - before,
        )
        return max(int(one["number"]) for one in found["incidents"])

    def join_alert(self, number: int, name: str, **labels: str) -> None:
        """Have one more alert arrive in the incident that `raise_alert(name)` began."""
        alert = _alert_of(name, labels)
        self._notify(alert, {"alertname": name})
        self.router.wait_for(
            f"/api/incidents/{number}",
            lambda one: any(known["labels"] == alert["labels"] for known in one["alerts"]),
        )

    def _notify(self, alert: dict[str, Any], groups: dict[str, str]) -> None:
        body = notification_body(alert, groupLabels=groups, groupKey=f"{{}}:{groups}")
        assert self.router.post(body) == 200

    def _incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.router.ask("/api/incidents")["incidents"]
        return found


def _alert_of(name: str, labels: dict[str, str]) -> dict[str, Any]:
    told = {"severity": "critical", "service": "casos", "environment": "prod", "region": "a"}
    alert = alert_body("firing", alertname=name, **{**told, **labels})
    alert["annotations"] = {
        "summary": SUMMARY,
        "description": DESCRIPTION,
        "runbook_url": "https://runbooks.conecta360.example/high-error-rate",
        "dashboard_url": "https://grafana.conecta360.example/d/guardia-slo?var-service=casos",
    }
    return alert


@contextmanager
def playing(browser: Browser) -> Iterator[None]:
    """Let Playwright's loop count as the one that runs in this thread, and hide it afterwards.

    Its sync API leaves that loop running between calls: no async test that the same process
    runs after it could have one of its own.
    """
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(browser._loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = require_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=list(_FLAGS))
        asyncio._set_running_loop(None)
        yield browser
        asyncio._set_running_loop(browser._loop)
        browser.close()


@pytest.fixture(autouse=True)
def _played(browser: Browser) -> Iterator[None]:
    with playing(browser):
        yield


@pytest.fixture(scope="session")
def inhabited(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One router for all tests of a worker: each makes incidents of its own."""
    folder = tmp_path_factory.mktemp("house")
    with open_town(folder) as town:
        (folder / "link-key").write_text("a key that only this installation knows\n")
        settings = {"GUARDIA_PROXY_HEADER": HEADER, "GUARDIA_PROXY_FROM": "127.0.0.1"}
        with running(town, **settings) as router:
            yield House(town=town, router=router, browser=browser)


@pytest.fixture
def house(inhabited: House) -> Iterator[House]:
    yield inhabited
    inhabited.leave()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: into docs/ when they are to be renewed."""
    if os.environ.get("GUARDIA_UPDATE_SCREENSHOTS"):
        return Path(__file__).resolve().parents[2] / "docs" / "screenshots"
    return tmp_path_factory.mktemp("screenshots")
