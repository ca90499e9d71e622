"""The whole road, as a newcomer sees it: `python -m demo`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalogs import ROOT
from tests.tooling import require_tool_set

STEPS = [
    "fault injected",
    "alert firing",
    "notification sent",
    "stored",
    "primary woken",
    "secondary woken",
    "acknowledged",
    "repaired",
    "incident resolved",
    "Slack shows it",
]


@pytest.mark.parametrize("tools", ["installed", "current"])
def test_the_demo_sees_its_ten_steps(tools: str, tmp_path: Path) -> None:
    require_tool_set(tools)
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--tools", tools, "--folder", tmp_path],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "GUARDIA_CORPUS"},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = re.findall(r"^ ?\d+ +-?[\d.]+ s  (.+?) +\[", done.stdout, flags=re.MULTILINE)
    assert seen == STEPS
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"demo: 10 of 10 steps seen in \d+ s", last)
