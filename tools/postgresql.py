"""PostgreSQL: what the system has, else what Debian packages."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from tools.debian import list_dependencies, list_missing_libraries, unpack_packages
from tools.layout import (
    DATABASE,
    TOOLS,
    UnavailableError,
    find_program,
    is_complete,
    link_program,
    record_versions,
    write_wrapper,
)

NAME = "postgresql"
_ROOT = TOOLS / NAME / "root"
_DEBIAN_FOLDER = Path("usr/lib/postgresql")

_WITH_LIBRARIES = """\
#!/bin/sh
export LD_LIBRARY_PATH={libraries}
exec {program} "$@"
"""


def bring(*, use_system: bool) -> dict[str, str]:
    """Bring the programs and return their versions. Raises UnavailableError."""
    folder = _find_system() if use_system else None
    if folder is not None:
        for program in DATABASE:
            link_program(NAME, program, folder / program)
    elif not (_ROOT.is_dir() and is_complete(NAME, DATABASE)):
        _unpack()
    return record_versions(NAME, DATABASE)


def _find_system() -> Path | None:
    """Find one folder with all programs: of one version, as they start each other."""
    on_path = find_program("initdb")
    candidates = [on_path.parent] if on_path else []
    candidates += _newest_first(Path("/"))
    for folder in candidates:
        if all((folder / program).exists() for program in DATABASE):
            return folder
    return None


def _newest_first(root: Path) -> Iterator[Path]:
    # Debian keeps the servers off the PATH, one folder a major version.
    folders = [path for path in (root / _DEBIAN_FOLDER).glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(folders, key=lambda path: int(path.parent.name), reverse=True)


def _unpack() -> None:
    if not _ROOT.is_dir():
        server = _server_package()
        client = server.replace("postgresql-", "postgresql-client-")
        unpack_packages([server, client, *list_missing_libraries(server)], _ROOT)
    folder = next(_newest_first(_ROOT))
    libraries = [
        str(path) for path in (*_ROOT.glob("lib/*-linux-*"), *_ROOT.glob("usr/lib/*-linux-*"))
    ]
    for program in DATABASE:
        script = _WITH_LIBRARIES.format(
            libraries=shlex.quote(":".join(libraries)), program=shlex.quote(str(folder / program))
        )
        write_wrapper(NAME, program, script)


def _server_package() -> str:
    """Name the version that this release of Debian packages."""
    for package in list_dependencies("postgresql"):
        if package.startswith("postgresql-"):
            return package
    raise UnavailableError("this system's package lists name no PostgreSQL server")
