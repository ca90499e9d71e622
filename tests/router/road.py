"""The whole router in one process: real store, real channels, strict fakes, a clock by hand."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import BigInteger, type_coerce, update
from starlette.types import ASGIApp

from guardia.matcher import parse_matcher
from router.address import Address
from router.alertmanager import open_peers
from router.catalog import OnCallCatalog
from router.channels.registry import open_channels
from router.edition import Edition
from router.last_good import LastGood
from router.metrics import Metrics
from router.oncall.model import PersonId
from router.reload import ReloadPorts, Reloads
from router.routing import PolicyId, Route
from router.settings import Settings, read_settings
from router.setup import check_setup, open_templates
from router.store.leases import LEASE
from router.store.store import Store
from router.store.tables import messages
from router.web.app import create_app
from router.web.ports import WebPorts
from router.worker.worker import Worker, WorkerPorts
from tests.fakes.pagerduty import PagerDutyFake
from tests.fakes.slack import SlackFake
from tests.fakes.smtp import SmtpFake
from tests.router.making import (
    NOON,
    alert_body,
    notification_body,
    person,
    policy,
    roster,
    step,
)

KEYS = {"ana": "a" * 32, "ben": "b" * 32, "plataforma": "c" * 32}  # the last: of a team
WEBHOOK_TOKEN = "webhook-token"
API_TOKEN = "api-token"
SLACK_TOKEN = "xoxb-test"
BROADCAST = Address(channel="slack", address="#operaciones")
MAILBOX = Address(channel="email", address="operaciones@conecta360.example")


@dataclass(slots=True)
class HandClock:
    """A clock that a test moves."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


def on_call_catalog() -> OnCallCatalog:
    """Ana, after 15 minutes Ben, after 15 minutes both; critical wakes, high informs."""
    people = [person(name, addresses=[_pagerduty(name), _mailbox(name)]) for name in ("ana", "ben")]
    platform = policy(
        step(people=["ana"]), step(people=["ben"]), last_resort=step(people=["ana", "ben"])
    )
    return OnCallCatalog(
        organisation="Conecta360",
        version="edition-1",
        roster=roster(*people),
        policies={platform.id: platform},
        routes=(
            _route("critical", 'severity="critical"', BROADCAST, wakes=True),
            _route("high", 'severity="high"', MAILBOX, BROADCAST),
            Route(name="default", matchers=(), policy=None, channels=(MAILBOX,)),
        ),
        names={PersonId("ana"): "Engineer ana", PersonId("ben"): "Engineer ben"},
        scope_labels=("environment", "region"),
        group_interval=timedelta(minutes=1),
    )


@dataclass(slots=True, kw_only=True)
class Fakes:
    """The providers; their records carry the hand clock's instants."""

    pagerduty: PagerDutyFake
    slack: SlackFake
    smtp: SmtpFake


@dataclass(slots=True, kw_only=True)
class Road:
    """A router and the ways into it."""

    store: Store
    worker: Worker
    app: ASGIApp
    client: httpx.AsyncClient
    clock: HandClock
    fakes: Fakes
    metrics: Metrics
    settings: Settings

    async def post(self, body: bytes, *, token: str = WEBHOOK_TOKEN) -> httpx.Response:
        """POST to the webhook."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.post("/webhook", content=body, headers=headers)

    async def receive(self, *alerts: Mapping[str, Any], **fields: Any) -> None:
        """Take one notification of Alertmanager and do all that is due."""
        response = await self.post(notification_body(*alerts, **fields))
        assert response.status_code == 200, response.text
        await self.worker.turn()

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass at once, then do all that is due."""
        self.clock.advance(by)
        await self.worker.turn()

    async def end_leases(self) -> None:
        """Let the time of a lease pass, by the database's clock and by ours."""
        shorter = update(messages).values(
            leased_until=type_coerce(messages.c.leased_until, BigInteger)
            - LEASE // timedelta(microseconds=1)
        )
        await self.store.write(lambda tx: tx.execute(shorter))
        await self.pass_time(LEASE)

    async def acknowledge(self, number: int, by: str) -> httpx.Response:
        """Acknowledge through the API; nothing is sent before the next turn."""
        return await self.api("POST", f"/api/incidents/{number}/ack", json={"by": by})

    async def show(self, number: int) -> Any:
        """Return an incident as the API shows it."""
        response = await self.api("GET", f"/api/incidents/{number}")
        assert response.status_code == 200, response.text
        return response.json()

    async def incidents(self) -> list[dict[str, Any]]:
        response = await self.api("GET", "/api/incidents")
        found: list[dict[str, Any]] = response.json()["incidents"]
        return found

    async def api(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        return await self.client.request(method, path, headers=headers, **arguments)

    def woken(self) -> list[str]:
        """Return who was woken, in order."""
        return [page.person for page in self.fakes.pagerduty.pages]

    async def metric(self, line: str) -> str:
        """Return the value of one sample of /metrics."""
        text = (await self.client.get("/metrics")).text
        found = [
            row.removeprefix(line).strip() for row in text.splitlines() if row.startswith(line)
        ]
        return found[0] if found else "absent"


def write_secrets(folder: Path) -> None:
    """Write every secret the router reads."""
    for name, key in KEYS.items():
        (folder / f"pagerduty-{name}").write_text(f"{key}\n")
    (folder / "slack-token").write_text(SLACK_TOKEN)
    (folder / "templates").mkdir()
    (folder / "webhook-token").write_text(f"{WEBHOOK_TOKEN}\n")
    (folder / "api-token").write_text(f"{API_TOKEN}\n")


def environment(folder: Path, fakes: Fakes, database_url: str) -> dict[str, str]:
    """Return the router's settings for these fakes."""
    return {
        "GUARDIA_CATALOG": str(folder / "catalog"),  # not there, unless a test reloads
        "GUARDIA_DATABASE": database_url,
        "GUARDIA_WEBHOOK_TOKEN_FILE": str(folder / "webhook-token"),
        "GUARDIA_API_TOKEN_FILE": str(folder / "api-token"),
        "GUARDIA_SECRETS_DIR": str(folder),
        "GUARDIA_EXTERNAL_URL": "https://guardia.conecta360.example/ops/",
        "GUARDIA_TEMPLATES": str(folder / "templates"),
        "GUARDIA_PAGERDUTY_URL": fakes.pagerduty.url,
        "GUARDIA_SLACK_URL": fakes.slack.base_url,
        "GUARDIA_SLACK_HOOKS_URL": fakes.slack.hooks_url,
        "GUARDIA_SMTP_HOST": fakes.smtp.host,
        "GUARDIA_SMTP_PORT": str(fakes.smtp.port),
        "GUARDIA_SMTP_TLS": "none",
        "GUARDIA_SMTP_FROM": "guardia@conecta360.example",
    }


def serving_fakes(stack: ExitStack, clock: HandClock | None = None) -> Fakes:
    """Start the providers for as long as the stack lives."""
    timed: dict[str, Any] = {} if clock is None else {"now": clock}
    channels = ["#operaciones"]
    return Fakes(
        pagerduty=stack.enter_context(PagerDutyFake(keys=KEYS, **timed).serving()),
        slack=stack.enter_context(
            SlackFake(token=SLACK_TOKEN, channels=channels, people=["U0ANA"], **timed).serving()
        ),
        smtp=stack.enter_context(SmtpFake(**timed).serving()),
    )


@asynccontextmanager
async def open_road(
    folder: Path,
    database_url: str,
    fakes: Fakes,
    clock: HandClock,
    *,
    name: str = "replica-1",
    alertmanagers: Sequence[str] = (),
    **changed: str,
) -> AsyncIterator[Road]:
    """Open a router on a database; opening it again is a restart or a second replica.

    `changed` are settings that differ from the usual ones.
    """
    asked = {"GUARDIA_ALERTMANAGERS": ",".join(alertmanagers)}
    settings = read_settings(environment(folder, fakes, database_url) | asked | changed)
    store = Store(settings.database, new_installation="test", queue_limit=settings.queue_limit)
    channels = open_channels(settings)
    metrics = Metrics(channels)
    ports = WorkerPorts(
        store=store,
        channels=channels,
        clock=clock,
        metrics=metrics,
        name=name,
        external_url=settings.external_url,
        templates=open_templates(settings, metrics),
        retention=settings.retention,
        peers=open_peers(settings),
    )
    worker = Worker(ports, on_call_catalog())
    app = create_app(_web_ports(settings, store, metrics, clock, worker))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://router.example") as client:
        yield Road(
            store=store,
            worker=worker,
            app=app,
            client=client,
            clock=clock,
            fakes=fakes,
            metrics=metrics,
            settings=settings,
        )
    store.close()


def firing(**labels: str) -> dict[str, Any]:
    return alert_body("firing", **{"severity": "critical", **labels})


def resolved(**labels: str) -> dict[str, Any]:
    return alert_body("resolved", **{"severity": "critical", **labels})


def _web_ports(
    settings: Settings, store: Store, metrics: Metrics, clock: HandClock, worker: Worker
) -> WebPorts:
    return WebPorts(
        store=store,
        metrics=metrics,
        clock=clock,
        catalog=lambda: worker.catalog,
        catalog_folder=settings.catalog,
        wake=worker.wake,
        answer=worker.answer,
        test_page=worker.test_page,
        pagerduty_event=worker.take_pagerduty_event,
        callback=worker.ways_back.take_callback,
        refused=worker.ways_back.refusals.keep,
        refused_known=worker.ways_back.refusals.keep_known,
        begin_awake=worker.ways_back.begin_awake,
        end_awake=worker.ways_back.end_awake,
        slack_hooks_url=settings.slack_hooks_url,
        reloads=_reloads(settings, store, metrics, clock, worker),
        is_working=lambda: True,
        webhook_token_file=settings.webhook_token_file,
        api_token_file=settings.api_token_file,
        secrets_dir=settings.secrets_dir,
        max_body_bytes=settings.max_body_bytes,
        queue_limit=settings.queue_limit,
        external_url=settings.external_url,
        sign_in=settings.sign_in,
    )


def _reloads(
    settings: Settings, store: Store, metrics: Metrics, clock: HandClock, worker: Worker
) -> Reloads:
    ports = ReloadPorts(
        folder=settings.catalog,
        running=lambda: worker.catalog,
        take_up=worker.take_up,
        keep=LastGood(store, clock=clock).keep,
        check=partial(check_setup, settings),
        clock=clock,
        metrics=metrics,
    )
    read = Edition(digest="", catalog=worker.catalog, problems=(), files={})
    return Reloads(ports, read=read)


def _route(name: str, matcher: str, *channels: Address, wakes: bool = False) -> Route:
    return Route(
        name=name,
        matchers=(parse_matcher(matcher),),
        policy=PolicyId("plataforma") if wakes else None,
        channels=channels,
    )


def _pagerduty(name: str) -> Address:
    return Address(channel="pagerduty", address=name)


def _mailbox(name: str) -> Address:
    return Address(channel="email", address=f"{name}@conecta360.example")
