"""What a POST costs from its body to the committed 200, and from the 200 to PagerDuty's request.

Runs a whole router (`guardia serve`, SQLite) against the fakes:

    python -m benchmarks.webhook_to_page [--posts 500] [--folder DIR]

`--folder` chooses the disk. "calm": the same alert again and again, as Alertmanager repeats
it. "storm": each POST is an incident of its own, with its Slack message; the fakes and the
clients share the machine with the router.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

from tests.delivery.router_process import RouterProcess, Town, open_town, running
from tests.router.making import alert_body, notification_body

COMMAND = "python -m benchmarks.webhook_to_page"
PAGES = 20


def main() -> None:
    """Measure and print one JSON list of figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name, open_town(Path(name)) as town:
        figures = measure(town, args.posts)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def measure(town: Town, posts: int) -> list[dict[str, object]]:
    """Return the figures: 200s alone first, then one page at a time."""
    figures = []
    with running(town) as router:
        pages = [_page_seconds(router, town, number) for number in range(PAGES)]
    figures += _figures("200 to PagerDuty's request", pages)
    for weather in ("calm", "storm"):
        for clients in (1, 16):
            with running(town) as router:
                answers = _post_all(router, posts, clients, weather)
            figures += _figures(f"POST to 200, {weather}, {clients} clients", answers)
    return figures


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
    before = len(town.pagerduty.calls)
    if router.post(_body(f"page-{number}", environment="prod")) != 200:
        raise RuntimeError("the router refused a notification")
    answered = datetime.now(UTC)
    town.pagerduty.wait_for(lambda fake: len(fake.calls) > before, timeout=30)
    return max(0.0, (town.pagerduty.calls[before].at - answered).total_seconds())


def _body(service: str, *, environment: str) -> bytes:
    alert = alert_body("firing", severity="critical", environment=environment, service=service)
    return notification_body(alert, groupLabels={"service": service}, groupKey=service)


def _figures(name: str, seconds: list[float]) -> list[dict[str, object]]:
    cuts = quantiles(seconds, n=100)
    return [
        {
            "name": f"{name}, {label}",
            "value": round(cuts[index] * 1000, 2),
            "unit": "ms",
            "command": COMMAND,
        }
        for label, index in (("p50", 49), ("p99", 98))
    ]


if __name__ == "__main__":
    main()
