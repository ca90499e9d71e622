"""How long whole processes take, from start to end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.catalogs import ROOT
from tests.tooling import TOOLS

GUARDIA = (sys.executable, "-m", "guardia.cli.main")
SLOTH = TOOLS / "peers" / "bin" / "sloth"

Start = Callable[[], Sequence[str | Path]]  # a command, made anew for each run


def median_seconds(start: Start, *, runs: int, cache: Path) -> float:
    """Return the median of `runs`, after one that does not count. Raises RuntimeError."""
    seconds = [_seconds(start(), cache) for _ in range(runs + 1)]
    return median(seconds[1:])


def median_pair(
    ours: Start, theirs: Start, *, runs: int, cache: Path
) -> tuple[float, float, float]:
    """Return our median seconds, theirs, and the median of the ratios ours ÷ theirs.

    The two run in turn, so that a slow minute of the machine slows both.
    """
    pairs = [(_seconds(ours(), cache), _seconds(theirs(), cache)) for _ in range(runs + 1)][1:]
    return (
        median(mine for mine, _ in pairs),
        median(other for _, other in pairs),
        median(mine / other for mine, other in pairs),
    )


def _seconds(command: Sequence[str | Path], cache: Path) -> float:
    # Python keeps compiled modules, as it does for everybody who does not forbid it.
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**kept, "PYTHONPYCACHEPREFIX": str(cache)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout[-500:]}{done.stderr}")
    return seconds
