"""A small example platform: it serves the metrics the catalog needs, and can be broken.

`python -m demo.platform PORT`. Each target of production's main region has a
page, /JOB/NUMBER/metrics; /JOB/metrics is that of the job's first. POST
/break makes every request to casos fail, POST /repair ends that, GET /state
says when both happened.
"""

import json
import signal
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client.exposition import CONTENT_TYPE_LATEST

from demo.model.exposition import render_page
from demo.model.meter import Meter
from demo.model.places import MAIN, Target, targets
from demo.model.setting import Fault, Setting

TARGETS = targets(MAIN)
TICK_SECONDS = 0.5
SEED = 360


def path_of(target: Target) -> str:
    """Return where the platform serves a target's page."""
    of_job = [other for other in TARGETS if other.job == target.job]
    return f"/{target.job}/{of_job.index(target)}/metrics"


class Platform:
    """The model, told how much time really passed, and what was done to it."""

    def __init__(self) -> None:
        self._setting = Setting(seed=SEED, starts_at=time.time(), tick_seconds=TICK_SECONDS)
        self._started = time.monotonic()
        self._meters = {target: Meter(self._setting, target) for target in TARGETS}
        self._lock = threading.Lock()  # scrapes come in several threads
        self._pages = {path_of(target): target for target in TARGETS}
        for target in TARGETS:
            self._pages.setdefault(f"/{target.job}/metrics", target)
        self.broken_at: datetime | None = None
        self.repaired_at: datetime | None = None

    def break_casos(self) -> None:
        """From now on every request to casos fails."""
        with self._lock:
            self.broken_at, self.repaired_at = datetime.now(UTC), None
            fault = Fault(kind="errors", job="casos", starts=self._passed())
            self._setting = replace(self._setting, faults=(*self._ended_faults(), fault))

    def repair_casos(self) -> None:
        """From now on requests succeed again."""
        with self._lock:
            self.repaired_at = datetime.now(UTC)
            self._setting = replace(self._setting, faults=self._ended_faults())

    def state(self) -> dict[str, str | None]:
        """Return when the platform was broken and repaired, ISO 8601."""
        return {
            "broken_at": self.broken_at.isoformat() if self.broken_at else None,
            "repaired_at": self.repaired_at.isoformat() if self.repaired_at else None,
        }

    def page(self, path: str) -> bytes | None:
        """Return the page at a path as it is now, or None when there is none."""
        target = self._pages.get(path)
        if target is None:
            return None
        with self._lock:
            tick = int(self._passed() / TICK_SECONDS)
            return render_page(self._meters[target].read(self._setting, tick))

    def _passed(self) -> float:
        return time.monotonic() - self._started

    def _ended_faults(self) -> tuple[Fault, ...]:
        """Return the faults so far, none of which lasts beyond now.

        They are kept: a page that is read now counts ticks in which they held.
        """
        now = self._passed()
        return tuple(replace(fault, ends=min(fault.ends, now)) for fault in self._setting.faults)


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/state":
                self._answer(json.dumps(platform.state()).encode(), "application/json")
            elif (page := platform.page(self.path)) is not None:
                self._answer(page, CONTENT_TYPE_LATEST)
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
    stopping = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _handler(Platform()))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stopping.wait()
    server.shutdown()


if __name__ == "__main__":
    main()
