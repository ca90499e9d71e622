"""One folder a case: files that replace those of the project's catalog, a command, its output.

`command` holds the arguments of `guardia`, `expected.txt` what it prints, and
the last line of that file its exit code. A file named `X.delete` removes X.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests import forking
from tests.catalogs import CASES, ROOT, copy_catalog

FOLDERS = sorted(path.parent.name for path in CASES.glob("*/command"))
_PARTS = {"slo", "who", "calendar", "check", "sloth", "openslo", "pyrra"}
_FORMATS = {"json", "sarif", "github"}


def _arguments(name: str) -> list[str]:
    return (CASES / name / "command").read_text(encoding="utf-8").split()


def _form(name: str) -> tuple[str, ...]:
    """Return the words of a command that decide what it imports: itself, its part, a format."""
    command, *rest = _arguments(name)
    return command, *(word for word in rest if word in _PARTS | _FORMATS)


def _succeeds(name: str) -> bool:
    expected = CASES / name / "expected.txt"
    return expected.exists() and expected.read_text(encoding="utf-8").endswith("exit 0\n")


# One case of each form starts as a user's command does, with nothing imported: one that succeeds,
# where there is one, since it gets furthest.
COLD = set({_form(name): name for name in sorted(FOLDERS, key=_succeeds)}.values())


def test_there_are_cases() -> None:
    assert FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_case(name: str, tmp_path: Path) -> None:
    case = CASES / name
    _lay_out(case, tmp_path)
    arguments = _arguments(name)
    done = forking.run(
        "guardia.cli.main",
        *arguments,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        cold=name in COLD,
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
