"""How many notifications a second a router acknowledges, and what large ones cost.

Runs `guardia serve` and the same server without a store, in turn, so that the
goal is a ratio within one run:

    python -m benchmarks.webhook_rate [--seconds 4] [--folder DIR]

A notification has 10 alerts; 200 groups are sent again and again, as
Alertmanager repeats them. The clients share the machine with the router.
`--folder` chooses the disk.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from statistics import median

import httpx

from benchmarks.catalogs import ROOT
from benchmarks.figure import Figure, at_least, at_most, show
from guardia.label import fingerprint
from tests.delivery.router_process import Town, open_town
from tests.router.making import alert_body, notification_body
from tests.servers import free_port, postgresql
from tests.tooling import require_postgresql

COMMAND = "python -m benchmarks.webhook_rate"
CLIENTS = (1, 16, 128)
GROUPS = 200
ALERTS = 10
ROUNDS = 3
SECONDS = 4.0
LEAST_RATIO = 0.5
LARGE_GROUP = 10_000
MOST_LARGE_SECONDS = 2.0
OPEN_GROUPS, OPEN_ALERTS = 200, 500
MOST_MEGABYTES = 300
_WITHOUT_STORE = (sys.executable, "-m", "benchmarks.without_store", "serve")
_ROUTER = (sys.executable, "-m", "guardia.cli.main", "serve")
_HEADERS = {"Authorization": "Bearer webhook-token"}


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name, open_town(Path(name)) as town:
        figures = measure(town, args.seconds)
    return show(figures)


def measure(town: Town, seconds: float = SECONDS) -> list[Figure]:
    """Return rates on both databases, the time of a large group, and memory."""
    figures = _rates(town, "SQLite", f"sqlite:///{town.folder}/rate.db", seconds)
    with postgresql(require_postgresql(), options={"fsync": "on"}) as url:
        figures += _rates(town, "PostgreSQL", url, seconds)
    figures += _large(town)
    return figures


def _rates(town: Town, kind: str, database: str, seconds: float) -> list[Figure]:
    """Return the rates of one database, each beside the server without a store."""
    figures = []
    for clients in CLIENTS:
        pairs = []
        for number in range(ROUNDS):
            kept = _rate(town, _ROUTER, database, clients, seconds)
            bare = _rate(
                town, _WITHOUT_STORE, f"sqlite:///{town.folder}/{number}.db", clients, seconds
            )
            pairs.append((kept, bare))
        rate, ratio = median(one for one, _ in pairs), median(one / other for one, other in pairs)
        name = f"acknowledged webhooks, {clients} clients, {kind}"
        figures.append(Figure(name=name, value=rate, unit="a second", command=COMMAND))
        name = f"{name} ÷ without a store"
        if kind == "SQLite" and clients == max(CLIENTS):
            figures.append(at_least(name, ratio, LEAST_RATIO, "times", COMMAND))
        else:
            figures.append(Figure(name=name, value=ratio, unit="times", command=COMMAND))
    return figures


def _rate(town: Town, command: Sequence[str], database: str, clients: int, seconds: float) -> float:
    bodies = [_body(f"group-{number}", ALERTS) for number in range(GROUPS)]
    with _serving(town, command, database) as (port, _):
        return asyncio.run(_post_for(port, bodies, clients, seconds))


async def _post_for(port: int, bodies: Sequence[bytes], clients: int, seconds: float) -> float:
    """Return the 200s a second of so many clients, each on its own connection."""
    requests = [_request(body) for body in bodies]
    ends_at = time.perf_counter() + seconds

    async def post(client: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        posted = 0
        while time.perf_counter() < ends_at:
            writer.write(requests[(client + posted * clients) % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the router answered {head[:60]!r}")
            length = re.search(rb"content-length: (\d+)", head.lower())
            await reader.readexactly(int(length[1]) if length else 0)
            posted += 1
        writer.close()
        return posted

    started = time.perf_counter()
    counts = await asyncio.gather(*(post(client) for client in range(clients)))
    return sum(counts) / (time.perf_counter() - started)


def _request(body: bytes) -> bytes:
    head = (
        "POST /webhook HTTP/1.1\r\nHost: router\r\nAuthorization: Bearer webhook-token\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _large(town: Town) -> list[Figure]:
    """Return how long a group of 10,000 alerts takes, and what 100,000 open alerts need."""
    with _serving(town, _ROUTER, f"sqlite:///{town.folder}/large.db") as (port, _):
        body = _body("large", LARGE_GROUP)
        started = time.perf_counter()
        _post(port, body)
        stored = time.perf_counter() - started
    with _serving(town, _ROUTER, f"sqlite:///{town.folder}/many.db") as (port, process):
        for number in range(OPEN_GROUPS):
            _post(port, _body(f"many-{number}", OPEN_ALERTS))
        _wait_until_applied(port)
        megabytes = _resident_megabytes(process)
    return [
        at_most("webhook of 10,000 alerts, POST to 200", stored, MOST_LARGE_SECONDS, "s", COMMAND),
        at_most(
            "memory of a router with 100,000 open alerts, webhook by webhook",
            megabytes,
            MOST_MEGABYTES,
            "MB",
            COMMAND,
        ),
    ]


@contextmanager
def _serving(
    town: Town, command: Sequence[str], database: str
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run a server whose logs nobody reads, until it is ready."""
    port = free_port()
    environment = town.environment(GUARDIA_DATABASE=database, GUARDIA_LISTEN=f"127.0.0.1:{port}")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/-/ready").status_code == HTTPStatus.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the router does not get ready")


def _wait_until_applied(port: int) -> None:
    deadline = time.monotonic() + 120
    while 'guardia_waiting{queue="notifications"} 0.0' not in _metrics(port):
        if time.monotonic() > deadline:
            raise RuntimeError("the router does not apply what it took")
        time.sleep(0.2)


def _metrics(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text


def _post(port: int, body: bytes) -> None:
    url = f"http://127.0.0.1:{port}/webhook"
    status = httpx.post(url, content=body, headers=_HEADERS, timeout=60).status_code
    if status != HTTPStatus.OK:
        raise RuntimeError(f"the router answered {status}")


def _resident_megabytes(process: subprocess.Popen[bytes]) -> float:
    """Return the largest resident memory the process has had. Source: proc(5), VmHWM."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is None:
        raise RuntimeError(f"{os.uname().sysname} does not say how much memory a process has had")
    return int(found[1]) / 1000


def _body(group: str, alerts: int) -> bytes:
    labels = {"severity": "high", "environment": "dev", "service": group}
    found = [alert_body("firing", **labels, instance=f"node-{number}") for number in range(alerts)]
    for alert in found:
        alert["fingerprint"] = fingerprint(alert["labels"])
    return notification_body(*found, groupLabels={"service": group}, groupKey=group)


if __name__ == "__main__":
    sys.exit(main())
