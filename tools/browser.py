"""Chromium for the browser tests: what the system has, else what Debian packages."""

import re
import shlex
from pathlib import Path

from tools.debian import list_missing_libraries, unpack_packages
from tools.layout import (
    BROWSER,
    TOOLS,
    UnavailableError,
    bin_folder,
    find_program,
    is_complete,
    keep_versions,
    link_program,
    run,
    write_wrapper,
)

NAME = "browser"
_ROOT = TOOLS / NAME / "root"

# Where neither Debian's fonts nor their configuration are, Chromium draws no letter.
_UNPACKED = """\
#!/bin/sh
root={root}
export LD_LIBRARY_PATH={libraries}
if [ ! -e /etc/fonts/fonts.conf ]; then
  export FONTCONFIG_PATH=$root/etc/fonts FONTCONFIG_SYSROOT=$root
fi
exec "$root/usr/lib/chromium/chromium" "$@"
"""


def bring(*, use_system: bool) -> dict[str, str]:
    """Bring the browser and return its version. Raises UnavailableError."""
    found = find_program("chromium", "chromium-browser") if use_system else None
    if found is not None:
        link_program(NAME, "chromium", found)
    elif not (_ROOT.is_dir() and is_complete(NAME, BROWSER)):
        _unpack()
    return keep_versions(NAME, {program: _version_of(program) for program in BROWSER})


def _version_of(program: str) -> str:
    """Return the version; Debian's start script may print lines of its own before it."""
    told = run([str(bin_folder(NAME) / program), "--version"])
    found = re.search(r"^Chromium (\d+(?:\.\d+)*)", told, re.MULTILINE)
    if found is None:
        raise UnavailableError(f"{program} names no version: {told.strip()[-200:]!r}")
    return found[1]


def _unpack() -> None:
    if not _ROOT.is_dir():
        libraries = list_missing_libraries("chromium")
        fonts = ("fontconfig-config", "fonts-dejavu-core")
        unpack_packages(["chromium", "chromium-common", *fonts, *libraries], _ROOT)
    folders: list[Path] = []
    for place in ("lib/*-linux-*", "usr/lib/*-linux-*", "usr/lib/*-linux-*/*"):
        folders += [path for path in sorted(_ROOT.glob(place)) if path.is_dir()]
    script = _UNPACKED.format(
        root=shlex.quote(str(_ROOT)), libraries=shlex.quote(":".join(map(str, folders)))
    )
    write_wrapper(NAME, "chromium", script)
