"""The example platform's history, read by the real promtool and answered by the real Prometheus.

Every figure is added up from the model's events as well, without Prometheus.
"""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.model.cases import case_flow
from demo.model.history import write_history
from demo.model.places import MAIN, targets
from demo.model.setting import Fault, Rollout, Setting
from demo.model.traffic import VERSION, requests
from tests.servers import prometheus
from tests.tooling import SET_NAMES, require_tool_set

NOON = 1_793_534_400.0  # 2026-11-01 12:00 UTC
SETTING = Setting(
    seed=11,
    starts_at=NOON,
    faults=(Fault(kind="errors", job="casos", share=0.3, starts=4000, ends=4600),),
    rollouts=(Rollout(job="casos", version="1.5.0", starts=5400),),
)
HOUR = SETTING.ticks_in(3600)
TARGETS = tuple(found for found in targets(MAIN) if found.job in ("casos", "kafka", "node"))
LAST_HOUR = range(HOUR + 1, 2 * HOUR + 1)


@pytest.fixture(scope="module", params=SET_NAMES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tools = require_tool_set(request.param)
    folder = tmp_path_factory.mktemp("history")
    file, storage = folder / "history.om", folder / "storage"
    write_history(file, SETTING, TARGETS, ticks=2 * HOUR)
    command: list[str | Path] = [tools.promtool, "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, file, storage], check=True, capture_output=True)
    with prometheus(tools, "{}", storage=storage) as started:
        yield started


def ask(url: str, expression: str) -> float:
    query = urllib.parse.urlencode({"query": expression, "time": NOON + 7200})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:  # noqa: S310
        (result,) = json.load(answer)["data"]["result"]
    return float(result["value"][1])


def grown(selector: str) -> str:
    """Return by how much counters grew in the last hour, without the guesses of increase()."""
    return f"sum({selector} - ({selector} offset 1h))"


def test_failed_requests_are_those_of_the_model(url: str) -> None:
    casos = [found for found in TARGETS if found.job == "casos"]
    failed = sum(
        part.failed
        for tick in LAST_HOUR
        for found in casos
        for version, part in requests(SETTING, found, tick).items()
        if version == VERSION
    )
    assert failed > 1000
    selector = f'http_requests_total{{job="casos",code="500",version="{VERSION}"}}'
    assert ask(url, grown(selector)) == failed
    assert ask(url, f"sum(increase({selector}[1h]))") == pytest.approx(failed, rel=0.01)


def test_a_canary_is_in_the_history_from_its_first_request(url: str) -> None:
    casos = [found for found in TARGETS if found.job == "casos"]
    served = sum(
        requests(SETTING, found, tick)["1.5.0"].number
        for tick in range(SETTING.ticks_in(5400) + 1, 2 * HOUR + 1)
        for found in casos
    )
    assert ask(url, 'sum(http_requests_total{version="1.5.0"})') == served


def test_answers_within_a_bucket_are_those_of_the_model(url: str) -> None:
    casos = [found for found in TARGETS if found.job == "casos"]
    within = sum(
        sum(requests(SETTING, found, tick)[VERSION].durations[:7])
        for tick in LAST_HOUR
        for found in casos
    )
    bucket = f'http_request_duration_seconds_bucket{{le="3.0",version="{VERSION}"}}'
    assert ask(url, grown(bucket)) == within


def test_cases_are_those_of_the_model(url: str) -> None:
    first = next(found for found in TARGETS if found.job == "casos" and found.is_first)
    flows = [case_flow(SETTING, first, tick) for tick in LAST_HOUR]
    assert ask(url, grown("cases_created_total")) == sum(flow.opened for flow in flows)
    closed = sum(flow.closed for flow in flows)
    assert ask(url, grown('cases_by_state{state="CERRADO"}')) == closed
    late = sum(sum(flow.resolved) - flow.within_sla for flow in flows)
    assert ask(url, grown('cases_resolved_total{sla="outside"}')) == late


def test_every_target_was_up_in_its_place(url: str) -> None:
    assert ask(url, 'sum(up{environment="prod",region="a"})') == len(TARGETS)
    assert ask(url, 'sum(count_over_time(up{job="kafka"}[2h]))') in (2 * HOUR, 2 * HOUR + 1)


def test_cpu_time_passes_as_fast_as_time(url: str) -> None:
    cores = 'sum(rate(node_cpu_seconds_total{instance="node-1:9100"}[1h]))'
    assert ask(url, cores) == pytest.approx(2, rel=1e-3)
