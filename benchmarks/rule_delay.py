"""How long after the start of a total outage a tool's first paging alert fires, in promtool."""

import re
import subprocess
from datetime import timedelta
from pathlib import Path

import yaml

from benchmarks.rule_files import ROUND, Rules
from benchmarks.rule_history import SCRAPE
from guardia.duration import format_duration
from tests.tooling import ToolSet

_CLEAN = timedelta(hours=7)  # longer than the longest window that pages, 6h
_WATCHED = timedelta(minutes=10)
_FAILED_AT = re.compile(r"time: (\S+),")


def seconds_until_page(
    tools: ToolSet,
    rules: Rules,
    page: str,
    *,
    late: timedelta,
    service: str,
    slo: str,
    folder: Path,
) -> float:
    """Return seconds from the first failed scrape to the first evaluation at which `page` fires.

    The outage begins `late` after an evaluation. Every step of the test says
    that nothing fires; where promtool contradicts, it fires. Raises
    RuntimeError when it never does.
    """
    folder.mkdir()
    (folder / "rules.yml").write_text(rules.quicker(ROUND), encoding="utf-8")
    outage = _CLEAN + late
    steps = [_CLEAN + number * ROUND for number in range(_WATCHED // ROUND)]
    case = {
        "interval": format_duration(SCRAPE),
        "input_series": _series(service, slo, outage),
        "promql_expr_test": [
            {"expr": page, "eval_time": format_duration(step), "exp_samples": []} for step in steps
        ],
    }
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": format_duration(ROUND),
        "group_eval_order": [group["name"] for group in rules.groups],
        "tests": [case],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(test), encoding="utf-8")
    done = subprocess.run(
        [tools.promtool, "test", "rules", folder / "test.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    shown = {str(_go_duration(step)): step for step in steps}
    fired = [shown[text] for text in _FAILED_AT.findall(done.stdout + done.stderr) if text in shown]
    if not fired:
        raise RuntimeError(f"{rules.tool}: no page; promtool: {(done.stdout + done.stderr)[-500:]}")
    return (min(fired) - outage).total_seconds()


def _series(service: str, slo: str, outage: timedelta) -> list[dict[str, str]]:
    """Return a hundred requests a scrape, that succeed until the outage and fail from it on."""
    good = outage // SCRAPE - 1  # steps after the first sample
    bad = _WATCHED // SCRAPE
    labels = f'environment="prod",job="{service}",route="{slo}"'
    return [
        {
            "series": f'http_requests_total{{{labels},code="200"}}',
            "values": f"0+100x{good} {100 * good}+0x{bad}",
        },
        {
            "series": f'http_requests_total{{{labels},code="500"}}',
            "values": f"0+0x{good} 100+100x{bad}",
        },
        {"series": f'up{{environment="prod",job="{service}"}}', "values": f"1+0x{good + bad}"},
    ]


def _go_duration(length: timedelta) -> str:
    """Return the length as Go prints it: 7h0m30s."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s"
