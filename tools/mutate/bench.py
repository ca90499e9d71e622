"""Where mutants are judged: a folder with all generated files, and promtool."""

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from generator.yaml_text import render_yaml
from tools.mutate.mutants import Mutant, mutated
from tools.mutate.suite import RULES, Scenario, Suite, SuiteError

_FILES_AT_ONCE = 200
_PATIENCE_SECONDS = 600  # a scenario takes a second; more than this is not the mutant's doing

# Go's collector on one core, and seldom: a third less work for processes that live a second.
_QUICK = {"GOMAXPROCS": "1", "GOGC": "400"}


class Bench:
    """One worker's folder. Only one mutant lies on it at a time."""

    def __init__(self, suite: Suite, folder: Path, promtool: Path) -> None:
        self._suite = suite
        self._folder = folder
        self._promtool = promtool
        suite.write(folder)

    def time_scenario(self, scenario: Scenario) -> float:
        """Return the seconds that a scenario takes on the rules as they are.

        Raises SuiteError where it is red.
        """
        start = time.monotonic()
        output = self._find_failure(scenario.path)
        if output is not None:
            raise SuiteError(f"{scenario.path} is red before any rule is changed:\n{output}")
        return time.monotonic() - start

    def find_killer(self, mutant: Mutant, scenarios: Iterable[Scenario]) -> Scenario | None:
        """Return the first scenario that is red for the mutant, or None where all are green.

        Raises SuiteError where promtool gives no verdict.
        """
        original = self._suite.rules[mutant.file]
        path = self._folder / RULES / mutant.file
        path.write_text(render_yaml(mutated(original, mutant)), encoding="utf-8")
        try:
            return next((each for each in scenarios if self._find_failure(each.path)), None)
        finally:
            path.write_text(render_yaml(original), encoding="utf-8")

    def _find_failure(self, path: str) -> str | None:
        """Return what promtool printed where a test is red, or None where all are green.

        Raises SuiteError where promtool ends in another way than by its verdict.
        """
        done = _run(self._promtool, "test", "rules", str(self._folder / path))
        if done.returncode == 0:
            return None
        if "FAILED" not in done.stdout + done.stderr:
            raise SuiteError(f"promtool gives no verdict on {path}: {done.stderr.strip()}")
        return (done.stdout + done.stderr).strip()


def find_invalid(mutants: Sequence[Mutant], folder: Path, promtool: Path) -> set[int]:
    """Return the indexes of the mutants whose rule Prometheus does not load.

    Such a rule would be red for a reason that is not the tests' merit. Files
    are written below `folder`, one a mutant.
    """
    paths = []
    for index, mutant in enumerate(mutants):
        if mutant.change.rule is not None:
            path = folder / f"{index}.yml"
            group = {"name": "mutant", "rules": [mutant.change.rule]}
            path.write_text(render_yaml({"groups": [group]}), encoding="utf-8")
            paths.append(path)
    refused: set[int] = set()
    for start in range(0, len(paths), _FILES_AT_ONCE):
        refused |= _refused(paths[start : start + _FILES_AT_ONCE], promtool)
    return refused


def _refused(paths: Sequence[Path], promtool: Path) -> set[int]:
    done = _run(promtool, "check", "rules", *map(str, paths))
    verdicts = done.stdout.split("Checking ")[1:]
    if len(verdicts) != len(paths):
        raise SuiteError(f"promtool gives no verdict on the mutants: {done.stderr.strip()}")
    pairs = zip(paths, verdicts, strict=True)
    return {int(path.stem) for path, verdict in pairs if "SUCCESS" not in verdict}


def _run(promtool: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [promtool, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_SECONDS,
            env=os.environ | _QUICK,
        )
    except subprocess.TimeoutExpired:
        raise SuiteError(f"promtool did not end within {_PATIENCE_SECONDS} seconds") from None
