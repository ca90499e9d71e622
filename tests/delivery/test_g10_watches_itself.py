"""The router watches itself, in whole processes: heartbeats in and out, what is overdue (G10)."""

import re
import resource
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.catalogs import copy_catalog
from tests.delivery.router_process import RouterProcess, Town, critical, open_town, running
from tests.delivery.test_alertmanager_road import DISK, FALLBACK, road
from tests.fakes.monitor import MonitorFake
from tests.fakes.serving import PATIENCE_SECONDS
from tests.router.making import alert_body, notification_body
from tests.tooling import require_tool_set

POLL_SECONDS = 0.1
HEARTBEAT = """
heartbeats:
  - name: watchdog
    match: ['alertname="Watchdog"']
    every: 30s
    labels: {environment: prod}
"""
SEEN = 'guardia_heartbeat_last_seen_timestamp_seconds{heartbeat="watchdog"}'


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


@pytest.fixture
def outside() -> Iterator[MonitorFake]:
    with MonitorFake().serving() as fake:
        yield fake


@pytest.fixture
def watching(tmp_path: Path) -> str:
    """The first user's catalog, which waits for a Watchdog."""
    (tmp_path / "watching").mkdir()
    folder = copy_catalog(tmp_path / "watching")
    with (folder / "oncall" / "plataforma.yaml").open("a", encoding="utf-8") as file:
        file.write(HEARTBEAT)
    return str(folder)


def metric(router: RouterProcess, sample: str) -> float | None:
    """Return one sample of /metrics, or None when there is none."""
    text = httpx.get(f"{router.url}/metrics", timeout=PATIENCE_SECONDS).text
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.M)
    return None if found is None else float(found[1])


def own_heartbeats(router: RouterProcess, outcome: str) -> float:
    return metric(router, f'guardia_own_heartbeats_total{{outcome="{outcome}"}}') or 0


def wait_until(seen: Callable[[], object], what: str) -> None:
    """Return as soon as `seen()` is true, of a process that can only be asked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(POLL_SECONDS)


def let_files_grow(router: RouterProcess, *, to_bytes: int) -> None:
    _, hard = resource.prlimit(router.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(router.process.pid, resource.RLIMIT_FSIZE, (to_bytes, hard))


def watchdog() -> bytes:
    alert = alert_body("firing", alertname="Watchdog", severity="none")
    return notification_body(alert, groupLabels={"alertname": "Watchdog"}, groupKey="watchdog")


def test_a_heartbeat_that_stays_away_pages_and_ends_when_it_comes_again(
    town: Town, watching: str
) -> None:
    town.set_clock(town.now())
    with running(town, GUARDIA_CATALOG=watching) as router:
        assert router.post(watchdog()) == 200
        wait_until(lambda: (metric(router, SEEN) or 0) > 0, "the heartbeat is seen")
        assert metric(router, "guardia_open_incidents") == 0

        # Not all of its time at once: that would look as if the router had been away.
        town.move_clock(timedelta(seconds=29))
        town.pagerduty.wait_for(lambda fake: fake.pages)
        missing = 'guardia_heartbeat_missing{heartbeat="watchdog"}'
        assert metric(router, missing) == 1
        assert router.post(watchdog()) == 200
        wait_until(lambda: metric(router, "guardia_open_incidents") == 0, "the incident is over")
        town.pagerduty.wait_for(lambda fake: [alert.state for alert in fake.alerts] == ["resolved"])
        wait_until(lambda: metric(router, missing) == 0, "it is no longer missing")
        assert router.stop() == 0
    assert len(town.pagerduty.pages) == 1


def test_a_page_that_no_provider_takes_shows_as_overdue(town: Town) -> None:
    overdue = 'guardia_overdue_seconds{queue="pages"}'
    with running(town) as router:
        town.pagerduty.fail_next(None, status=503)
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: len(fake.calls) >= 3)
        assert (metric(router, overdue) or 0) > 1

        town.pagerduty.heal()
        town.pagerduty.wait_for(lambda fake: fake.pages)
        wait_until(lambda: metric(router, overdue) == 0, "nothing is overdue")


def test_it_tells_the_outside_that_it_works_and_stops_when_it_cannot_store(
    town: Town, outside: MonitorFake
) -> None:
    (town.folder / "heartbeat.url").write_text(outside.ping_url)
    town.set_clock(town.now())
    with running(town, GUARDIA_HEARTBEAT_EVERY="30s") as router:
        outside.wait_for(lambda fake: fake.beats == 1)
        assert metric(router, "guardia_store_writable") == 1

        let_files_grow(router, to_bytes=0)
        assert router.post(critical()) == 503
        assert metric(router, "guardia_store_writable") == 0
        assert httpx.get(f"{router.url}/-/ready", timeout=PATIENCE_SECONDS).status_code == 503
        town.move_clock(timedelta(seconds=30))
        wait_until(lambda: own_heartbeats(router, "withheld"), "it is withheld")
        assert outside.beats == 1

        let_files_grow(router, to_bytes=resource.RLIM_INFINITY)
        town.move_clock(timedelta(seconds=10))
        outside.wait_for(lambda fake: fake.beats == 2)
        assert router.stop() == 0
    assert outside.ping_url not in str(router.lines)


def test_a_monitor_that_does_not_answer_disturbs_no_page(town: Town, outside: MonitorFake) -> None:
    gate = outside.hold_next()
    with running(town, GUARDIA_HEARTBEAT_URL=outside.ping_url) as router:
        outside.wait_for(lambda fake: fake.held == 1)
        assert router.post(critical()) == 200
        town.pagerduty.wait_for(lambda fake: fake.pages)
        assert own_heartbeats(router, "sent") == 0
        gate.open()


def test_the_watchdog_of_a_real_alertmanager_is_a_heartbeat(tmp_path: Path, watching: str) -> None:
    settings = FALLBACK.replace("every: 10s\n", "every: 10s\n    router: true\n")
    (tmp_path / "road").mkdir()
    tools = require_tool_set("installed")
    environment = {"GUARDIA_CATALOG": watching}
    with road(tmp_path / "road", tools, settings=settings, environment=environment) as way:
        way.prometheus.fire({"alertname": "Watchdog", "severity": "low"})
        wait_until(lambda: (metric(way.router, SEEN) or 0) > 0, "the first Watchdog")
        first = metric(way.router, SEEN) or 0
        way.prometheus.fire({"alertname": "Watchdog", "severity": "low"})
        wait_until(lambda: (metric(way.router, SEEN) or 0) > first, "the next Watchdog")

        way.prometheus.fire(DISK)
        wait_until(lambda: way.incident(1), "the disk's incident")
        assert way.firing(1) == ["high"]
        assert way.incident(2) is None
