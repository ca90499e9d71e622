"""The whole road, as a newcomer sees it: `python -m demo`."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.catalogs import ROOT
from tests.tooling import SET_NAMES, require_tool_set

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


# By the programs that a demo takes if it may choose. What the newest ones could do otherwise is
# judged by itself: that they start (test_tools), that a catalog in seconds passes its tests
# (test_generated_files), and all that Alertmanager sends the router (test_alertmanager_road).
def test_the_demo_sees_its_ten_steps(tmp_path: Path) -> None:
    tools = require_tool_set(SET_NAMES[0]).name
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--tools", tools, "--folder", tmp_path],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "GUARDIA_CORPUS"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = re.findall(r"^ ?\d+ +-?[\d.]+ s  (.+?) +\[", done.stdout, flags=re.MULTILINE)
    assert seen == STEPS
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"demo: 10 of 10 steps seen in \d+ s", last)
