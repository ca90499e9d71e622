"""Where brought programs lie under .tools, and what every way of bringing them shares."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VERSIONS = TOOLS / "versions.json"

MONITORING = ("promtool", "prometheus", "alertmanager", "amtool")
DATABASE = ("initdb", "pg_ctl", "postgres", "psql")
BROWSER = ("chromium",)

Versions = dict[str, dict[str, str]]


class UnavailableError(Exception):
    """What cannot be had here, why, and what to do about it: one line for a person."""


def bin_folder(set_name: str) -> Path:
    return TOOLS / set_name / "bin"


def is_complete(set_name: str, programs: Sequence[str]) -> bool:
    """Tell whether every program can be started; a link to a removed one cannot."""
    return all(os.access(bin_folder(set_name) / program, os.X_OK) for program in programs)


def link_program(set_name: str, program: str, target: Path) -> None:
    """Point .tools/SET/bin/PROGRAM at `target`, replacing what was there in one step."""
    link = bin_folder(set_name) / program
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{program}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def write_wrapper(set_name: str, program: str, script: str) -> None:
    """Write a shell script in the program's place, replacing what was there in one step."""
    wrapper = bin_folder(set_name) / program
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    fresh = wrapper.with_name(f".{program}.new")
    fresh.unlink(missing_ok=True)
    fresh.write_text(script, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(wrapper)


def read_versions() -> Versions:
    try:
        versions: Versions = json.loads(VERSIONS.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return versions


def record_versions(set_name: str, programs: Sequence[str]) -> dict[str, str]:
    """Ask each program of the set for its version and keep the answers in versions.json."""
    answers = {program: version_of(bin_folder(set_name) / program) for program in programs}
    return keep_versions(set_name, answers)


def keep_versions(set_name: str, answers: dict[str, str]) -> dict[str, str]:
    """Keep a set's versions, by program, in versions.json and return them."""
    versions = read_versions() | {set_name: answers}
    fresh = VERSIONS.with_suffix(".new")
    fresh.write_text(json.dumps(versions, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    fresh.replace(VERSIONS)
    return answers


def version_of(program: Path) -> str:
    """Return the number in the first line of `program --version`.

    Raises UnavailableError where the program does not start or names no version.
    """
    line = run([str(program), "--version"]).partition("\n")[0]
    found = re.search(r"\d+\.\d+(\.\d+)?", line)
    if found is None:
        raise UnavailableError(f"{program.name} names no version: {line!r}")
    return found.group()


def run(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a command and return what it printed on both streams.

    Raises UnavailableError with its last line where it fails.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env=None if env is None else os.environ | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        last_line = (done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise UnavailableError(f"`{Path(command[0]).name}` failed: {last_line}")
    return done.stdout


def find_program(*names: str, also_in: Sequence[Path] = ()) -> Path | None:
    """Find the first of `names` on the PATH, then in the folders of `also_in`."""
    for folders in (None, os.pathsep.join(map(str, also_in))):
        for name in names:
            if folders != "" and (found := shutil.which(name, path=folders)):
                return Path(found)
    return None
