"""The web part of a router with people who may sign in, and browsers that try to."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import httpx

from router.catalog import OnCallCatalog
from router.incident.answers import Answer
from router.metrics import Metrics
from router.oncall.model import PersonId, Role
from router.sign_in import SETTINGS, read_sign_in
from router.store.audit import Entry, list_audit, record_audit
from router.store.store import Store
from router.web.app import create_app
from router.web.ports import WebPorts
from tests.databases import sqlite_database
from tests.router.making import person, roster
from tests.router.road import API_TOKEN, HandClock, on_call_catalog

HOST = "guardia.example"
URL = f"https://{HOST}"
STRANGER = "203.0.113.9"
SESSION = "__Host-guardia"
BEGUN = "__Host-guardia-sign-in"

PEOPLE = (
    replace(person("ana"), name="Engineer ana", sign_ins=("ana@conecta360.example",)),
    replace(
        person("vera"),
        name="Auditor vera",
        sign_ins=("vera@conecta360.example",),
        role=Role.VIEWER,
    ),
    replace(
        person("ada"),
        name="Head of operations",
        sign_ins=("ada@conecta360.example",),
        role=Role.ADMINISTRATOR,
    ),
)


def catalog_of(*names: str) -> OnCallCatalog:
    """Return a catalog with these of the people."""
    found = [one for one in PEOPLE if one.id in names]
    names_shown = {one.id: one.name for one in found}
    return replace(on_call_catalog(), roster=roster(*found), names=names_shown)


@dataclass(slots=True, kw_only=True)
class Door:
    """The application, and what it did."""

    store: Store
    app: Any
    clock: HandClock
    catalog: OnCallCatalog
    answers: list[tuple[int, Answer]] = field(default_factory=list)

    def browser(self, *, address: str = STRANGER, url: str = URL) -> "Browser":
        """Return a browser at a network address."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 40_000))
        return Browser(client=httpx.AsyncClient(transport=transport, base_url=url))

    def audited(self) -> list[Entry]:
        """Return the rows of the audit, the newest first."""
        work = partial(list_audit, limit=1000)
        return [one.entry for one in self.store.read_now(work)]

    def rows(self, table: Any) -> list[Any]:
        return self.store.read_now(lambda tx: list(tx.execute(table.select())))

    async def make_token(self, **wanted: str) -> str:
        """Make a token as the command does."""
        body = {"name": "Night shift", "role": "responder", "by": "Platform engineer 1"} | wanted
        client = self.browser().client
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        made = await client.post("/api/tokens", json=body, headers=headers)
        assert made.status_code == 201, made.text
        return str(made.json()["token"])


@dataclass(slots=True, kw_only=True)
class Browser:
    """Keeps cookies, follows nothing by itself, and sends what a browser sends with forms."""

    client: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=_named(headers))

    async def post(
        self, path: str, fields: Mapping[str, str], *, site: str | None = "same-origin", **more: str
    ) -> httpx.Response:
        headers = _named(more) | ({} if site is None else {"Sec-Fetch-Site": site})
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self.client.post(path, content=urlencode(fields), headers=headers)

    def cookie(self, name: str = SESSION) -> str | None:
        found: str | None = self.client.cookies.get(name)
        return found

    async def form(self, path: str = "/sign-in") -> dict[str, str]:
        """Return the hidden fields of a page's first form."""
        page = await self.get(path)
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))

    async def sign_in_by_token(self, token: str, **fields: str) -> httpx.Response:
        return await self.post("/sign-in", {**await self.form(), "token": token, **fields})


@contextmanager
def open_door(
    folder: Path,
    clock: HandClock,
    *,
    external_url: str | None = URL,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Door]:
    """Open the web part of a router on a database of its own."""
    (folder / "api-token").write_text(f"# of the command line\n{API_TOKEN}\n")
    (folder / "webhook-token").write_text("webhook-token\n")
    sign_in, problems = read_sign_in(settings or {})
    assert not problems
    assert set(settings or {}) <= set(SETTINGS)
    store = Store(sqlite_database(folder), new_installation="test", queue_limit=100)
    door = Door(store=store, app=None, clock=clock, catalog=catalog_of("ana", "vera", "ada"))

    async def answer(number: int, given: Answer, *_: object) -> None:
        door.answers.append((number, given))

    async def refused(entry: Entry) -> None:
        await store.write(partial(record_audit, entry=entry))

    made = {
        "store": store,
        "metrics": Metrics(),
        "clock": clock,
        "catalog": lambda: door.catalog,
        "catalog_folder": folder,
        "answer": answer,
        "refused": refused,
        "refused_known": refused,
        "is_working": lambda: True,
        "webhook_token_file": folder / "webhook-token",
        "api_token_file": folder / "api-token",
        "secrets_dir": folder,
        "max_body_bytes": 1000,
        "queue_limit": 100,
        "external_url": external_url,
        "sign_in": sign_in,
    }
    # What no test of this folder reaches is not there.
    others = {one.name: None for one in fields(WebPorts) if one.default is MISSING}
    ports = WebPorts(**cast(Any, others | made))
    door.app = create_app(ports)
    yield door
    store.close()


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


ANA = PersonId("ana")
