"""A real Prometheus that evaluates one tool's rules: samples read, and seconds of CPU."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.rule_files import ROUND, Rules
from tests.servers import free_port
from tests.tooling import ToolSet

# Every rule runs fifteen times as often as in life, so that half a minute shows what
# many do; what one run costs stays the same.
QUICK_ROUND = timedelta(seconds=2)
ROUNDS = 20  # the slow rules run in every fifth round, the copies in every tenth
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What all rules of a tool cost in one round of 30 seconds."""

    samples: float
    cpu_seconds: float


def measure_cost(tools: ToolSet, rules: Rules, *, storage: Path, folder: Path) -> Cost:
    """Run the rules on a copy of `storage` and return what a round costs.

    CPU is the whole process'. Raises RuntimeError when Prometheus could not keep
    up: then its rounds were fewer.
    """
    with _prometheus(tools, rules, storage, folder) as (url, pid):
        time.sleep(2 * QUICK_ROUND.total_seconds())
        before, missed = _cpu_seconds(pid), _metric(url, "missed")
        done = _metric(url, "iterations")
        time.sleep(ROUNDS * QUICK_ROUND.total_seconds())
        spent = _cpu_seconds(pid) - before
        if _metric(url, "missed") > missed or _metric(url, "iterations") <= done:
            raise RuntimeError(f"Prometheus could not evaluate the rules of {rules.tool} in time")
        samples = sum(
            _samples(url, expression) * (ROUND / interval)
            for expression, interval in rules.expressions()
        )
    return Cost(samples=samples, cpu_seconds=spent / ROUNDS)


@contextmanager
def _prometheus(
    tools: ToolSet, rules: Rules, storage: Path, folder: Path
) -> Iterator[tuple[str, int]]:
    folder.mkdir()
    shutil.copytree(storage, folder / "storage")
    (folder / "rules.yml").write_text(rules.quicker(QUICK_ROUND), encoding="utf-8")
    (folder / "prometheus.yml").write_text("rule_files: [rules.yml]\n", encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        tools.prometheus,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'storage'}",
        "--storage.tsdb.retention.time=60d",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--log.level=error",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            _wait_until_ready(url, process)
            yield url, process.pid
        finally:
            process.kill()
    shutil.rmtree(folder)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{url}/-/ready", timeout=5):  # noqa: S310  # our own, on the loopback
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("Prometheus did not start")


def _cpu_seconds(pid: int) -> float:
    """Return user and system time of a process. Source: proc(5), /proc/pid/stat."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _metric(url: str, which: str) -> float:
    names = {
        "iterations": "prometheus_rule_group_iterations_total",
        "missed": "prometheus_rule_group_iterations_missed_total",
    }
    with urlopen(f"{url}/metrics", timeout=30) as answer:  # noqa: S310
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{names[which]}{{"))


def _samples(url: str, expression: str) -> int:
    """Return how many samples one evaluation reads.

    Source: Prometheus documentation, "HTTP API", `stats`: totalQueryableSamples.
    """
    query = urlencode({"query": expression, "stats": "all"})
    try:
        with urlopen(f"{url}/api/v1/query?{query}", timeout=60) as answer:  # noqa: S310
            found = json.load(answer)
    except HTTPError as error:
        raise RuntimeError(f"{expression}: {error.read().decode(errors='replace')}") from None
    total: int = found["data"]["stats"]["samples"]["totalQueryableSamples"]
    return total
