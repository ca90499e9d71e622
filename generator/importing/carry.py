"""Whole specifications of other programs to files of the catalog, with all that did not fit."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Literal

from generator.importing.model import ImportedSlo, ImportedWindows, Remark
from generator.importing.parts import ImportedObject
from generator.importing.proof import prove_services
from generator.importing.pyrra import read_objective_resource
from generator.importing.service_file import (
    ImportedService,
    group_services,
    render_runbooks,
    render_service,
)
from generator.importing.sloth import read_plain, read_resource
from generator.importing.stream import read_stream
from generator.importing.windows import read_windows
from guardia.document import Document, Pointer
from guardia.lines import Lines
from guardia.problem import Problem, Span, sort_problems

Kind = Literal["sloth", "pyrra"]
Reader = Callable[[Document, Pointer, list[Problem]], ImportedObject]

_PLAIN_VERSION = "prometheus/v1"
_SLOTH_API, _PYRRA_API = "sloth.slok.dev/v1", "pyrra.dev/v1alpha1"
# Pyrra's own tools write resources without the group.
_PYRRA_APIS = (_PYRRA_API, "v1alpha1")
_WANTED = {
    "sloth": f"`version: {_PLAIN_VERSION}`, or `apiVersion: {_SLOTH_API}` with"
    " `kind: PrometheusServiceLevel` or `AlertWindows`",
    "pyrra": f"`apiVersion: {_PYRRA_API}` with `kind: ServiceLevelObjective`",
}

# What Helm fills in; Sloth's `{{.window}}` and the templates of alerts are none of it.
_HELM = re.compile(
    r"\{\{`|\{\{-?[^{}]*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|\binclude\s+[\"'])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one specification file."""

    path: str
    imported: int  # SLOs
    found: int  # SLOs, with the refused ones
    services: tuple[str, ...]  # that its SLOs went to
    has_windows: bool
    refused: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """The files to write into a catalog's folder, and what a person has to know of them."""

    services: Mapping[str, str]  # path within the catalog's folder -> text
    runbooks: Mapping[str, Mapping[str, str]]  # path of a service -> its runbooks, likewise
    windows: tuple[ImportedWindows, ...]
    outcomes: tuple[Outcome, ...]
    remarks: tuple[Remark, ...]
    problems: tuple[Problem, ...]


def import_specs(
    kind: Kind,
    texts: Mapping[str, str],
    *,
    team: str | None = None,
    service: str | None = None,
    place_labels: Collection[str] = (),
) -> Import:
    """Import the specifications of one program, given as texts by their paths.

    `team` owns what names no team; `service` is the service of all of Pyrra's
    SLOs, which name none. `place_labels` are the labels by which the catalog
    that the files are for tells its environments and regions apart: no SLO can
    set them. An SLO with a problem is refused alone: the others are imported.
    Files come in the order of their names, remarks and problems in the order of
    the specifications.
    """
    readers = _readers(service, place_labels)
    objects: list[tuple[str, ImportedObject]] = []
    problems: list[Problem] = []
    for path, text in texts.items():
        for document, at, reader in _objects(kind, path, text, problems, readers):
            objects.append((path, reader(document, at, problems)))
    slos = _without_duplicates([slo for _, one in objects for slo in one.slos], problems)
    services, remarks = _group_proved(slos, team, problems)
    own = (remark for _, one in objects for remark in one.remarks)
    return Import(
        services={_service_path(found): render_service(found) for found in services},
        runbooks={
            _service_path(found): {
                f"runbooks/{name}.md": text for name, text in render_runbooks(found).items()
            }
            for found in services
        },
        windows=tuple(one.windows for _, one in objects if one.windows is not None),
        outcomes=_outcomes(texts, objects, services, problems),
        remarks=tuple(sorted({*remarks, *own})),
        problems=sort_problems(problems),
    )


def _group_proved(
    slos: tuple[ImportedSlo, ...], team: str | None, problems: list[Problem]
) -> tuple[tuple[ImportedService, ...], tuple[Remark, ...]]:
    """Return the services of the SLOs that the catalog takes; of the others note why."""
    services, remarks = group_services(slos, team=team)
    proof = prove_services(services)
    if proof.refused:
        problems += proof.problems
        kept = [slo for slo in slos if slo.name.span not in proof.refused]
        services, remarks = group_services(kept, team=team)
    return services, (*remarks, *proof.remarks)


def _service_path(service: ImportedService) -> str:
    return f"services/{service.name}.yaml"


def _outcomes(
    paths: Iterable[str],
    objects: Sequence[tuple[str, ImportedObject]],
    services: Sequence[ImportedService],
    problems: Iterable[Problem],
) -> tuple[Outcome, ...]:
    read: dict[str, list[ImportedObject]] = defaultdict(list)
    for path, one in objects:
        read[path].append(one)
    refused: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        refused[problem.span.path].append(problem)
    homes: dict[str, Counter[str]] = defaultdict(Counter)
    for service in services:
        for named in service.slos:
            homes[named.slo.path][service.name] += 1
    return tuple(
        Outcome(
            path=path,
            imported=homes[path].total(),
            found=sum(one.slo_count for one in read[path]),
            services=tuple(homes[path]),
            has_windows=any(one.windows is not None for one in read[path]),
            refused=sort_problems(refused[path]),
        )
        for path in paths
    )


def _objects(
    kind: Kind, path: str, text: str, problems: list[Problem], readers: Mapping[str, Reader]
) -> Iterator[tuple[Document, Pointer, Reader]]:
    """Yield every object of a file that can be read, with its reader; note the others."""
    template = _HELM.search(text)
    if template is not None:
        problems.append(_template_problem(path, text, template.start()))
        return
    documents, found = read_stream(path, text)
    problems += found
    if not documents and not found:
        problems.append(_empty_problem(path))
    for document in documents:
        for at, value in _items(document):
            reader = readers.get(_form(kind, value) or "")
            if reader is None:
                problems.append(_unknown_problem(kind, document, at, value))
            else:
                yield document, at, reader


def _items(document: Document) -> Iterator[tuple[Pointer, Any]]:
    """Yield the objects of a document: itself, or what a list of Kubernetes holds."""
    value = document.value
    is_list = isinstance(value, dict) and str(value.get("kind", "")).endswith("List")
    if is_list and isinstance(value.get("items"), list):
        yield from ((("items", index), item) for index, item in enumerate(value["items"]))
    else:
        yield (), value


def _readers(service: str | None, place_labels: Collection[str]) -> Mapping[str, Reader]:
    """Return what reads each form of specification."""
    return {
        "objective": partial(read_objective_resource, service=service, place_labels=place_labels),
        "plain": partial(read_plain, place_labels=place_labels),
        "resource": partial(read_resource, place_labels=place_labels),
        "windows": read_windows,
    }


def _form(kind: Kind, value: Any) -> str | None:
    """Return which form of specification an object has, or None."""
    if not isinstance(value, dict):
        return None
    resource = (value.get("apiVersion"), value.get("kind"))
    if kind == "pyrra":
        is_known = resource[0] in _PYRRA_APIS and resource[1] == "ServiceLevelObjective"
        return "objective" if is_known else None
    if value.get("version") == _PLAIN_VERSION:
        return "plain"
    if resource == (_SLOTH_API, "PrometheusServiceLevel"):
        return "resource"
    return "windows" if resource == (_SLOTH_API, "AlertWindows") else None


def _without_duplicates(
    slos: Sequence[ImportedSlo], problems: list[Problem]
) -> tuple[ImportedSlo, ...]:
    """Return the SLOs that are declared once; of the others none could be told to be meant."""
    places: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for slo in slos:
        places[slo.service.text, slo.identity].append(slo.name.span)
    for slo in slos:
        spans = places[slo.service.text, slo.identity]
        others = [f"{span.path}:{span.line}" for span in islice(spans, 4) if span != slo.name.span]
        if others:
            problems.append(
                Problem(
                    code="duplicate-id",
                    message=f"SLO `{slo.name.text}` of `{slo.service.text}` is declared more than"
                    " once",
                    span=slo.name.span,
                    label=f"also at {', '.join(others[:3])}",
                    why="one name must mean one thing, and nothing says which of them counts",
                    fix="import the one that counts, or rename the others",
                )
            )
    return tuple(slo for slo in slos if len(places[slo.service.text, slo.identity]) == 1)


def _template_problem(path: str, text: str, index: int) -> Problem:
    line, column = Lines(text).place(index)
    return Problem(
        code="spec-template",
        message="this is a Helm template, not yet a specification",
        span=Span(path=path, line=line, column=column, end_column=column + 2),
        label="Helm puts something here",
        why="what it will say depends on values that are not in this file",
        fix="render it first, with `helm template`, and import what comes out",
    )


def _empty_problem(path: str) -> Problem:
    return Problem(
        code="spec-unknown",
        message="the file holds no specification",
        span=Span(path=path, line=1, column=1, end_column=1),
        label="nothing here",
        why="an empty file, or one of comments only, declares no SLO",
        fix="name the files that declare SLOs",
    )


def _unknown_problem(kind: Kind, document: Document, at: Pointer, value: Any) -> Problem:
    keys = [key for key in ("version", "apiVersion") if isinstance(value, dict) and key in value]
    named = isinstance(value, dict) and str(value.get("apiVersion", ""))
    foreign = _foreign(named or "", kind)
    shown = ", ".join(
        f"{key}: {str(value[key])[:60]}"
        for key in ("version", "apiVersion", "kind")
        if isinstance(value, dict) and key in value
    )
    return Problem(
        code="spec-unknown",
        message=f"this is no specification of {kind.capitalize()}'s that can be read"
        f" ({shown or 'it names no version'})",
        span=document.span((*at, *keys[:1])),
        label=f"must be {_WANTED[kind]}",
        why=foreign or "another version may mean something else by the same keys",
        fix="import it with the command for its kind, or convert it to a version that is known",
    )


def _foreign(api: str, kind: Kind) -> str | None:
    if api.startswith("openslo"):
        return "it is OpenSLO, which cannot be imported yet"
    other = {"sloth": "pyrra.dev/", "pyrra": "sloth.slok.dev/"}[kind]
    return f"it is a resource of {other.split('.')[0]}" if api.startswith(other) else None
