"""A small example platform: it serves the metrics the catalog needs, and can be broken.

`python -m demo.platform PORT`. POST /break makes every request to casos fail,
POST /repair ends that, GET /state says when both happened.
"""

import json
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

JOBS = ("casos", "derivacion", "postgres", "kafka")
REQUESTS_PER_SECOND = 50
TICK_SECONDS = 0.1


class Platform:
    """Counters that grow as if people used the services, and what was done to them."""

    def __init__(self) -> None:
        self.registries = {job: CollectorRegistry() for job in JOBS}
        self._requests = {
            job: Counter(
                "http_requests", "Requests answered.", ["code"], registry=self.registries[job]
            )
            for job in ("casos", "derivacion")
        }
        for requests in self._requests.values():
            # From zero: a series that is born with its first error loses that error.
            requests.labels(code="200")
            requests.labels(code="500")
        Gauge("pg_up", "PostgreSQL answers.", registry=self.registries["postgres"]).set(1)
        Gauge(
            "kafka_consumergroup_lag",
            "Messages that the group has not read yet.",
            ["consumergroup", "topic", "partition"],
            registry=self.registries["kafka"],
        ).labels(consumergroup="derivacion-group", topic="casos", partition="0").set(3)
        self.broken_at: datetime | None = None
        self.repaired_at: datetime | None = None

    def break_casos(self) -> None:
        """From now on every request to casos fails."""
        self.broken_at, self.repaired_at = datetime.now(UTC), None

    def repair_casos(self) -> None:
        """From now on requests succeed again."""
        self.repaired_at = datetime.now(UTC)

    def state(self) -> dict[str, str | None]:
        """Return when the platform was broken and repaired, ISO 8601."""
        return {
            "broken_at": self.broken_at.isoformat() if self.broken_at else None,
            "repaired_at": self.repaired_at.isoformat() if self.repaired_at else None,
        }

    def serve_requests(self, stopping: threading.Event) -> None:
        """Count requests by the time that really passed, until told to stop."""
        before = time.monotonic()
        while not stopping.wait(TICK_SECONDS):
            now = time.monotonic()
            number, before = REQUESTS_PER_SECOND * (now - before), now
            broken = self.broken_at is not None and self.repaired_at is None
            self._requests["casos"].labels(code="500" if broken else "200").inc(number)
            self._requests["derivacion"].labels(code="200").inc(number)


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/state":
                self._answer(json.dumps(platform.state()).encode(), "application/json")
                return
            job = self.path.removeprefix("/").removesuffix("/metrics")
            if job in platform.registries:
                self._answer(generate_latest(platform.registries[job]), CONTENT_TYPE_LATEST)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            actions = {"/break": platform.break_casos, "/repair": platform.repair_casos}
            if self.path not in actions:
                self.send_error(404)
                return
            actions[self.path]()
            self._answer(json.dumps(platform.state()).encode(), "application/json")

        def _answer(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent: a line for each scrape would hide what matters."""

    return Handler


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    platform = Platform()
    stopping = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _handler(platform))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    platform.serve_requests(stopping)
    server.shutdown()


if __name__ == "__main__":
    main()
