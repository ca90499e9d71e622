"""One folder a case: files that replace those of the project's catalog, a command, its output.

`command` holds the arguments of `guardia`, `expected.txt` what it prints, and
the last line of that file its exit code. A file named `X.delete` removes X.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalogs import CASES, ROOT, copy_catalog

FOLDERS = sorted(path.parent.name for path in CASES.glob("*/command"))


def test_there_are_cases() -> None:
    assert FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_case(name: str, tmp_path: Path) -> None:
    case = CASES / name
    _lay_out(case, tmp_path)
    arguments = (case / "command").read_text(encoding="utf-8").split()
    done = subprocess.run(
        [sys.executable, "-m", "guardia.cli.main", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    found = f"{done.stdout}{done.stderr}exit {done.returncode}\n"
    expected = case / "expected.txt"
    if os.environ.get("GUARDIA_UPDATE_CASES"):  # then read the difference before you commit it
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


def _lay_out(case: Path, to: Path) -> None:
    copy_catalog(to)
    for path in sorted((case / "catalog").rglob("*")):
        target = to / path.relative_to(case)
        if path.suffix == ".delete":
            target.with_suffix("").unlink()
        elif path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
