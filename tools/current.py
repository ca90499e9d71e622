"""The set `current`: today's Prometheus and Alertmanager, built with Go from pinned sources."""

import json
import os
import shutil
from pathlib import Path

from tools.golang import find_go, go_environment
from tools.layout import (
    MONITORING,
    ROOT,
    TOOLS,
    bin_folder,
    is_complete,
    read_versions,
    record_versions,
    run,
)

NAME = "current"
_PINS = ROOT / "tools" / "go"
_PROGRAMS = {
    "github.com/prometheus/alertmanager": ("alertmanager", "amtool"),
    "github.com/prometheus/prometheus": ("prometheus", "promtool"),
}
# Prometheus' own switch: of the clients of two dozen clouds, only those for what our
# users' configurations name.
_TAGS = "remove_all_sd,enable_dns_sd,enable_kubernetes_sd"


def bring() -> dict[str, str]:
    """Build what is not there in the pinned version; return versions. Raises UnavailableError."""
    wanted = wanted_versions()
    if is_complete(NAME, MONITORING) and read_versions().get(NAME) == wanted:
        return wanted
    go = find_go()
    for module, programs in _PROGRAMS.items():
        _build(go, module, programs, wanted[programs[0]])
    return record_versions(NAME, MONITORING)


def wanted_versions() -> dict[str, str]:
    """Read the versions that tools/go/go.mod pins, by program.

    Prometheus 3.16.0 is the module version v0.316.0: Go would want another
    module path for each major version.
    """
    pins: dict[str, str] = {}
    for line in (_PINS / "go.mod").read_text(encoding="utf-8").splitlines():
        module, _, version = line.strip().partition(" ")
        for program in _PROGRAMS.get(module, ()):
            major, minor, patch = version.removeprefix("v").split(".")
            if module.endswith("/prometheus"):
                major, minor = str(int(minor) // 100), str(int(minor) % 100)
            pins[program] = f"{major}.{minor}.{patch}"
    return pins


def _build(go: Path, module: str, programs: tuple[str, str], version: str) -> None:
    """Build two programs in a copy of their module, so with the dependencies of its release."""
    print(f"{NAME}: building {' and '.join(programs)} {version} (some minutes, once)", flush=True)
    env = go_environment()
    source = TOOLS / NAME / "source"
    fresh = TOOLS / NAME / "fresh"
    for left_over in (source, fresh):
        shutil.rmtree(left_over, ignore_errors=True)
    _copy_writable(_find_source(go, module, env), source)
    if module.endswith("/alertmanager"):
        # The module lacks the web pages that a release builds first, and does not
        # compile without them. We use its API only.
        page = source / "ui" / "app" / "dist" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("<!doctype html><title>Alertmanager</title>\n", encoding="utf-8")
    stamp = f"-s -w -X github.com/prometheus/common/version.Version={version}"
    # -buildvcs: the copy lies in our repository, whose revision is not theirs.
    flags = ["-buildvcs=false", "-trimpath", "-tags", _TAGS, "-ldflags", stamp, "-o", str(fresh)]
    fresh.mkdir()
    packages = [f"./cmd/{program}" for program in programs]
    run([str(go), "build", *flags, *packages], cwd=source, env=env)
    bin_folder(NAME).mkdir(exist_ok=True)
    for program in programs:
        (fresh / program).replace(bin_folder(NAME) / program)
    shutil.rmtree(fresh)
    shutil.rmtree(source)


def _find_source(go: Path, module: str, env: dict[str, str]) -> Path:
    """Download the pinned module, checked against go.sum, and return its folder."""
    answer = run([str(go), "mod", "download", "-json", module], cwd=_PINS, env=env)
    # `go` may say what it downloads before and after the JSON object.
    described, _ = json.JSONDecoder().raw_decode(answer[answer.index("{") :])
    return Path(described["Dir"])


def _copy_writable(source: Path, target: Path) -> None:
    # Go makes its module cache read-only, folders too.
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(target):
        Path(folder).chmod(0o755)
