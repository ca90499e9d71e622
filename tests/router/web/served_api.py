"""The API on a real socket, with something of everything in its store, and examples that exist."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.address import Address
from router.catalog import OnCallCatalog
from router.oncall.model import Role
from tests.catalogs import CATALOG
from tests.fakes.local_server import LocalServer
from tests.router.making import person, roster, schedule
from tests.router.road import (
    API_TOKEN,
    HandClock,
    Road,
    firing,
    on_call_catalog,
    open_road,
    resolved,
    serving_fakes,
    write_secrets,
)

RUNBOOK = "# Database down\n\nLook at the *pool* first.\n"


@dataclass(slots=True)
class Faulty:
    """The application; `wrong` gives paths another status than it answered.

    Each request comes from a network of its own and a second after the one before:
    schemathesis shows more wrong tokens than one stranger, or all together, may.
    """

    app: ASGIApp
    clock: HandClock
    count: int = 0
    wrong: dict[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_wrong(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"] in self.wrong:
                message = {**message, "status": self.wrong[scope["path"]]}
            await send(message)

        self.count += 1
        self.clock.advance(timedelta(seconds=1))
        client = (f"2001:db8:0:{self.count:x}::1", 40_000)
        await self.app({**scope, "client": client}, receive, send_wrong)


@dataclass(slots=True, kw_only=True)
class Served:
    """Where it is, and how to be let in."""

    url: str
    app: Faulty
    headers: dict[str, str]


def example_catalog() -> OnCallCatalog:
    """Return a catalog with the people and the schedule of the document's examples."""
    catalog = on_call_catalog()
    people = [
        replace(one, name=name, role=Role.RESPONDER)
        for one, name in (
            (person("platform-1", addresses=list(_addresses(catalog, "ana"))), "Engineer 1"),
            (person("platform-2", addresses=list(_addresses(catalog, "ben"))), "Engineer 2"),
        )
    ]
    made = roster(
        *people,
        *catalog.roster.people.values(),
        schedules=[schedule("primary", "platform-1", "platform-2")],
    )
    return replace(catalog, roster=made)


@contextmanager
def serving_api(folder: Path, database_url: str) -> Iterator[Served]:
    """Serve a router's API until the block ends."""
    (folder / "secrets").mkdir()
    write_secrets(folder / "secrets")
    shutil.copytree(CATALOG, folder / "secrets" / "catalog")  # for who reloads
    runbooks = folder / "secrets" / "catalog" / "runbooks"
    runbooks.mkdir(exist_ok=True)
    (runbooks / "database-down.md").write_text(RUNBOOK, "utf-8")
    clock = HandClock()
    with ExitStack() as stack:
        fakes = serving_fakes(stack, clock)
        runner = stack.enter_context(asyncio.Runner())
        opening = open_road(folder / "secrets", database_url, fakes, clock)
        road = runner.run(opening.__aenter__())
        stack.callback(lambda: runner.run(opening.__aexit__(None, None, None)))
        road.worker.catalog = example_catalog()
        runner.run(_fill(road))
        app = Faulty(road.app, clock)
        server = LocalServer(app)
        server.start()
        stack.callback(server.stop)
        url = f"http://127.0.0.1:{server.port}"
        yield Served(url=url, app=app, headers={"Authorization": f"Bearer {API_TOKEN}"})


async def _fill(road: Road) -> None:
    """Have one of everything with the number 1."""
    alert = firing()
    alert["annotations"] |= {"runbook_url": "https://wiki.example/runbooks/database-down"}
    await road.receive(alert)
    await road.receive(resolved(service="derivacion"), groupLabels={"service": "derivacion"})
    await road.receive(firing(service="usuarios"), groupLabels={"service": "usuarios"})
    assert (await road.post(b"{")).status_code == 400
    override = {
        "schedule": "primary",
        "person": "platform-2",
        "from": "2026-11-24T18:00:00+01:00",
        "until": "2026-11-26T09:00:00+01:00",
    }
    by = {"by": "Platform engineer 1"}
    token = {"name": "Reports", "role": "viewer"}
    for path, body in (("/api/overrides", override), ("/api/tokens", token)):
        answer: httpx.Response = await road.api("POST", path, json=body | by)
        assert answer.status_code == 201, answer.text


def _addresses(catalog: OnCallCatalog, name: str) -> tuple[Address, ...]:
    (found,) = (one for one in catalog.roster.people.values() if one.id == name)
    return found.addresses
