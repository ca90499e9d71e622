"""What the page weighs, and how soon it begins, with 10,000 incidents stored and 500 of them open.

Runs a whole router (`guardia serve`, SQLite), whose database is filled before it starts:

    python -m benchmarks.page [--gets 40] [--folder DIR]

Time is that from the request to the first byte of the answer, on one connection and without
the network. `--folder` chooses the disk.
"""

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

from sqlalchemy import Connection

from benchmarks.figure import Figure, at_most, show
from guardia.severity import Severity
from router.address import Address
from router.incident.model import Event, EventKind, Incident, IncidentAlert, IncidentState
from router.message.model import Message, MessageKind
from router.oncall.model import PersonId
from router.store.incidents import record_incident
from router.store.messages import record_message
from router.store.store import Store
from router.store.tables import messages
from router.store.timeline import record_events
from tests.delivery.router_process import RouterProcess, Town, open_town, running_cold

COMMAND = "python -m benchmarks.page"
STORED, OPEN = 10_000, 500
GETS = 40
MOST_MS = 100
MOST_BYTES = {"list": 60_000, "detail": 40_000, "script": 4_000, "style sheet": 12_000}
HEADER = "X-Signed-In"
_BATCH = 500
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_SERVICES = ("casos", "usuarios", "derivacion", "gateway", "notificaciones")


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gets", type=int, default=GETS)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name, open_town(Path(name)) as town:
        figures = measure(town, args.gets)
    return show(figures)


def measure(town: Town, gets: int = GETS) -> list[Figure]:
    """Return weights and times of the pages that people open at night, and of the slowest."""
    _fill(town.database)
    settings = {"GUARDIA_PROXY_HEADER": HEADER, "GUARDIA_PROXY_FROM": "127.0.0.1"}
    with running_cold(town, **settings) as router:
        visitor = _Visitor.come(router)
        figures = []
        for name, path, most in (
            ("list", "/incidents", MOST_MS),
            ("detail", f"/incidents/{STORED}", MOST_MS),
            ("history", "/history", None),
            ("history of a service", "/history?service=gateway", None),
            ("history of no service", "/history?service=nothing", None),
            ("on call", "/oncall", None),
            ("health", "/health", None),
        ):
            figures += _page(visitor, name, path, gets, most)
        figures += _assets(visitor)
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visitor:
    connection: HTTPConnection
    headers: Mapping[str, str]

    @classmethod
    def come(cls, router: RouterProcess) -> "_Visitor":
        """Sign in as the proxy says."""
        connection = HTTPConnection("127.0.0.1", router.port, timeout=30)
        named = {HEADER: "platform-1@conecta360.example"}
        connection.request("GET", "/sign-in", headers=named)
        answer = connection.getresponse()
        answer.read()
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return cls(connection=connection, headers={**named, "Cookie": cookie})

    def get(self, path: str) -> tuple[float, bytes]:
        """Return the seconds to the first byte, and the body."""
        started = time.perf_counter()
        self.connection.request("GET", path, headers=dict(self.headers))
        answer = self.connection.getresponse()
        seconds = time.perf_counter() - started
        body = answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path}: the router answered {answer.status}")
        return seconds, body


def _page(visitor: _Visitor, name: str, path: str, gets: int, most: int | None) -> list[Figure]:
    found = [visitor.get(path) for _ in range(gets + 1)][1:]
    cuts = quantiles([seconds * 1000 for seconds, _ in found], n=100, method="inclusive")
    _, body = found[-1]
    p50, p99 = round(cuts[49], 2), round(cuts[98], 2)
    first_byte = f"{name}, first byte, p50"
    timed = _plain(first_byte, p50, "ms") if most is None else _goal(first_byte, p50, most, "ms")
    return [timed, _plain(f"{name}, first byte, p99", p99, "ms"), *_weights(name, body)]


def _assets(visitor: _Visitor) -> list[Figure]:
    return [
        figure
        for name, path in (("script", "/static/page.js"), ("style sheet", "/static/page.css"))
        for figure in _weights(name, visitor.get(path)[1])
    ]


def _weights(name: str, body: bytes) -> list[Figure]:
    most = MOST_BYTES.get(name)
    whole = f"{name}, weight"
    size = len(body)
    return [
        _plain(whole, size, "bytes") if most is None else _goal(whole, size, most, "bytes"),
        _plain(f"{name}, weight compressed", len(gzip.compress(body, 6)), "bytes"),
    ]


def _goal(name: str, value: float, most: float, unit: str) -> Figure:
    return at_most(f"page: {name}", value, most, unit, COMMAND)


def _plain(name: str, value: float, unit: str) -> Figure:
    return Figure(name=f"page: {name}", value=value, unit=unit, command=COMMAND)


def _fill(database: str) -> None:
    """Store the incidents with what hangs on them: alerts, timeline and messages."""
    store = Store(database, new_installation="benchmark", queue_limit=100)
    now = datetime.now(UTC)
    try:
        for first in range(1, STORED + 1, _BATCH):
            store.write_now(partial(_fill_some, first=first, now=now))
    finally:
        store.close()


def _fill_some(tx: Connection, *, first: int, now: datetime) -> None:
    for number in range(first, first + _BATCH):
        is_open = number > STORED - OPEN
        opened_at = now - timedelta(minutes=10 * (STORED - number) + 3)
        incident = _incident(number, opened_at, is_open=is_open)
        stored = record_incident(tx, None, incident).stored_number
        record_events(tx, stored, _timeline(opened_at, is_open=is_open))
        for message in _messages(stored):
            record_message(tx, message, now=opened_at)
    sent = messages.update().values(state="sent", ended_at=now, attempts=1)
    tx.execute(sent.where(messages.c.state == "pending"))


def _incident(number: int, opened_at: datetime, *, is_open: bool) -> Incident:
    severity = _SEVERITIES[number % len(_SEVERITIES)]
    alerts = [_alert(number, one, severity, opened_at, firing=is_open) for one in range(3)]
    return Incident(
        number=None,
        key=f"benchmark {number}",
        state=IncidentState.TRIGGERED if is_open else IncidentState.RESOLVED,
        severity=severity,
        alerts={alert.fingerprint: alert for alert in alerts},
        opened_at=opened_at,
        resolved_at=None if is_open else opened_at + timedelta(minutes=7),
    )


def _alert(
    number: int, one: int, severity: Severity, opened_at: datetime, *, firing: bool
) -> IncidentAlert:
    service = _SERVICES[number % len(_SERVICES)]
    return IncidentAlert(
        fingerprint=f"{number:012x}{one:04x}",
        labels={
            "alertname": "ErrorBudgetBurn",
            "service": service,
            "slo": "availability",
            "severity": severity.value,
            "environment": "prod",
            "region": "a",
            "team": "plataforma",
            "instance": f"10.0.{one}.7:8080",
        },
        annotations={
            "summary": f"{service} availability en prod/a: falló el 12.3% de los eventos en los"
            " últimos 1h; a este ritmo el presupuesto de errores de 30d se agota en 4h 12m.",
            "description": f"Las peticiones a {service} se responden sin error del servidor."
            " Objetivo: 99.9% en 30d. En 1h se gastó más del 2% del presupuesto de errores.",
            "runbook_url": "https://runbooks.conecta360.example/not-in-the-catalog",
            "dashboard_url": "https://grafana.conecta360.example/d/guardia-slo",
        },
        firing=firing,
        starts_at=opened_at,
        ended_at=None if firing else opened_at + timedelta(minutes=7),
        generator_url="https://prometheus.conecta360.example/graph",
        severity=severity,
    )


def _timeline(opened_at: datetime, *, is_open: bool) -> list[Event]:
    rows = [
        Event(at=opened_at, kind=EventKind.OPENED, text="Opened by ErrorBudgetBurn."),
        Event(at=opened_at, kind=EventKind.ROUTED, text="Route critical is the first."),
        Event(at=opened_at, kind=EventKind.PAGED, text="Page to pagerduty platform-1."),
        Event(at=opened_at, kind=EventKind.MESSAGE_SENT, text="Page was accepted."),
    ]
    over = Event(at=opened_at, kind=EventKind.RESOLVED, text="All alerts ended.")
    return rows if is_open else [*rows, over]


def _messages(number: int) -> list[Message]:
    def message(kind: MessageKind, channel: str, address: str, person: str | None) -> Message:
        return Message(
            incident_number=number,
            kind=kind,
            address=Address(channel=channel, address=address),
            dedup_key=f"benchmark/{number}/{kind}/{address}",
            person=None if person is None else PersonId(person),
            because="Step 1 of policy plataforma pages Platform engineer 1.",
        )

    return [
        message(MessageKind.PAGE, "pagerduty", "platform-1", "platform-1"),
        message(MessageKind.NOTICE, "slack", "#operaciones", None),
    ]


if __name__ == "__main__":
    sys.exit(main())
