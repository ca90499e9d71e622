"""Debian's packages, unpacked under .tools: nothing is installed, no service starts."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tools.layout import TOOLS, UnavailableError, find_program, run

# Lists and cache of our own: apt-get then needs no root and changes nothing of the system's.
_LISTS = TOOLS / "apt" / "lists"
_CACHE = TOOLS / "apt" / "cache"
_OPTIONS = (
    "-o", f"Dir::State::lists={_LISTS}",
    "-o", f"Dir::Cache={_CACHE}",
    "-o", "APT::Sandbox::User=root",  # its own user `_apt` may not be able to enter the clone
    "-o", "Acquire::Retries=3",
    "-q",
)  # fmt: skip


def unpack_packages(packages: Sequence[str], root: Path) -> None:
    """Download `packages` and unpack them below `root`, complete or not at all.

    Raises UnavailableError without apt-get, or when a package cannot be had.
    """
    refresh_lists()
    downloads = root.with_name(f"{root.name}.deb")
    unpacked = root.with_name(f"{root.name}.new")
    for folder in (downloads, unpacked):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        run(["apt-get", *_OPTIONS, "download", *packages], cwd=downloads)
    except UnavailableError as problem:
        raise UnavailableError(
            f"{problem}; try again with a Debian mirror in reach, or install: {' '.join(packages)}"
        ) from problem
    for package in sorted(downloads.glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(unpacked)])
    shutil.rmtree(downloads)
    shutil.rmtree(root, ignore_errors=True)
    unpacked.rename(root)


def list_missing_libraries(package: str) -> list[str]:
    """List the library packages that `package` needs and the system does not have.

    LLVM is left out: PostgreSQL loads it for just-in-time compilation only.
    """
    libraries = {
        name
        for name in list_dependencies(package, "--recurse")
        if name.startswith("lib") and not name.startswith(("libc6", "libllvm", "libperl"))
    }
    return sorted(library for library in libraries if not _is_installed(library))


def list_dependencies(package: str, *options: str) -> list[str]:
    """List the packages that `package` depends on. Raises UnavailableError."""
    refresh_lists()
    kinds = ("pre-depends", "recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    without = [f"--no-{kind}" for kind in kinds]
    tree = run(["apt-cache", *_OPTIONS, "depends", *options, *without, package])
    # "  Depends: libpq5", or " |Depends: locales" for the first of alternatives.
    pairs = (line.partition("Depends: ") for line in tree.splitlines())
    return [name for _, kind, name in pairs if kind and not name.startswith("<")]


def refresh_lists() -> None:
    """Fetch the package lists, once a run of `make tools`.

    Raises UnavailableError where this is no Debian.
    """
    if find_program("apt-get") is None or find_program("dpkg-deb") is None:
        raise UnavailableError("this system has no apt-get and dpkg-deb to bring packages with")
    if _refreshed:
        return
    (_LISTS / "partial").mkdir(parents=True, exist_ok=True)
    (_CACHE / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    # One source of many may be down; whether ours are there, the download tells.
    with suppress(UnavailableError):
        run(["apt-get", *_OPTIONS, "update"])
    _refreshed.append(True)


_refreshed: list[bool] = []


def _is_installed(package: str) -> bool:
    try:
        return "install ok installed" in run(["dpkg-query", "-W", "-f=${Status}", package])
    except UnavailableError:
        return False
