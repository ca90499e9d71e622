"""A catalog's folder: every file read once, checked against its schema, positions kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guardia.document import Document, read_document
from guardia.problem import Problem, Span, sort_problems
from guardia.schema import check_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFolder:
    """The documents of a catalog that passed their schema.

    `broken` names the kinds ("catalog", "service", "oncall") of which a file is
    missing or was left out because of its own problems: a name that seems
    unknown may be declared there, so references to that kind are not
    reported. `sources` has the text of every file that could be read, by the
    path that problems give.
    """

    root: Path
    organisation: Document | None
    services: tuple[Document, ...]
    oncall: tuple[Document, ...]
    runbooks: frozenset[str]
    broken: frozenset[str]
    sources: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Say whether every file is in."""
        return not self.broken


def read_catalog_folder(root: Path) -> tuple[CatalogFolder, tuple[Problem, ...]]:
    """Read `catalog.yaml`, `services/*.yaml`, `oncall/*.yaml` and the names of `runbooks/*.md`.

    Returns what could be read and all problems of YAML and schema, of all
    files, in reading order. A missing part is a problem too.
    """
    sources: dict[str, str] = {}
    problems: list[Problem] = []
    broken: set[str] = set()

    def read(kind: str, paths: list[Path], missing: Path) -> tuple[Document, ...]:
        if not paths:
            problems.append(_missing_problem(kind, missing))
            broken.add(kind)
        documents = []
        for path in paths:
            document, found = _read_file(kind, path, sources)
            problems.extend(found)
            if document is not None and not found:
                documents.append(document)
            else:
                broken.add(kind)
        return tuple(documents)

    organisation_file = root / "catalog.yaml"
    organisation = read(
        "catalog", [organisation_file] if organisation_file.exists() else [], organisation_file
    )
    services = read("service", _yaml_files(root / "services"), root / "services/NAME.yaml")
    oncall = read("oncall", _yaml_files(root / "oncall"), root / "oncall/NAME.yaml")
    folder = CatalogFolder(
        root=root,
        organisation=organisation[0] if organisation else None,
        services=services,
        oncall=oncall,
        runbooks=frozenset(path.stem for path in (root / "runbooks").glob("*.md")),
        broken=frozenset(broken),
        sources=sources,
    )
    return folder, sort_problems(problems)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))


def _read_file(
    kind: str, path: Path, sources: dict[str, str]
) -> tuple[Document | None, tuple[Problem, ...]]:
    shown = path.as_posix()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return None, (_unreadable_problem(shown, error),)
    sources[shown] = text
    document, problems = read_document(shown, text)
    if document is None:
        return None, problems
    return document, tuple(check_schema(document, kind))


def _top_of(path: Path | str) -> Span:
    return Span(path=str(path), line=1, column=1, end_column=1)


def _missing_problem(kind: str, path: Path) -> Problem:
    declares = {
        "catalog": "the organisation's defaults",
        "service": "a service with its SLOs and conditions",
        "oncall": "people, schedules, policies and routes",
    }[kind]
    return Problem(
        code="file-missing",
        message=f"{path.as_posix()} is missing",
        span=_top_of(path.as_posix()),
        label="",
        why=f"it declares {declares}; a catalog cannot do without",
        fix="create it; guardia/schema/ has the schema that editors complete from",
    )


def _unreadable_problem(path: str, error: OSError | UnicodeDecodeError) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        reason = f"byte {error.start} is not UTF-8 text"
    else:
        reason = error.strerror or "the system refuses"
    return Problem(
        code="file-unreadable",
        message=f"cannot read this file: {reason}",
        span=_top_of(path),
        label="",
        why="nothing in it could be checked",
        fix="save it as UTF-8 text that this user may read",
    )
