"""The names that we know in templates are those that the real Prometheus knows."""

import subprocess
from pathlib import Path

import pytest

from generator.catalog.template import unknown_names
from tests.generator.test_template import KNOWN, UNKNOWN
from tests.tooling import require_tool_set


@pytest.mark.parametrize("template", [*KNOWN, *(one[0] for one in UNKNOWN)])
def test_prometheus_judges_alike(template: str, tmp_path: Path) -> None:
    tools = require_tool_set("installed")
    text = template.replace("'", "''")
    rules = f"groups: [{{name: g, rules: [{{alert: A, expr: up, annotations: {{s: '{text}'}}}}]}}]"
    (tmp_path / "rules.yml").write_text(rules, encoding="utf-8")

    found = subprocess.run(
        [tools.promtool, "check", "rules", "rules.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (found.returncode == 0) == (not list(unknown_names(template))), found.stderr
