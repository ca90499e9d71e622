"""How long `guardia generate` takes for a thousand services that use presets, dashboards included.

    python -m benchmarks.generate_services [--services 1000] [--runs 1]

Each service has an SLO, three conditions and two panels from presets. The
dashboards are compared with the rules of the same catalog, in turn.
"""

import argparse
import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path

from benchmarks.catalogs import CATALOG
from benchmarks.figure import Figure, at_most, show
from benchmarks.process import GUARDIA, median_pair, median_seconds

COMMAND = "python -m benchmarks.generate_services"
SERVICES = 1000
DASHBOARDS_TO_RULES = 2.0  # more, and who edits the catalog waits for Grafana
_SERVICE = """\
service: {name}
team: plataforma
description: Answers for {name}.
targets: up{{job="{name}"}}
runbook: service-down
slos:
  - name: availability
    description: Requests are answered without a server error.
    objective: 99.9%
    use: http/availability
    with: {{match: 'job="{name}"'}}
    runbook: high-error-rate
conditions:
  - alert: ErrorsHigh{number}
    use: http/error-rate
    with: {{match: 'job="{name}"'}}
    slo: availability
    runbook: high-error-rate
  - alert: Slow{number}
    use: http/slow-answers
    with: {{match: 'job="{name}"'}}
    runbook: high-error-rate
  - alert: CpuHigh{number}
    use: kubernetes/cpu-high
    with: {{match: 'container="{name}"'}}
    runbook: service-down
panels:
  - use: http/requests
    with: {{match: 'job="{name}"'}}
  - use: http/response-time
    with: {{match: 'job="{name}"'}}
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=SERVICES)
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    return show(measure(services=args.services, runs=args.runs))


def measure(*, services: int = SERVICES, runs: int = 1) -> list[Figure]:
    """Return the seconds of rules, dashboards and all outputs, and dashboards ÷ rules."""
    with tempfile.TemporaryDirectory() as name:
        folder, outputs = Path(name), count()
        catalog = _write_catalog(folder / "catalog", services)

        def command(*options: str) -> list[str | Path]:
            out = folder / f"out-{next(outputs)}"
            out.mkdir()
            return [*GUARDIA, "generate", catalog, "--out", out, *options]

        dashboards, rules, times = median_pair(
            lambda: command("--only", "dashboards"),
            lambda: command("--only", "rules"),
            runs=runs,
            cache=folder / "pyc",
        )
        everything = median_seconds(command, runs=runs, cache=folder / "pyc")
    of = f"of {services} services with presets"
    return [
        _seconds(f"generate: rules {of}", rules),
        _seconds(f"generate: dashboards {of}", dashboards),
        _seconds(f"generate: all outputs {of}", everything),
        at_most(
            f"generate: dashboards ÷ rules, {of}",
            round(times, 3),
            DASHBOARDS_TO_RULES,
            "times",
            COMMAND,
        ),
    ]


def _write_catalog(folder: Path, services: int) -> Path:
    shutil.copytree(CATALOG, folder)
    shutil.rmtree(folder / "services")
    (folder / "services").mkdir()
    for number in range(services):
        name = f"service-{number}"
        text = _SERVICE.format(name=name, number=number)
        (folder / "services" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def _seconds(name: str, value: float) -> Figure:
    return Figure(name=name, value=round(value, 3), unit="s", command=COMMAND)


if __name__ == "__main__":
    sys.exit(main())
