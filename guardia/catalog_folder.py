"""A catalog's folder: every file read once, checked against its schema, positions kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guardia.catalog_file import YAML_ENDINGS, is_missing, list_folder, read_text, top_of
from guardia.document import Document, read_document
from guardia.problem import Problem, Suppression, sort_problems
from guardia.schema import check_schema

MAX_CATALOG_BYTES = 32 * 1024 * 1024  # all files together: what is read stays in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFolder:
    """The documents of a catalog that passed their schema.

    `broken` names the kinds ("catalog", "service", "oncall", "alertmanager") of
    which a file is missing or was left out because of its own problems: a name
    that seems unknown may be declared there, so references to that kind are
    not reported. `sources` has the text of every file that could be read, by the
    path that problems give.
    """

    root: Path
    organisation: Document | None
    services: tuple[Document, ...]
    oncall: tuple[Document, ...]
    alertmanager: Document | None  # a team's own parts; most catalogs have none
    runbooks: frozenset[str]
    broken: frozenset[str]
    sources: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Say whether every file is in."""
        return not self.broken

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """Return what the comments of all documents allow."""
        organisation = (self.organisation,) if self.organisation is not None else ()
        own = (self.alertmanager,) if self.alertmanager is not None else ()
        documents = (*organisation, *self.services, *self.oncall, *own)
        return tuple(one for document in documents for one in document.suppressions)


def read_catalog_folder(root: Path) -> tuple[CatalogFolder, tuple[Problem, ...]]:
    """Read `catalog.yaml`, `services/*.yaml`, `oncall/*.yaml` and the names of `runbooks/*.md`.

    Also `alertmanager.yaml`, which a catalog may do without. Returns what could
    be read and all problems of YAML, schema and suppressions, of all files, in
    reading order. A missing part is a problem too.
    """
    reader = _Reader()
    organisation = reader.read_organisation(root / "catalog.yaml")
    services = reader.read_all("service", root / "services")
    oncall = reader.read_all("oncall", root / "oncall")
    own_file = root / "alertmanager.yaml"
    own = reader.read("alertmanager", [own_file], own_file) if not is_missing(own_file) else ()
    folder = CatalogFolder(
        root=root,
        organisation=organisation,
        services=services,
        oncall=oncall,
        alertmanager=own[0] if own else None,
        runbooks=reader.list_runbooks(root / "runbooks"),
        broken=frozenset(reader.broken),
        sources=reader.sources,
    )
    return folder, sort_problems(reader.problems)


def read_oncall_files(root: Path) -> tuple[CatalogFolder, tuple[Problem, ...]]:
    """Read `catalog.yaml` and `oncall/*.yaml` alone, as `read_catalog_folder` does.

    For a router that reads them again while it runs: services are most of a
    catalog, and it needs nothing of them. The folder's other parts are empty.
    """
    reader = _Reader()
    organisation = reader.read_organisation(root / "catalog.yaml")
    oncall = reader.read_all("oncall", root / "oncall")
    return _oncall_folder(root, reader, organisation, oncall), sort_problems(reader.problems)


def read_oncall_texts(
    root: Path, texts: Mapping[str, str]
) -> tuple[CatalogFolder, tuple[Problem, ...]]:
    """Read texts that were kept as `read_oncall_files` reads files.

    `texts` are by their path within the catalog, which once lay at `root`:
    problems name the places where the files were.
    """
    reader = _Reader()
    known = {root / path: text for path, text in sorted(texts.items())}
    own = root / "catalog.yaml"
    organisation = reader.read_known("catalog", {own: known.pop(own)} if own in known else {}, own)
    oncall = reader.read_known("oncall", known, root / "oncall" / "NAME.yaml")
    found = _oncall_folder(root, reader, organisation[0] if organisation else None, oncall)
    return found, sort_problems(reader.problems)


def _oncall_folder(
    root: Path, reader: "_Reader", organisation: Document | None, oncall: tuple[Document, ...]
) -> CatalogFolder:
    return CatalogFolder(
        root=root,
        organisation=organisation,
        services=(),
        oncall=oncall,
        alertmanager=None,
        runbooks=frozenset(),
        broken=frozenset(reader.broken),
        sources=reader.sources,
    )


class _Reader:
    """One pass over a folder: what was read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.broken: set[str] = set()
        self._bytes_left = MAX_CATALOG_BYTES

    def read(self, kind: str, paths: list[Path], missing: Path) -> tuple[Document, ...]:
        return self._take(kind, [self._read_file(kind, path) for path in paths], missing)

    def read_known(
        self, kind: str, texts: Mapping[Path, str], missing: Path
    ) -> tuple[Document, ...]:
        """Read texts that somebody else has read of their files."""
        found = [self._read_text(kind, path, text) for path, text in texts.items()]
        return self._take(kind, found, missing)

    def _take(
        self, kind: str, documents: list[Document | None], missing: Path
    ) -> tuple[Document, ...]:
        if not documents and kind not in self.broken:
            self.problems.append(_missing_problem(kind, missing))
            self.broken.add(kind)
        found = tuple(document for document in documents if document is not None)
        if len(found) < len(documents):
            self.broken.add(kind)
        return found

    def read_organisation(self, path: Path) -> Document | None:
        found = self.read("catalog", [] if is_missing(path) else [path], path)
        return found[0] if found else None

    def read_all(self, kind: str, folder: Path) -> tuple[Document, ...]:
        paths, problems, is_readable = list_folder(folder, YAML_ENDINGS)
        self.problems += problems
        if not is_readable:
            self.broken.add(kind)
        return self.read(kind, paths, folder / "NAME.yaml")

    def list_runbooks(self, folder: Path) -> frozenset[str]:
        """Return the names of the runbooks; other files, such as pictures, may lie beside them."""
        paths, problems, is_readable = list_folder(folder, None)
        self.problems += problems
        if not is_readable:
            self.broken.add("runbook")
        return frozenset(path.stem for path in paths if path.suffix == ".md")

    def _read_file(self, kind: str, path: Path) -> Document | None:
        text, problem = read_text(path, longest=self._bytes_left)
        if text is None:
            self.problems += [problem] if problem is not None else []
            return None
        self._bytes_left -= len(text)
        return self._read_text(kind, path, text)

    def _read_text(self, kind: str, path: Path, text: str) -> Document | None:
        shown = path.as_posix()
        self.sources[shown] = text
        document, problems = read_document(shown, text)
        if document is None:
            self.problems += problems
            return None
        found = list(check_schema(document, kind))
        self.problems += [*found, *document.suppression_problems]
        return None if found else document


def _missing_problem(kind: str, path: Path) -> Problem:
    declares = {
        "catalog": "the organisation's defaults",
        "service": "a service with its SLOs and conditions",
        "oncall": "people, schedules, policies and routes",
    }[kind]
    return Problem(
        code="file-missing",
        message=f"{path.as_posix()} is missing",
        span=top_of(path),
        label="",
        why=f"it declares {declares}; a catalog cannot do without",
        fix="create it; guardia/schema/ has the schema that editors complete from",
    )
