"""The files of a folder, whatever they turn out to be: their text, or one problem each."""

import codecs
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path

from guardia.lines import Lines
from guardia.problem import Problem, Span

YAML_ENDINGS = (".yaml", ".yml")
MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 10_000  # in one folder

# What editors leave beside a file: Emacs and others, Vim, Emacs while it is not saved.
_LEFT_BY_EDITORS = re.compile(r".*~|.*\.sw[a-p]|#.*#", re.DOTALL)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def list_folder(
    folder: Path, endings: Collection[str] | None
) -> tuple[list[Path], tuple[Problem, ...], bool]:
    """Return the files of a folder by name, problems, and whether the list is complete.

    With `endings`, whatever else lies there is a problem: it would look as if
    it was read. Hidden files and the backups of editors are left out. A missing
    folder is empty.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not _is_passed_over(entry.name))
    except OSError as error:
        if is_missing(folder):
            return [], (), True
        return [], (_unreadable_problem(folder, error),), False
    if len(names) > MAX_FILES:
        return [], (_too_many_problem(folder, len(names)),), False
    paths = [folder / name for name in names]
    if endings is None:
        return paths, (), True
    readable = [path for path in paths if path.suffix in endings and not path.is_dir()]
    kept = frozenset(readable)
    return readable, tuple(_unexpected_problem(path) for path in paths if path not in kept), True


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or _LEFT_BY_EDITORS.fullmatch(name) is not None


def is_missing(path: Path) -> bool:
    """Say whether nothing has this name, which is not so where it is only out of sight."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # such as of a folder that this user may not look into
        return False
    return False


def read_text(path: Path, *, longest: int) -> tuple[str | None, Problem | None]:
    """Return the text of a file, or None with the problem that kept it from being read.

    Never waits and never reads more than MAX_FILE_BYTES, or `longest` bytes
    where that is less: a pipe, a device or a huge file is a problem, too.
    """
    limit = max(0, min(longest, MAX_FILE_BYTES))
    try:
        # A pipe that nobody writes to would block an ordinary open for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None, _not_a_file_problem(path)
            raw = file.read(limit + 1)
    except OSError as error:
        return None, _unreadable_problem(path, error)
    if len(raw) > limit:
        return None, _too_large_problem(path, whole=limit < MAX_FILE_BYTES)
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return None, _encoding_problem(path, error)


def top_of(path: Path) -> Span:
    """Return the first character of a file, for a problem of the whole."""
    return Span(path=path.as_posix(), line=1, column=1, end_column=1)


def _unreadable_problem(path: Path, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return _dangling_problem(path)
    return Problem(
        code="file-unreadable",
        message=f"cannot read this: {error.strerror or 'the system refuses'}",
        span=top_of(path),
        label="",
        why="nothing in it could be checked",
        fix="let this user read it",
    )


def _dangling_problem(path: Path) -> Problem:
    return Problem(
        code="file-unreadable",
        message=f"cannot read this: it links to {path.readlink()}, which is not there",
        span=top_of(path),
        label="",
        why="nothing in it could be checked",
        fix="let it link to a file that is there, or remove the link",
    )


def _not_a_file_problem(path: Path) -> Problem:
    return Problem(
        code="file-unreadable",
        message="cannot read this: it is a pipe, a socket or a device",
        span=top_of(path),
        label="",
        why="nothing in it could be checked, and waiting for it could take for ever",
        fix="put a file in its place, or take it out of the catalog",
    )


def _encoding_problem(path: Path, error: UnicodeDecodeError) -> Problem:
    is_utf_16 = error.object.startswith(_UTF_16)
    before = error.object[: error.start].decode(errors="replace")
    line, column = Lines(before).place(len(before))
    return Problem(
        code="file-unreadable",
        message="this is UTF-16, not UTF-8 text" if is_utf_16 else "this is not UTF-8 text",
        span=Span(path=path.as_posix(), line=line, column=column, end_column=column + 1),
        label="",
        why="nothing in the file could be checked",
        fix="save it as UTF-8",
    )


def _too_large_problem(path: Path, *, whole: bool) -> Problem:
    return Problem(
        code="file-too-large",
        message="the files of the catalog are too large together"
        if whole
        else f"this file is larger than {MAX_FILE_BYTES // 1024} KiB",
        span=top_of(path),
        label="",
        why="it was not read: reading takes many times its room in memory",
        fix="split the catalog" if whole else "split it, or take it out if it is no catalog file",
    )


def _too_many_problem(folder: Path, number: int) -> Problem:
    return Problem(
        code="file-too-large",
        message=f"the folder holds {number} files, and at most {MAX_FILES} are read",
        span=top_of(folder),
        label="",
        why="nothing in it was checked",
        fix="split the catalog, or take out what does not belong to it",
    )


def _unexpected_problem(path: Path) -> Problem:
    return Problem(
        code="file-unexpected",
        message=f"{path.name} is not read",
        span=top_of(path),
        label="",
        why="only files that end in .yaml or .yml, directly in this folder, declare something",
        fix="rename or move it, or take it out of the catalog",
    )
