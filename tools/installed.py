"""The set `installed`: what the system has, else what Debian packages."""

import shlex
from pathlib import Path

from tools.debian import unpack_packages
from tools.layout import (
    MONITORING,
    TOOLS,
    UnavailableError,
    find_program,
    is_complete,
    link_program,
    record_versions,
    run,
    write_wrapper,
)

NAME = "installed"
_ROOT = TOOLS / NAME / "root"
_PACKAGES = ("prometheus", "prometheus-alertmanager")

# Debian's Alertmanager reads its templates below /usr/share, by a path compiled in.
# In a mount namespace of its own the unpacked /usr/share is laid over the system's,
# read-only; each step execs the next, so process id, signals and folder stay.
_WITH_SHARE = """\
#!/bin/sh
root={root}
unshare --mount true 2>/dev/null || as_root=--map-root-user
exec unshare --mount $as_root sh -c '
mount -t overlay overlay -o "ro,lowerdir=$0/usr/share:/usr/share" /usr/share &&
exec "$0/usr/bin/prometheus-alertmanager" "$@"' "$root" "$@"
"""


def bring(*, use_system: bool) -> dict[str, str]:
    """Bring the set and return its versions. Raises UnavailableError."""
    found = _find_on_path() if use_system else {}
    if len(found) == len(MONITORING):
        for program, path in found.items():
            link_program(NAME, program, path)
    elif not (_ROOT.is_dir() and is_complete(NAME, MONITORING)):
        _unpack()
    return record_versions(NAME, MONITORING)


def _find_on_path() -> dict[str, Path]:
    names = {program: (program,) for program in MONITORING}
    debian = {"alertmanager": ("alertmanager", "prometheus-alertmanager")}
    found = {program: find_program(*each) for program, each in (names | debian).items()}
    return {program: path for program, path in found.items() if path is not None}


def _unpack() -> None:
    if not _ROOT.is_dir():
        unpack_packages(_PACKAGES, _ROOT)
    for program in ("prometheus", "promtool", "amtool"):
        link_program(NAME, program, _ROOT / "usr" / "bin" / program)
    write_wrapper(NAME, "alertmanager", _WITH_SHARE.format(root=shlex.quote(str(_ROOT))))
    _check_wrapper()


def _check_wrapper() -> None:
    wrapper = TOOLS / NAME / "bin" / "alertmanager"
    try:
        run([str(wrapper), "--version"])
    except UnavailableError as problem:
        wrapper.unlink()
        raise UnavailableError(
            f"Debian's Alertmanager needs a mount namespace to find its templates, and {problem};"
            " allow user namespaces, or install the package prometheus-alertmanager"
        ) from problem
