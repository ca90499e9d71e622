"""Whether the catalog takes an imported SLO: its own reader says so, before a file is written."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.catalog.read import read_catalog
from generator.importing.model import ImportedSlo, Remark, Remarked
from generator.importing.service_file import ImportedService, render_service
from guardia.catalog_folder import CatalogFolder
from guardia.document import Document, read_document
from guardia.problem import Problem, Span
from guardia.schema import check_schema
from guardia.suppression import ALLOWABLE

# As much of a catalog as an SLO needs, and nothing that a real one would refuse an SLO for.
_ORGANISATION = """
organisation: Proof
environments: {label: guardia_proof_environment, names: [proof], on: prometheus}
prometheus:
  scrape_interval: 15s
  retention: 3650d
  intervals: {fast: 30s, slow: 2m30s, store: 5m}
slo_defaults: {window: 30d, no_data_for: 2m, no_traffic_for: 15m}
alertmanager:
  router_url: http://localhost/webhook
  router_token_file: /token
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
links: {runbooks: https://runbooks.example/, dashboards: https://dashboards.example/}
oncall: {escalate_after: 15m}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The SLOs that the catalog would refuse, why, and what it would only ask about."""

    refused: frozenset[Span]  # of their names
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]


def prove_services(services: Sequence[ImportedService]) -> Proof:
    """Read the services as `guardia check` will, and say what it finds in the words of the SLOs.

    Each problem is put where the SLO's indicator stands in its specification.
    """
    refused: set[Span] = set()
    problems: list[Problem] = []
    remarks: list[Remark] = []
    for service, document, found in _read(services):
        starts = [document.span(("slos", index)).line for index in range(len(service.slos))]
        for problem in found:
            for slo in _meant(service, starts, problem):
                if problem.code in ALLOWABLE:
                    remarks.append(_question(slo, problem))
                    continue
                refused.add(slo.name.span)
                problems.append(_at_the_specification(slo, problem))
    return Proof(refused=frozenset(refused), problems=tuple(problems), remarks=tuple(remarks))


def _read(
    services: Sequence[ImportedService],
) -> list[tuple[ImportedService, Document, list[Problem]]]:
    organisation, _ = read_document("catalog.yaml", _ORGANISATION)
    read: list[tuple[ImportedService, Document, list[Problem]]] = []
    for service in services:
        document, broken = read_document(service.name, render_service(service))
        if document is None:
            raise RuntimeError(f"an import wrote what is not YAML: {broken[0].message}")
        read.append((service, document, list(check_schema(document, "service"))))
    folder = CatalogFolder(
        root=Path(),
        organisation=organisation,
        services=tuple(document for _, document, of_form in read if not of_form),
        oncall=(),
        alertmanager=None,
        runbooks=frozenset(named.runbook for service in services for named in service.slos),
        broken=frozenset(),
        sources={},
    )
    _, of_meaning = read_catalog(folder)
    by_path: Mapping[str, list[Problem]] = {document.path: found for _, document, found in read}
    for problem in of_meaning:
        if problem.allowed is None:
            by_path[problem.span.path].append(problem)
    return read


def _meant(service: ImportedService, starts: list[int], problem: Problem) -> list[ImportedSlo]:
    """Return the SLO on whose lines the problem stands; above the first it speaks of all."""
    index = bisect_right(starts, problem.span.line) - 1
    chosen = service.slos if index < 0 else service.slos[index : index + 1]
    return [named.slo for named in chosen]


def _question(slo: ImportedSlo, problem: Problem) -> Remark:
    return Remark(
        span=slo.place,
        kind=Remarked.OPEN,
        text=f"`guardia check` will ask about it ({problem.code}): {problem.message}",
    )


def _at_the_specification(slo: ImportedSlo, problem: Problem) -> Problem:
    return Problem(
        code=problem.code,
        message=f"the catalog does not take this SLO: {problem.message}",
        span=slo.place,
        label=problem.label,
        why=problem.why,
        fix=problem.fix,
    )
