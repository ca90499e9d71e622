"""All benchmarks: `python -m benchmarks`, which `make bench` runs.

Prints a table, writes `benchmarks/results.json`, and exits with 1 when a goal
was missed. Comparisons are ratios within one run, so that they hold on any
machine; the goals in seconds are for two cores of an ordinary server.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import (
    check_catalog,
    generate_rules,
    generate_services,
    page,
    rule_cost,
    verdict,
    webhook_rate,
    webhook_to_page,
)
from benchmarks.figure import Figure, show, write_results
from tests.delivery.router_process import open_town

RESULTS = Path(__file__).with_name("results.json")
_POSTS = 200


def main() -> int:
    """Measure everything, show it and keep it."""
    figures: list[Figure] = []
    for name, measure in (
        ("check_catalog", check_catalog.measure),
        ("generate_rules", generate_rules.measure),
        ("generate_services", generate_services.measure),
        ("rule_cost", rule_cost.measure),
        ("verdict", verdict.measure),
        ("webhook_to_page", _webhook_to_page),
        ("webhook_rate", _webhook_rate),
        ("page", _page),
    ):
        started = time.monotonic()
        figures += measure()
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    write_results(figures, RESULTS)
    return show(figures)


def _webhook_to_page() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, open_town(Path(name)) as town:
        found = webhook_to_page.measure(town, _POSTS)
    return [replace(one, name=f"router: {one.name}") for one in found]


def _webhook_rate() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, open_town(Path(name)) as town:
        return [replace(one, name=f"router: {one.name}") for one in webhook_rate.measure(town)]


def _page() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, open_town(Path(name)) as town:
        return page.measure(town)


if __name__ == "__main__":
    sys.exit(main())
