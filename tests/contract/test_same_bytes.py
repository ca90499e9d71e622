"""The same catalog gives the same bytes: on each run, for any order of files, on each Python."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from generator.write import FOLDERS, generate
from tests.catalogs import OWN_CATALOG, ROOT, read_whole
from tests.tooling import TOOLS, report_missing

# Each with another order of sets; the same seed gives the same order on all of them.
SEEDS = {"3.11": "0", "3.12": "1", "3.13": "2"}


def sums(folder: Path) -> dict[str, str]:
    """Return the sha256 of every generated file by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in FOLDERS
        for path in sorted((folder / name).glob("*"))
    }


def test_the_committed_files_are_what_the_catalog_gives() -> None:
    expected = {
        path: hashlib.sha256(text.encode()).hexdigest()
        for path, text in generate(read_whole(OWN_CATALOG)).items()
    }
    assert sums(ROOT) == dict(sorted(expected.items()))


@pytest.mark.parametrize("version", SEEDS)
def test_each_python_writes_the_same_bytes_for_any_order_of_sets(
    version: str, tmp_path: Path
) -> None:
    run_generate(python_with_generator(version), tmp_path, hash_seed=SEEDS[version])
    found = sums(tmp_path)
    assert found
    assert found == sums(ROOT)


def run_generate(python: Path, out: Path, *, hash_seed: str) -> None:
    done = subprocess.run(
        [python, "-m", "guardia.cli.main", "generate", "--out", out],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def python_with_generator(version: str) -> Path:
    """Return a Python of this version that has the generator's libraries, made once in .tools."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    interpreter = find_interpreter(version)
    if interpreter is None:
        report_missing(f"Python {version}", "install it for this test to run")
    pinned = ROOT / "requirements" / "generator.txt"
    digest = hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]
    folder = TOOLS / f"python{version}-{digest}"
    if not folder.exists():
        make_environment(interpreter, folder, pinned)
    return folder / "bin" / "python"


def find_interpreter(version: str) -> Path | None:
    """Look on the PATH, then where pyenv keeps the versions it does not put there."""
    on_path = shutil.which(f"python{version}")
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (*([Path(on_path)] if on_path else []), *kept):
        code = f"import sys; sys.exit(sys.version_info[:2] != ({version.replace('.', ', ')}))"
        if (
            subprocess.run([candidate, "-c", code], capture_output=True, check=False).returncode
            == 0
        ):
            return candidate
    return None


def make_environment(interpreter: Path, folder: Path, pinned: Path) -> None:
    """Fill a virtual environment, and give it its name only when it is whole."""
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix="python-") as name:
        made = Path(name) / "venv"
        run(interpreter, "-m", "venv", made)
        run(made / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", pinned)
        made.rename(folder)


def run(*command: Path | str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
