"""What Guardia's rules cost a real Prometheus, and how soon they page, beside Sloth's.

    python -m benchmarks.rule_cost

Both tools' own generated files for the same SLOs: 40 raw series an SLO,
scraped every 15 s, with a month of history behind them. Samples are what
Prometheus says that each expression reads, as often as it runs in 30 s; CPU is
the whole process', with the same number of rounds, in the least disturbed of three
turns; without rules it takes 0.5 ms a round.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.catalogs import slo_names, write_catalog, write_sloth_specs
from benchmarks.figure import Figure, at_least, at_most, show
from benchmarks.process import GUARDIA, SLOTH
from benchmarks.rule_delay import seconds_until_page
from benchmarks.rule_engine import Cost, measure_cost
from benchmarks.rule_files import Rules, read_rules
from benchmarks.rule_history import SCRAPE, SERIES_PER_SLO, write_history
from tests.tooling import ToolSet, find_tool_set

COMMAND = "python -m benchmarks.rule_cost"
SLOS = 3
TURNS = 3
FEWER_SAMPLES, LESS_CPU, LATER_SECONDS = 50, 10, 30
_NAMES = ("rule cost: samples, Sloth ÷ Guardia", "rule cost: CPU, Sloth ÷ Guardia")
_LATER = "rule delay: page of a total outage, Guardia after Sloth"
_PAGES = {
    "Guardia": 'ALERTS{alertstate="firing",severity="critical",slo!=""}',
    "Sloth": 'ALERTS{alertstate="firing",sloth_severity="page"}',
}
_BLOCKS_SECONDS = 60  # what writing the history takes at most; it ends when that is over


def main() -> int:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    return show(measure())


def measure() -> list[Figure]:
    """Return the figures; all goals are missed without Prometheus or Sloth."""
    tools = find_tool_set("installed") or find_tool_set("current")
    if tools is None or not os.access(SLOTH, os.X_OK):
        sys.stderr.write("Prometheus or Sloth is missing: python -m tools.bring any, then peers\n")
        return _figures(None, None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = _generate(folder)
        return _figures(_costs(tools, rules, folder), _delays(tools, rules, folder))


def _generate(folder: Path) -> tuple[Rules, Rules]:
    catalog = write_catalog(folder / "catalog", slos=SLOS)
    specs = write_sloth_specs(folder / "specs", slos=SLOS)
    (folder / "sloth").mkdir()
    commands: tuple[list[str | Path], ...] = (
        [*GUARDIA, "generate", catalog, "--only", "rules", "--out", folder / "guardia"],
        [SLOTH, "generate", "--no-log", "-i", specs, "-o", folder / "sloth"],
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    return (
        read_rules("Guardia", list((folder / "guardia" / "rules").glob("*.yml"))),
        read_rules("Sloth", list((folder / "sloth").glob("*"))),
    )


def _costs(tools: ToolSet, rules: tuple[Rules, Rules], folder: Path) -> dict[str, Cost]:
    end = time.time() + _BLOCKS_SECONDS
    storage = folder / "storage"
    write_history(tools, rules, slos=SLOS, end=end, folder=folder, storage=storage)
    # Prometheus takes no sample that is older than its newest block.
    time.sleep(max(0.0, end - time.time()))
    # By turns; what disturbs a turn only ever adds.
    turns = [
        {
            each.tool: measure_cost(tools, each, storage=storage, folder=folder / each.tool)
            for each in rules
        }
        for _ in range(TURNS)
    ]
    return {
        each.tool: min((turn[each.tool] for turn in turns), key=lambda cost: cost.cpu_seconds)
        for each in rules
    }


def _delays(tools: ToolSet, rules: tuple[Rules, Rules], folder: Path) -> dict[str, list[float]]:
    """Return each tool's seconds until its page, for outages between two evaluations."""
    service, slo = slo_names(slos=SLOS)[0]
    return {
        each.tool: [
            seconds_until_page(
                tools,
                each,
                _PAGES[each.tool],
                late=late,
                service=service,
                slo=slo,
                folder=folder / f"delay-{each.tool}-{late.seconds}",
            )
            for late in (timedelta(), SCRAPE)
        ]
        for each in rules
    }


def _figures(costs: dict[str, Cost] | None, delays: dict[str, list[float]] | None) -> list[Figure]:
    if costs is None or delays is None:
        return [
            at_least(_NAMES[0], None, FEWER_SAMPLES, "times", COMMAND),
            at_least(_NAMES[1], None, LESS_CPU, "times", COMMAND),
            at_most(_LATER, None, LATER_SECONDS, "s", COMMAND),
        ]
    ours, theirs = costs["Guardia"], costs["Sloth"]
    later = max(
        mine - other for mine, other in zip(delays["Guardia"], delays["Sloth"], strict=True)
    )
    each = f"{SLOS} SLOs of {SERIES_PER_SLO} series"
    return [
        *(
            _plain(f"rule cost: samples an SLO reads in 30 s, {tool}", cost.samples / SLOS, "")
            for tool, cost in costs.items()
        ),
        *(
            _plain(f"rule cost: CPU of 30 s, {each}, {tool}", cost.cpu_seconds * 1000, "ms")
            for tool, cost in costs.items()
        ),
        at_least(
            _NAMES[0], round(theirs.samples / ours.samples, 1), FEWER_SAMPLES, "times", COMMAND
        ),
        at_least(
            _NAMES[1], round(theirs.cpu_seconds / ours.cpu_seconds, 1), LESS_CPU, "times", COMMAND
        ),
        *(
            _plain(f"rule delay: page of a total outage, {tool}", max(seconds), "s")
            for tool, seconds in delays.items()
        ),
        at_most(_LATER, later, LATER_SECONDS, "s", COMMAND),
    ]


def _plain(name: str, value: float, unit: str) -> Figure:
    return Figure(name=name, value=round(value, 1), unit=unit or "samples", command=COMMAND)


if __name__ == "__main__":
    sys.exit(main())
