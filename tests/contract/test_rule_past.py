"""Alerts in a past, as tests.rule_past tells of them, are those that Prometheus would have had."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.rule_past import ALERTS, Rule, alert_states
from tests.tooling import SET_NAMES, require_tool_set

MINUTE = 60.0
# Too short; fires, is gone for less than it is kept; gone for as long; fires to the end.
HOLDS = "0110 01111001 1000000 0111111"
RULE = {"alert": "Fault", "expr": "fault > 0", "for": "2m", "keep_firing_for": "3m"}


@pytest.mark.parametrize("name", SET_NAMES)
def test_an_alert_waits_and_is_kept_as_prometheus_does_it(name: str, tmp_path: Path) -> None:
    holds = [int(sign) for sign in HOLDS.replace(" ", "")]
    rule = Rule(
        record=ALERTS,
        expression=RULE["expr"],
        labels={"alertname": "Fault"},
        every=MINUTE,
        waits=2 * MINUTE,
        keeps=3 * MINUTE,
    )
    held = {MINUTE * number for number, holds_then in enumerate(holds) if holds_then}
    found = alert_states(rule, held, ends=MINUTE * (len(holds) - 1))
    assert found.keys() == {"pending", "firing"}

    groups = {"groups": [{"name": "faults", "interval": "1m", "rules": [RULE]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(groups))
    expected = [
        {
            "expr": "ALERTS",
            "eval_time": f"{number}m",
            "exp_samples": [
                {"labels": f'ALERTS{{alertname="Fault",alertstate="{state}"}}', "value": 1}
                for state, times in found.items()
                if number * MINUTE in times
            ],
        }
        for number in range(len(holds))
    ]
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": "fault", "values": " ".join(map(str, holds))}],
                "promql_expr_test": expected,
            }
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    command = [str(require_tool_set(name).promtool), "test", "rules", str(tmp_path / "tests.yml")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
