"""One reading of the catalog's files by the router: what they say, or what is wrong with them."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from guardia.catalog_file import YAML_ENDINGS, list_folder, read_text
from guardia.catalog_folder import MAX_CATALOG_BYTES, read_oncall_files
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
            found = sort_problems([*problems, *of_meaning])
            return Edition(digest=digest, catalog=catalog, problems=found)
    raise UnsettledError(f"the files of {root} change while they are read")


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
