"""The hooks for pre-commit: their entries run, and they run when they have to."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.catalogs import ROOT, copy_catalog

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}


def run(entry: str, folder: Path) -> int:
    """Run a hook's entry as pre-commit does: in the repository's top folder, without file names."""
    program, *arguments = shlex.split(entry)
    assert program == "guardia"
    done = subprocess.run(
        [sys.executable, "-m", "guardia.cli.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode


def test_there_is_one_for_the_catalog_and_one_for_what_it_gives() -> None:
    assert set(HOOKS) == {"guardia-check", "guardia-generate-check"}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_what_pre_commit_asks_for(name: str) -> None:
    hook = HOOKS[name]
    assert {"id", "name", "entry", "language"} <= set(hook)
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    assert re.search(hook["files"], "catalog/services/casos.yaml")
    assert not re.search(hook["files"], "src/catalog/readme.md")


def test_the_second_hook_looks_at_every_generated_folder() -> None:
    from generator.write import FOLDERS

    hook = HOOKS["guardia-generate-check"]
    assert [one for one in FOLDERS if not re.search(hook["files"], f"{one}/x.yml")] == []


def test_the_first_hook_fails_for_a_problem(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    assert run(HOOKS["guardia-check"]["entry"], tmp_path) == 0
    (folder / "services" / "casos.yaml").write_text("service: [\n", "utf-8")
    assert run(HOOKS["guardia-check"]["entry"], tmp_path) == 1


def test_the_second_hook_fails_for_stale_files(tmp_path: Path) -> None:
    copy_catalog(tmp_path)
    assert run(HOOKS["guardia-generate-check"]["entry"], tmp_path) == 1
    assert run("guardia generate", tmp_path) == 0
    assert run(HOOKS["guardia-generate-check"]["entry"], tmp_path) == 0
