"""Folders of a Git revision, read without touching the working tree."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from guardia.cli.errors import UsageError
from guardia.cli.git_tree import LINK, LinkError, Tree, make_tree, parse_listing

_SECONDS = 60


def extract_folder(revision: str, folder: Path, to: Path) -> Path:
    """Write a folder as it is in a revision into `to`, and return where it is there.

    Files have the bytes that are committed, whatever .gitattributes says;
    in the place of a link stands what it leads to in the same revision.
    Raises UsageError where this is no repository, for a revision or a folder
    in it that there is not, and for a link that leads out of the repository.
    """
    commit = _find_commit(revision)
    path = PurePosixPath(os.path.relpath(folder))
    if ".." in path.parts:
        raise UsageError(f"{folder} is not inside this folder: run guardia above it")
    prefix = PurePosixPath(os.fsdecode(_read("rev-parse", "--show-prefix")).rstrip("\n"))
    try:
        files = dict(_tree(commit).walk((*prefix.parts, *path.parts)))
    except KeyError:
        raise UsageError(
            f"{revision} has no folder {folder}; --catalog PATH names the catalog's"
        ) from None
    except LinkError as error:
        raise UsageError(f"in {revision}, {error}") from None
    contents = _read_objects(files.values())
    for name, object_id in files.items():
        target = to.joinpath(path, *name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[object_id])
    return to / path


def _find_commit(revision: str) -> str:
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        reason = _first_line(found.stderr)
        raise UsageError(
            f"{revision!r} is neither a folder nor a Git revision{reason and f' ({reason})'};"
            " name two of them, such as: guardia diff main catalog"
        )
    return found.stdout.decode().strip()


def _tree(commit: str) -> Tree:
    listed = parse_listing(os.fsdecode(_read("ls-tree", "-r", "-z", "--full-tree", commit)))
    links = {object_id for mode, object_id in listed.values() if mode == LINK}
    targets = {one: os.fsdecode(text) for one, text in _read_objects(links).items()}
    return make_tree(listed, targets)


def _read_objects(wanted: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of objects. Source: Git documentation, git-cat-file, "BATCH OUTPUT"."""
    names = sorted(set(wanted))
    if not names:
        return {}
    printed = _read("cat-file", "--batch", text="".join(f"{name}\n" for name in names).encode())
    found, at = {}, 0
    for name in names:
        end = printed.index(b"\n", at)
        head = printed[at:end].split(b" ")
        if len(head) != 3:
            raise UsageError(f"git has no object {name}: is this clone complete?")
        start = end + 1
        at = start + int(head[2]) + 1
        found[name] = printed[start : at - 1]
    return found


def _read(*arguments: str, text: bytes = b"") -> bytes:
    done = _git(*arguments, text=text)
    if done.returncode:
        raise UsageError(f"git {arguments[0]} failed: {_first_line(done.stderr)}")
    return done.stdout


def _first_line(text: bytes) -> str:
    return text.decode(errors="replace").strip().partition("\n")[0]


def _git(*arguments: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            input=text,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise UsageError("a revision needs the program git, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {_SECONDS} seconds") from None
