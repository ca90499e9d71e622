"""`make plant`: does the suite notice each bug that a router must not have?

    python -m tools.plant [--only TEXT]

One bug at a time is put into a copy of the work tree, and the tests that
`bugs.yaml` names for it run there: one must fail. Prints the table, and exits
with 1 when a bug is not noticed, or no longer fits the code.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
BUGS = Path(__file__).with_name("bugs.yaml")
_SECONDS = 600  # for the tests of one bug
_COPIED = ("catalog", "demo", "docs", "generator", "guardia", "router", "tests", "tools")
# Of pytest: https://docs.pytest.org/en/stable/reference/exit-codes.html
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A change of one place in one file; `promise` is what it breaks."""

    name: str
    promise: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]


class PlantError(Exception):
    """A bug that cannot be judged; its text says why."""


def main() -> int:
    """Plant each bug and print what noticed it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="bugs with this in their name")
    only = parser.parse_args().only
    bugs = [bug for bug in read_bugs(BUGS) if only in bug.name]
    with tempfile.TemporaryDirectory(prefix="guardia-plant-") as name:
        folder = Path(name)
        _copy(folder)
        if killer := _run_tests(folder, sorted({path for bug in bugs for path in bug.tests})):
            sys.exit(f"plant: red without any bug: {killer}")
        survivors = _judge_all(folder, bugs)
    print(f"\n{len(bugs) - survivors} of {len(bugs)} bugs noticed")
    return 1 if survivors else 0


def read_bugs(path: Path) -> list[Bug]:
    """Return the declared bugs. Raises TypeError when a key is missing or unknown."""
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Bug(**{**one, "tests": tuple(one["tests"])}) for one in declared]


def planted(text: str, bug: Bug) -> str:
    """Return the file's text with the bug. Raises PlantError unless its place is there once."""
    if (found := text.count(bug.find)) != 1:
        raise PlantError(f"what to find stands {found} times in {bug.file}")
    return text.replace(bug.find, bug.replace)


def _judge_all(folder: Path, bugs: Iterable[Bug]) -> int:
    survivors = 0
    for bug in bugs:
        try:
            killer = _find_killer(folder, bug)
        except PlantError as error:
            killer, said = None, str(error)
        else:
            said = killer or "NOT NOTICED"
        survivors += killer is None
        print(f"{bug.promise:4} {bug.name}: {said}", flush=True)
    return survivors


def _find_killer(folder: Path, bug: Bug) -> str | None:
    """Return the first test that fails with the bug, or None. Raises PlantError."""
    path = folder / bug.file
    original = path.read_text(encoding="utf-8")
    path.write_text(planted(original, bug), encoding="utf-8")
    try:
        return _run_tests(folder, bug.tests)
    finally:
        path.write_text(original, encoding="utf-8")


def _run_tests(folder: Path, tests: Sequence[str]) -> str | None:
    """Return the first test that fails, or None. Raises PlantError when pytest cannot tell."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    if done.returncode == _FAILED and failed:
        return failed[0].removeprefix("FAILED ").partition(" - ")[0]
    if done.returncode == _PASSED:
        return None
    raise PlantError(f"pytest gave no verdict:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _copy(folder: Path) -> None:
    for name in _COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / ".tools").symlink_to(ROOT / ".tools")
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own and must find its programs


if __name__ == "__main__":
    sys.exit(main())
