"""What a real router told of itself over a time in which something went wrong.

Its /metrics is read as Prometheus would, while a clock is moved by hand: it
takes in alerts, pages, fails a step, differs from Alertmanager, and reloads.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from guardia.label import fingerprint
from guardia.matcher import parse_matcher
from router.channels.monitor import Monitor
from router.incident.heartbeat import Heartbeat
from router.metrics import Metrics
from router.store.store import Store
from router.worker.own_heartbeat import OwnHeartbeat
from tests.fakes.alertmanager import AlertmanagerFake
from tests.fakes.monitor import MonitorFake
from tests.past import Past, Sample, labels_of
from tests.router.making import alert_body, notification_body
from tests.router.road import HandClock, Road, firing, open_road, serving_fakes, write_secrets

EVERY = timedelta(seconds=15)  # as the catalog has Prometheus scrape
LASTS = timedelta(minutes=20)
# What comes of _happen(): an incident of each of three services, each paged to the primary,
# and the first one after 15 minutes to the next person.
OPEN_INCIDENTS = 3
PAGES = {"ana": 3, "ben": 1}
WATCHDOG = Heartbeat(
    name="watchdog", matchers=(parse_matcher('alertname="Watchdog"'),), every=timedelta(minutes=5)
)


@dataclass(slots=True, kw_only=True)
class _Ports:
    """What the router's own heartbeat needs."""

    store: Store
    clock: HandClock
    metrics: Metrics
    monitor: Monitor | None
    beat_every: timedelta = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class _Scrapes:
    """The pages of one target, as series."""

    target: Mapping[str, str]
    past: Past = field(default_factory=dict)
    found: dict[str, list[Sample]] = field(default_factory=dict)  # by how a page writes them

    def add(self, page: str, at: float) -> None:
        for line in page.splitlines():
            if not line.startswith("#"):
                head, _, value = line.rpartition(" ")
                if head not in self.found:
                    self.found[head] = self._series(head)
                self.found[head].append((at, value))
        up = self.past.setdefault("up", {}).setdefault(labels_of(self.target), [])
        up.append((at, 1))

    def _series(self, head: str) -> list[Sample]:
        (family,) = text_string_to_metric_families(f"{head} 0\n")
        (sample,) = family.samples
        key = labels_of({**sample.labels, **self.target})
        return self.past.setdefault(sample.name, {}).setdefault(key, [])


async def router_past(folder: Path, *, ends: float, target: Mapping[str, str]) -> Past:
    """Return the router's series up to `ends`; PAGES are what the provider got until then.

    Unix seconds; `target` are the labels that the scrape configuration adds.
    """
    write_secrets(folder)
    clock = HandClock(datetime.fromtimestamp(ends, UTC) - LASTS)
    scrapes = _Scrapes(target=target)
    with ExitStack() as stack:
        fakes = serving_fakes(stack, clock)
        peer = stack.enter_context(AlertmanagerFake(now=clock).serving())
        outside = stack.enter_context(MonitorFake().serving())
        database = f"sqlite:///{folder}/guardia.db"
        async with open_road(folder, database, fakes, clock, alertmanagers=[peer.url]) as road:
            watched = replace(road.worker.catalog, heartbeats=(WATCHDOG,))
            road.worker.take_up(watched)
            monitor = Monitor(url=outside.ping_url, secrets_dir=folder)
            ports = _Ports(store=road.store, clock=clock, metrics=road.metrics, monitor=monitor)
            heartbeat = OwnHeartbeat(ports, turned_at=clock)
            for number in range(LASTS // EVERY + 1):
                await _happen(road, peer, number)
                await road.worker.turn()
                # The worker's loop says so, and this moves the clock in its place.
                road.metrics.turn_at.set(clock.now.timestamp())
                await heartbeat.beat_due()
                page = (await road.client.get("/metrics")).text
                scrapes.add(page, clock.now.timestamp())
                clock.advance(EVERY)
            assert Counter(road.woken()) == PAGES
            assert len(await road.incidents()) == OPEN_INCIDENTS
            return scrapes.past


async def _happen(road: Road, peer: AlertmanagerFake, number: int) -> None:
    """Let one thing go on or wrong; `number` counts scrapes."""
    if number % 4 == 0:
        await _beat(road)
        await road.worker.reconcile()
    if number == 10:
        road.fakes.pagerduty.fail_next(1, status=503)
        await _receive(road, "casos")
        peer.lists(_alert(service="casos"))
    elif number == 20:  # it never told the router of the second one
        peer.lists(_alert(service="casos"), _alert(service="gateway"))
    elif number == 30:
        await road.api("POST", "/-/reload")  # of a folder that is not there
    elif number == 40:
        await _fail_a_step(road)
    elif number == 50:
        await _receive(road, "usuarios")


async def _fail_a_step(road: Road) -> None:
    """Take in an alert while its route leads to a policy that is gone."""
    right = road.worker.catalog
    road.worker.catalog = replace(right, policies={})
    await _receive(road, "derivacion")
    await road.worker.turn()
    road.worker.catalog = right


async def _receive(road: Road, service: str) -> None:
    labels = {"service": service}
    body = notification_body(_alert(**labels), groupKey=service, groupLabels=labels)
    response = await road.post(body)
    assert response.status_code == 200, response.text


async def _beat(road: Road) -> None:
    watchdog = alert_body("firing", alertname="Watchdog", severity="none")
    await road.post(
        notification_body(watchdog, groupLabels={"alertname": "Watchdog"}, groupKey="watchdog")
    )


def _alert(**labels: str) -> dict[str, Any]:
    told = firing(**labels)
    return told | {"fingerprint": fingerprint(told["labels"])}
