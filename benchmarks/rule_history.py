"""A month of steady traffic as blocks of Prometheus: what was scraped, and what rules recorded.

Raw series reach as far back as the rules read them by range (3 days), recorded
ones too (30 days): so every window is full, as after a month of running.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from subprocess import run
from typing import TextIO

from benchmarks.catalogs import slo_names
from benchmarks.rule_files import Rules
from tests.tooling import ToolSet

SCRAPE = timedelta(seconds=15)
PODS = 8
CODES = {"200": 80.0, "201": 10.0, "404": 9.96, "500": 0.02, "503": 0.02}  # requests a scrape
SERIES_PER_SLO = PODS * len(CODES)
BLOCK = timedelta(hours=54)  # as Prometheus compacts them at such a retention
_RAW = timedelta(days=3, minutes=10)
# Near the truth, so that no burn alert fires and no rule comes out empty.
_STEADY = {"total": 53.3, "errors": 0.021, "ratio": 0.0004}


def write_history(
    tools: ToolSet, rules: Sequence[Rules], *, slos: int, end: float, folder: Path, storage: Path
) -> None:
    """Write blocks into `storage` that end at the Unix time `end`."""
    block = BLOCK.total_seconds()
    split = (end - _RAW.total_seconds()) // block * block  # blocks of both files must not overlap
    for name, start, until in (("old", 0.0, split), ("new", split, end)):
        file = folder / f"{name}.om"
        with file.open("w", encoding="utf-8") as text:
            _write_recorded(text, rules, start, until, end)
            _write_raw(text, slos, max(start, end - _RAW.total_seconds()), until)
            text.write("# EOF\n")
        command: list[str | Path] = [tools.promtool, "tsdb", "create-blocks-from", "--quiet"]
        command += [f"--max-block-duration={int(block)}s", "openmetrics", file, storage]
        run(command, check=True, capture_output=True)
        file.unlink()


def _write_raw(text: TextIO, slos: int, start: float, until: float) -> None:
    times = list(_times(start, until, SCRAPE.total_seconds()))
    for service, slo in slo_names(slos=slos):
        for pod in range(PODS):
            for code, growth in CODES.items():
                series = (
                    f'http_requests_total{{environment="prod",job="{service}",route="{slo}",'
                    f'code="{code}",instance="pod-{pod}:8080"}}'
                )
                # Apart by less than a scrape, as targets are.
                late = (pod + 1) * 0.7
                text.writelines(
                    f"{series} {index * growth:.2f} {at + late:.3f}\n"
                    for index, at in enumerate(times)
                    if at + late < until
                )


def _write_recorded(
    text: TextIO, rules: Sequence[Rules], start: float, until: float, end: float
) -> None:
    for tool in rules:
        for rule, interval in tool.recorded():
            name = rule["record"]
            depth = tool.longest_range(name)
            if not depth:  # what is read by instant only, the running rules record
                continue
            labels = {"environment": "prod", **rule.get("labels", {})}
            series = ",".join(f'{label}="{value}"' for label, value in labels.items())
            value = next((value for part, value in _STEADY.items() if part in name), 1)
            first = max(start, end - depth.total_seconds())
            text.writelines(
                f"{name}{{{series}}} {value} {at:.3f}\n"
                for at in _times(first, until, interval.total_seconds())
            )


def _times(start: float, until: float, step: float) -> Iterator[float]:
    at = -(-start // step) * step
    while at < until:
        yield at
        at += step
