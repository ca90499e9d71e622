"""How long the alert about a value of `by` that vanished lasts, on the real promtool."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from generator.catalog.read import read_catalog
from generator.write import generate, write_files
from guardia.catalog_folder import read_catalog_folder
from guardia.problem import open_problems
from tests.catalogs import copy_catalog
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

SERVICE = """service: casos
team: plataforma
description: Citizens open, follow and close their cases.
{targets}slos:
  - name: availability
    description: Requests are answered.
    objective: 99.9%
    window: 7d
    burn_windows: {{critical: off, high: off, medium: off, low: off}}
    by: [route]
    runbook: high-error-rate
    sli: {{ratio: {{bad: 'x_total{{code=~"5.."}}', total: x_total}}}}
"""
TARGETS = 'targets: up{job="casos"}\n'
ALLOWED = "# guardia: allow outage-blind: an appliance that nothing scrapes\n"
HOUR = 60  # scrapes, one a minute


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    name: str = request.param
    return require_tool_set(name)


@pytest.fixture(params=[TARGETS, ""], ids=["targets", "no targets"])
def rules(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a folder with the rules of a service whose one SLO has a budget for each route."""
    folder = copy_catalog(tmp_path)
    text = SERVICE.format(targets=request.param)
    if not request.param:
        text = ALLOWED + text
    (folder / "services" / "casos.yaml").write_text(text, encoding="utf-8")
    (folder / "services" / "derivacion.yaml").unlink()
    documents, _ = read_catalog_folder(folder)
    catalog, problems = read_catalog(documents)
    assert open_problems(problems) == ()
    assert catalog is not None
    write_files(generate(catalog, ["rules"]), tmp_path)
    return tmp_path


def lost(series: Mapping[str, str], expected: Mapping[str, list[str]]) -> str:
    """Return a test of promtool: at each time exactly these routes are lost."""
    labels = 'environment="prod",code="200"'
    counters = {f'x_total{{route="{name}",{labels}}}': values for name, values in series.items()}
    up = {'up{job="casos",environment="prod"}': f"1x{9 * 24 * HOUR}"}
    every = 'count by (route) (ALERTS{alertname="NoTraffic",alertstate="firing"})'
    test = {
        "interval": "1m",
        "input_series": [
            {"series": name, "values": values} for name, values in {**up, **counters}.items()
        ],
        "promql_expr_test": [
            {
                "expr": every,
                "eval_time": at,
                "exp_samples": [{"labels": f'{{route="{name}"}}', "value": 1} for name in names],
            }
            for at, names in expected.items()
        ],
    }
    groups = [f"casos/availability/{part}" for part in ("fast", "store", "slow")]
    return yaml.safe_dump(
        {
            "rule_files": ["rules/casos.availability.yml"],
            "evaluation_interval": "1h",
            "group_eval_order": groups,
            "tests": [test],
        }
    )


def test_a_lost_value_is_told_until_it_is_back_or_its_window_is_over(
    tools: ToolSet, rules: Path
) -> None:
    day = 24 * HOUR
    series = {
        "busy": f"0+9x{9 * day}",
        "lost": f"0+9x{day} _x{8 * day}",
        "back": f"0+9x{day} _x{2 * day} 0+9x{6 * day}",
        "never seen": f"_x{9 * day}",
    }
    expected = {
        "24h": [],
        "26h": ["back", "lost"],
        "71h": ["back", "lost"],  # two days later
        "74h": ["lost"],
        "190h": ["lost"],  # nearly seven days later
        "195h": [],  # a rate over an hour, and what each evaluation keeps, are the rest
    }
    (rules / "lost.yml").write_text(lost(series, expected), encoding="utf-8")

    found = subprocess.run(
        [tools.promtool, "test", "rules", "lost.yml"],
        cwd=rules,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert found.returncode == 0, found.stdout + found.stderr
