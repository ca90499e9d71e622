"""What a POST costs until its committed 200, and until PagerDuty is asked to wake somebody.

Runs whole routers (`guardia serve`, SQLite) against the fakes:

    python -m benchmarks.webhook_to_page [--posts 500] [--folder DIR]

`--folder` chooses the disk. Pages: one at a time, from the first byte of the POST to the
first of the request at PagerDuty; the first page after a start is a figure of its own, since
with it everything is done for the first time. "calm": the same alert again and again, as
Alertmanager repeats it. "storm": each POST is an incident of its own, with its Slack message;
the fakes and the clients share the machine with the router.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

from benchmarks.figure import Figure, at_most, show
from tests.catalogs import copy_catalog
from tests.delivery.router_process import RouterProcess, Town, open_town, running_cold
from tests.router.making import alert_body, notification_body

COMMAND = "python -m benchmarks.webhook_to_page"
ROUTERS = 3
PEOPLE = 20
PAGES = 2 * PEOPLE  # a router: few enough for each person not to be gathered into a digest
SETTLED_SECONDS = 2  # after which a router that started has loaded what it needs
MOST_P50_MS = 50
MOST_P99_MS = 250
STORM_PAUSE_SECONDS = 0.02  # of each of two clients between two notifications


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name, open_town(Path(name)) as town:
        figures = measure(town, args.posts)
    return show(figures)


def measure(town: Town, posts: int) -> list[Figure]:
    """Return the figures: one page at a time first, then 200s alone."""
    catalog = _write_catalog(town.folder)
    firsts, pages = zip(*(_pages(town, catalog, number) for number in range(ROUTERS)), strict=True)
    p50, p99 = _cuts([one for share in pages for one in share])
    figures = [
        at_most("POST to PagerDuty's request, p50", p50, MOST_P50_MS, "ms", COMMAND),
        at_most("POST to PagerDuty's request, p99", p99, MOST_P99_MS, "ms", COMMAND),
        _figure("POST to PagerDuty's request, the first after a start", max(firsts) * 1000),
    ]
    with _paging(town, catalog, "storm") as router, _chatter(router):
        stormy = [_page_seconds(router, town, number) for number in range(PAGES)]
    figures += _figures("POST to PagerDuty's request, within a storm", stormy)
    for weather in ("calm", "storm"):
        for clients in (1, 16):
            with running_cold(town) as router:
                answers = _post_all(router, posts, clients, weather)
            figures += _figures(f"POST to 200, {weather}, {clients} clients", answers)
    return figures


def _write_catalog(folder: Path) -> Path:
    """Write the first user's catalog, with a person for each of many services."""
    people = [f"other-{number}" for number in range(1, PEOPLE + 1)]
    catalog = copy_catalog(folder)
    file = catalog / "oncall" / "plataforma.yaml"
    text = file.read_text(encoding="utf-8")
    for heading, added in (
        ("people:\n", "  - {{id: {0}, name: {0}, pages: [pagerduty: {0}]}}\n"),
        (
            "policies:\n",
            "  - {{id: {0}, steps: [people: [{0}]], last_resort: {{people: [{0}]}}}}\n",
        ),
        ("routes:\n", "  - {{name: {0}, match: ['service=~\"{0}/.*\"'], policy: {0}}}\n"),
    ):
        text = text.replace(heading, heading + "".join(added.format(one) for one in people), 1)
    file.write_text(text, encoding="utf-8")
    return catalog


@contextmanager
def _paging(town: Town, catalog: Path, name: str) -> Iterator[RouterProcess]:
    """Run a router with a database of its own, once it has loaded what it needs."""
    database = f"sqlite:///{town.folder}/{name}.db"
    with running_cold(town, GUARDIA_CATALOG=str(catalog), GUARDIA_DATABASE=database) as router:
        time.sleep(SETTLED_SECONDS)
        yield router


def _pages(town: Town, catalog: Path, router_number: int) -> tuple[float, list[float]]:
    """Return the seconds of a new router's first page, and of those after it."""
    with _paging(town, catalog, f"pages-{router_number}") as router:
        first, *others = [_page_seconds(router, town, number) for number in range(PAGES)]
    return first, others


@contextmanager
def _chatter(router: RouterProcess) -> Iterator[None]:
    """Post one new incident after another that informs a channel and wakes nobody."""
    over = threading.Event()

    def chat(client: int) -> None:
        number = 0
        while not over.wait(STORM_PAUSE_SECONDS):
            number += 1
            router.post(_body(f"chatter-{client}-{number}", environment="dev"))

    with ThreadPoolExecutor(2) as threads:
        talking = [threads.submit(chat, client) for client in range(2)]
        try:
            yield
        finally:
            over.set()
    for one in talking:
        one.result()


def _post_all(router: RouterProcess, posts: int, clients: int, weather: str) -> list[float]:
    shares = [range(client, posts, clients) for client in range(clients)]
    with ThreadPoolExecutor(clients) as threads:
        return [
            one
            for share in threads.map(
                lambda share: _post_share(router, share, f"{weather}-{clients}"), shares
            )
            for one in share
        ]


def _post_share(router: RouterProcess, share: Sequence[int], run: str) -> list[float]:
    """Post one after the other on one connection, by the leanest client there is."""
    seconds = []
    headers = {"Authorization": "Bearer webhook-token"}
    connection = HTTPConnection("127.0.0.1", router.port, timeout=30)
    for number in share:
        service = run if run.startswith("calm") else f"{run}-{number}"
        body = _body(service, environment="dev")
        started = time.perf_counter()
        connection.request("POST", "/webhook", body=body, headers=headers)
        response = connection.getresponse()
        response.read()
        seconds.append(time.perf_counter() - started)
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"the router answered {response.status}")
    connection.close()
    return seconds


def _page_seconds(router: RouterProcess, town: Town, number: int) -> float:
    service = f"other-{number % PEOPLE + 1}/{number}"
    before = len(town.pagerduty.calls)
    posted = datetime.now(UTC)
    if router.post(_body(service, environment="prod")) != HTTPStatus.OK:
        raise RuntimeError("the router refused a notification")
    town.pagerduty.wait_for(lambda fake: len(fake.calls) > before, timeout=30)
    return (town.pagerduty.calls[before].at - posted).total_seconds()


def _body(service: str, *, environment: str) -> bytes:
    alert = alert_body("firing", severity="critical", environment=environment, service=service)
    return notification_body(alert, groupLabels={"service": service}, groupKey=service)


def _figures(name: str, seconds: Sequence[float]) -> list[Figure]:
    p50, p99 = _cuts(seconds)
    return [_figure(f"{name}, p50", p50), _figure(f"{name}, p99", p99)]


def _figure(name: str, milliseconds: float) -> Figure:
    return Figure(name=name, value=round(milliseconds, 2), unit="ms", command=COMMAND)


def _cuts(seconds: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile in ms, no value beyond those that were measured."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


if __name__ == "__main__":
    sys.exit(main())
