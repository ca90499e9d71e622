"""Run a command of `guardia`, and write what it says and what it takes into a folder.

For tests.forking: python -m tests.metered FOLDER ARGUMENTS. What it says is written as bytes, since
a reader of text takes one end of a line for another.
"""

import json
import os
import resource
import runpy
import sys
from pathlib import Path

_EVERYBODY = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _seconds() -> float:
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, _EVERYBODY))


def _most_kib() -> int:
    return max(resource.getrusage(whose).ru_maxrss for whose in _EVERYBODY)


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    seconds, kib = _seconds(), _most_kib()
    try:
        runpy.run_module("guardia.cli.main", run_name="__main__")
    finally:
        sys.stdout.flush()
        taken = {"seconds": _seconds() - seconds, "kib": _most_kib() - kib}
        (folder / "figures.json").write_text(json.dumps(taken), encoding="utf-8")
