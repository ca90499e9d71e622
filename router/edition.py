"""One reading of the catalog's files by the router: what they say, or what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from guardia.catalog_file import YAML_ENDINGS, list_folder, read_text
from guardia.catalog_folder import (
    MAX_CATALOG_BYTES,
    CatalogFolder,
    read_catalog_folder,
    read_oncall_files,
    read_oncall_texts,
)
from guardia.problem import Problem, sort_problems
from router.catalog import OnCallCatalog, read_oncall

READINGS: Final = 3  # of files that change meanwhile, before whoever asks is told to come again


class UnsettledError(Exception):
    """The files changed each time they were read: who writes them is not done yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The on-call catalog that the files held at one moment, or None with all problems.

    `problems` of a catalog that is there do not concern the router, as at its start.
    """

    digest: str  # of the files
    catalog: OnCallCatalog | None
    problems: tuple[Problem, ...]
    files: Mapping[str, str]  # texts of those that could be read, by their path within the catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeReading:
    """Every file of the catalog, read once: the router's, and what is wrong with the others."""

    edition: Edition
    other_problems: tuple[Problem, ...]  # of files that the router does not read while it runs
    sources: Mapping[str, str]  # texts of all files, by the path that problems give

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return those of all files, in reading order."""
        return sort_problems([*self.edition.problems, *self.other_problems])


def read_edition(root: Path) -> Edition:
    """Read `catalog.yaml` and `oncall/*.yaml`. Raises UnsettledError.

    Kubernetes replaces all files of a ConfigMap in one step: what was read on
    both sides of it would be a mixture that nobody wrote, so it is read again.
    """
    digest = read_digest(root)
    for _ in range(READINGS):
        folder, problems = read_oncall_files(root)
        catalog, of_meaning = read_oncall(folder)
        before, digest = digest, read_digest(root)
        if digest == before:
            return Edition(
                digest=digest,
                catalog=catalog,
                problems=sort_problems([*problems, *of_meaning]),
                files=_texts(folder),
            )
    raise UnsettledError(f"the files of {root} change while they are read")


def read_whole(root: Path) -> WholeReading:
    """Read all files once, for the start: whoever starts the router is told of every problem.

    The digest is from before the reading: what changed meanwhile is found by
    the first looks of the router that runs.
    """
    digest = read_digest(root)
    folder, problems = read_catalog_folder(root)
    catalog, of_meaning = read_oncall(folder)
    own: list[Problem] = []
    other: list[Problem] = []
    for one in problems:
        (own if _is_read_by_router(_within(root, one.span.path)) else other).append(one)
    return WholeReading(
        edition=Edition(
            digest=digest,
            catalog=catalog,
            problems=sort_problems([*own, *of_meaning]),
            files=_texts(folder),
        ),
        other_problems=tuple(other),
        sources=folder.sources,
    )


def read_kept(
    root: Path, files: Mapping[str, str]
) -> tuple[OnCallCatalog | None, tuple[Problem, ...]]:
    """Read the `files` of an edition as if they lay at `root`; None with every problem.

    What was good when it was kept may have problems for another release.
    """
    folder, problems = read_oncall_texts(root, files)
    catalog, of_meaning = read_oncall(folder)
    return catalog, sort_problems([*problems, *of_meaning])


def _texts(folder: CatalogFolder) -> dict[str, str]:
    named = ((_within(folder.root, path), text) for path, text in folder.sources.items())
    return {path: text for path, text in named if _is_read_by_router(path)}


def _within(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()


def _is_read_by_router(path: str) -> bool:
    return path == "catalog.yaml" or path.split("/", 1)[0] == "oncall"


def read_digest(root: Path) -> str:
    """Return what changes with any byte of the files that `read_edition` reads.

    By contents, as times do not tell: a link that is turned to another folder
    may lead to older files, and two changes may fall into one tick of the clock.
    """
    paths, problems, _ = list_folder(root / "oncall", YAML_ENDINGS)
    digest = sha256(repr(problems).encode())
    bytes_left = MAX_CATALOG_BYTES
    for path in (root / "catalog.yaml", *paths):
        text, problem = read_text(path, longest=bytes_left)
        bytes_left -= len(text or "")
        digest.update(repr((path.as_posix(), text, problem)).encode())
    return digest.hexdigest()
