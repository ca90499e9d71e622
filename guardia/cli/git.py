"""Folders of a Git revision, read without touching the working tree."""

import io
import os
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from guardia.cli.errors import UsageError

_SECONDS = 60


def extract_folder(revision: str, folder: Path, to: Path) -> Path:
    """Write a folder as it is in a revision into `to`, and return where it is there.

    Raises UsageError where this is no repository, or for a revision or a
    folder in it that there is not.
    """
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        reason = found.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise UsageError(
            f"{revision!r} is neither a folder nor a Git revision{reason and f' ({reason})'};"
            " name two of them, such as: guardia diff main catalog"
        )
    path = PurePosixPath(os.path.relpath(folder))
    if ".." in path.parts:
        raise UsageError(f"{folder} is not inside this folder: run guardia above it")
    commit = found.stdout.decode().strip()
    archive = _git("archive", "--format=tar", commit, "--", str(path))
    if archive.returncode:
        raise UsageError(f"{revision} has no folder {folder}; --catalog PATH names the catalog's")
    _unpack(archive.stdout, to)
    return to / path


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise UsageError("a revision needs the program git, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {_SECONDS} seconds") from None


def _unpack(archive: bytes, to: Path) -> None:
    """Write the files of an archive that git made; what a link points to in its place."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if member.isdir() or name.is_absolute() or ".." in name.parts:
                continue
            try:
                file = tar.extractfile(member)
            except KeyError:
                raise UsageError(f"{name} links to something outside the catalog") from None
            if file is not None:
                target = to / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read())
