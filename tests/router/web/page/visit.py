"""A whole router below a path of another site, and people who look at its pages."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from router.catalog import OnCallCatalog
from router.oncall.model import Person, PersonId, Role
from tests.databases import sqlite_database
from tests.router.making import policy, roster, schedule, step
from tests.router.road import Fakes, HandClock, Road, firing, on_call_catalog, open_road

HEADER = "X-Signed-In"
HOST = "https://guardia.conecta360.example"
BASE = "/ops"  # the path of the external address of the road
EXTERNAL = f"{HOST}{BASE}"
# Every page that is looked at, and who may.
PAGES = (
    "/incidents",
    "/incidents/1",
    "/incidents/1/review",
    "/history",
    "/history?state=open&severity=critical&service=casos&since=2026-11-01&until=2026-11-30",
    "/history?since=yesterday&severity=worst",
    "/oncall",
    "/oncall/primary",
    "/oncall/primary?from=2026-03-23",
    "/overrides/new",
    "/overrides/new?schedule=primary",
    "/overrides/preview?schedule=primary&person=ben&for=&from=&until=2026-11-24T14:00&reason=x",
    "/me",
    "/health",
    "/incidents/999999",
    "/oncall/unknown",
)


def catalog_of_pages(language: str = "en") -> OnCallCatalog:
    """Return a catalog with a responder, a viewer and an administrator, and two schedules."""
    catalog = on_call_catalog()
    known = catalog.roster.people
    ana, ben = known[PersonId("ana")], known[PersonId("ben")]
    people = [
        _reads(replace(ana, phone="+238 (91) 00-000"), language),
        _reads(ben, language),
        _reads(replace(ana, id=PersonId("vera"), name="Auditor vera", addresses=()), language),
        _reads(replace(ben, id=PersonId("ada"), name="Head of operations"), language),
    ]
    people[2] = replace(people[2], role=Role.VIEWER)
    people[3] = replace(people[3], role=Role.ADMINISTRATOR)
    platform = policy(
        step(schedules=["primary"]), step(people=["ben"]), last_resort=step(people=["ana", "ben"])
    )
    return replace(
        catalog,
        roster=roster(
            *people, schedules=[schedule("primary", "ana", "ben"), schedule("spare", "ben")]
        ),
        policies={platform.id: platform},
        names={one.id: one.name for one in people},
        language=language,
    )


def _reads(person: Person, language: str) -> Person:
    return replace(person, language=language, sign_ins=(f"{person.id}@conecta360.example",))


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody's browser. Paths are those below the external address, as in the routes."""

    client: httpx.AsyncClient
    strips: bool  # the proxy takes the path off

    async def get(self, path: str, *, method: str = "GET", follow: bool = False) -> httpx.Response:
        answer = await self.client.request(method, self._at(path))
        while follow and answer.is_redirect:
            answer = await self.client.get(self._back(answer.headers["location"]))
        return answer

    async def post(
        self, path: str, fields: Mapping[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """Send a form as our own page does."""
        token = {"form_token": await self.form_token()}
        return await self.client.post(
            self._at(path),
            content=urlencode(token | dict(fields or {})),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Sec-Fetch-Site": "same-origin",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )

    async def form_token(self) -> str:
        page = await self.get("/oncall")
        (found, *_) = re.findall(r'name="form_token" value="([^"]*)"', page.text)
        return str(found)

    def _at(self, path: str) -> str:
        return path if self.strips else BASE + path

    def _back(self, location: str) -> str:
        """Return what the router is asked for when a browser follows a link of a page."""
        assert location.startswith(f"{BASE}/"), location
        return location.removeprefix(BASE) if self.strips else location


@dataclass(slots=True, kw_only=True)
class Site:
    """The router and who may come."""

    road: Road
    folder: Path  # the catalog's

    async def come(self, person: str | None = "ana", *, strips: bool = True) -> Visitor:
        """Return the browser of somebody who has signed in; of a stranger for None."""
        named = {} if person is None else {HEADER: f"{person}@conecta360.example"}
        client = httpx.AsyncClient(
            transport=self.road.client._transport,
            base_url=HOST,
            headers=named,
        )
        visitor = Visitor(client=client, strips=strips)
        if person is not None:
            shown = await visitor.get("/incidents", follow=True)
            assert shown.status_code == 200, shown.text
        return visitor

    async def raise_alert(self, annotations: Mapping[str, str] | None = None, **labels: str) -> int:
        """Have an alert arrive, and page; return the number of its incident."""
        alert: dict[str, Any] = firing(**{"service": "casos", **labels})
        alert["annotations"] = {"summary": "Casos is down"} | dict(annotations or {})
        key = f"{{}}:{sorted(labels.items())}"
        await self.road.receive(alert, groupKey=key, groupLabels=labels)
        return max(int(one["number"]) for one in await self.road.incidents())


@asynccontextmanager
async def open_site(
    secrets_dir: Path, fakes: Fakes, clock: HandClock, *, language: str = "en", **changed: str
) -> AsyncIterator[Site]:
    """Open a router that a proxy on this machine vouches to."""
    settings = {"GUARDIA_PROXY_HEADER": HEADER, "GUARDIA_PROXY_FROM": "127.0.0.1"}
    database = sqlite_database(secrets_dir)
    async with open_road(secrets_dir, database, fakes, clock, **(settings | changed)) as road:
        road.worker.catalog = catalog_of_pages(language)
        folder = road.settings.catalog
        (folder / "runbooks").mkdir(parents=True)
        yield Site(road=road, folder=folder)


class Page(HTMLParser):
    """What a page holds: every element with its attributes, and its text."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._within = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style") and data.strip():
            self.elements.append((f"inline-{self._within}", {}))
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def addresses(self) -> list[str]:
        """Return what all links, forms, scripts, styles and pictures lead to."""
        return [
            attributes[name]
            for _, attributes in self.elements
            for name in ("href", "src", "action", "formaction", "xlink:href")
            if name in attributes
        ]
