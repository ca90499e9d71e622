"""The programs that `make tools` brought, for tests and the demo."""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

TOOLS = Path(__file__).resolve().parent.parent / ".tools"

# What Debian 12 packages, and today's releases: users run anything between.
SET_NAMES = ("installed", "current")

_T = TypeVar("_T")

_MONITORING = ("promtool", "prometheus", "alertmanager", "amtool")
_DATABASE = ("initdb", "pg_ctl", "postgres", "psql")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSet:
    """Prometheus' and Alertmanager's programs, of versions that belong together."""

    name: str
    promtool: Path
    prometheus: Path
    alertmanager: Path
    amtool: Path
    versions: Mapping[str, str]  # program -> "2.42.0"

    @property
    def prometheus_version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.versions["prometheus"].split("."))


def tool_sets() -> tuple[ToolSet, ...]:
    """Return the sets that are there, in the order of SET_NAMES."""
    found = (find_tool_set(name) for name in SET_NAMES)
    return tuple(tools for tools in found if tools is not None)


def newest_and(cases: Iterable[_T], *, oldest: Collection[_T]) -> list[tuple[str, _T]]:
    """Pair every case with the newest set, and those of `oldest` with the oldest too.

    For cases that differ in what we generate and not in what Prometheus' releases differ
    in: where the oldest takes one of them, it takes the others.
    """
    return [(SET_NAMES[-1], one) for one in cases] + [(SET_NAMES[0], one) for one in oldest]


def find_tool_set(name: str) -> ToolSet | None:
    versions = _read_versions().get(name)
    folder = TOOLS / name / "bin"
    if versions is None or not _can_start(folder, _MONITORING):
        return None
    return ToolSet(
        name=name,
        promtool=folder / "promtool",
        prometheus=folder / "prometheus",
        alertmanager=folder / "alertmanager",
        amtool=folder / "amtool",
        versions=versions,
    )


def postgresql_bin() -> Path | None:
    """Return the folder of initdb, pg_ctl, postgres and psql."""
    folder = TOOLS / "postgresql" / "bin"
    return folder if _can_start(folder, _DATABASE) else None


def require_tool_set(name: str) -> ToolSet:
    """Return the set, or end the test as `report_missing` does."""
    tools = find_tool_set(name)
    return report_missing(f"the tool set `{name}`") if tools is None else tools


def require_postgresql() -> Path:
    """Return PostgreSQL's folder, or end the test as `report_missing` does."""
    folder = postgresql_bin()
    return report_missing("PostgreSQL") if folder is None else folder


def require_browser() -> Path:
    """Return Chromium, or end the test as `report_missing` does."""
    program = TOOLS / "browser" / "bin" / "chromium"
    return program if os.access(program, os.X_OK) else report_missing("Chromium")


def report_missing(
    what: str, remedy: str = "`make tools` brings it or says why it cannot"
) -> NoReturn:
    """Fail the running test in CI, where all must be there; skip it on a user's clone."""
    import pytest  # the demo uses this module without pytest

    reason = f"{what} is missing; {remedy}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _read_versions() -> dict[str, dict[str, str]]:
    try:
        text = (TOOLS / "versions.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    versions: dict[str, dict[str, str]] = json.loads(text)
    return versions


def _can_start(folder: Path, programs: tuple[str, ...]) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in programs)
