"""A catalog's folder: every file read once, checked against its schema, positions kept."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guardia.document import Document, read_document
from guardia.problem import Problem, Span, sort_problems
from guardia.schema import check_schema

YAML_ENDINGS = (".yaml", ".yml")


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
        if not paths and kind not in broken:
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

    def list_yaml(kind: str, folder: Path) -> list[Path]:
        try:
            found = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            problems.append(_unreadable_problem(_top_of(folder), error))
            broken.add(kind)
            return []
        readable = [p for p in found if p.suffix in YAML_ENDINGS and not p.is_dir()]
        problems.extend(_unexpected_problem(path) for path in found if path not in readable)
        return readable

    organisation_file = root / "catalog.yaml"
    is_there = os.access(organisation_file, os.F_OK)
    organisation = read("catalog", [organisation_file] if is_there else [], organisation_file)
    services = read("service", list_yaml("service", root / "services"), root / "services/NAME.yaml")
    oncall = read("oncall", list_yaml("oncall", root / "oncall"), root / "oncall/NAME.yaml")
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


def _read_file(
    kind: str, path: Path, sources: dict[str, str]
) -> tuple[Document | None, tuple[Problem, ...]]:
    shown = path.as_posix()
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        return None, (_unreadable_problem(_top_of(path), error),)
    except UnicodeDecodeError as error:
        return None, (_encoding_problem(shown, error),)
    sources[shown] = text
    document, problems = read_document(shown, text)
    if document is None:
        return None, problems
    return document, tuple(check_schema(document, kind))


def _top_of(path: Path) -> Span:
    return Span(path=path.as_posix(), line=1, column=1, end_column=1)


def _missing_problem(kind: str, path: Path) -> Problem:
    declares = {
        "catalog": "the organisation's defaults",
        "service": "a service with its SLOs and conditions",
        "oncall": "people, schedules, policies and routes",
    }[kind]
    return Problem(
        code="file-missing",
        message=f"{path.as_posix()} is missing",
        span=_top_of(path),
        label="",
        why=f"it declares {declares}; a catalog cannot do without",
        fix="create it; guardia/schema/ has the schema that editors complete from",
    )


def _unreadable_problem(span: Span, error: OSError) -> Problem:
    return Problem(
        code="file-unreadable",
        message=f"cannot read this: {error.strerror or 'the system refuses'}",
        span=span,
        label="",
        why="nothing in it could be checked",
        fix="let this user read it",
    )


def _encoding_problem(path: str, error: UnicodeDecodeError) -> Problem:
    before = error.object[: error.start].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Problem(
        code="file-unreadable",
        message="this is not UTF-8 text",
        span=Span(path=path, line=line, column=column, end_column=column + 1),
        label="",
        why="nothing in the file could be checked",
        fix="save it as UTF-8",
    )


def _unexpected_problem(path: Path) -> Problem:
    return Problem(
        code="file-unexpected",
        message=f"{path.name} is not read",
        span=_top_of(path),
        label="",
        why="only files that end in .yaml or .yml, directly in this folder, declare something",
        fix="rename or move it, or take it out of the catalog",
    )
