"""What an import gives: SLOs in the catalog's words, and remarks on what did not fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from generator.promql.check import Selector
from guardia.problem import Span
from guardia.severity import Severity


class Remarked(StrEnum):
    """Why a person should look at a place of a specification."""

    LOST = "not carried over"
    CHANGED = "carried over in another form"
    OPEN = "to be filled in"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Remark:
    """One thing that the catalog does not hold as the specification has it."""

    span: Span
    kind: Remarked
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text of a specification, and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    """A burn window pair that the imported SLO does without."""

    severity: Severity
    reason: str | None  # for the reader of the file, where the specification does not say so


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSlo:
    """One SLO of a specification, in the words of the catalog but for its names."""

    path: str  # of the specification
    service: Written
    name: Written
    place: Span  # of its indicator, where a problem of it is shown
    identity: str  # its name, with what else tells it from others of that name
    description: str | None
    objective: str  # with its percent sign
    window: str | None
    by: tuple[str, ...]
    sli: Mapping[str, Mapping[str, str]]  # as the catalog writes it: one kind, its parts
    examples: Mapping[str, Mapping[str, float]]
    selectors: tuple[Selector, ...]  # what it counts, to find its targets
    off: tuple[Off, ...]
    team: Written | None
    runbook_url: str | None
    service_labels: Mapping[str, str] = field(default_factory=dict)  # that it has from above
    labels: Mapping[str, str] = field(default_factory=dict)  # its own, which win over those
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedWindows:
    """Burn windows of a specification, as a piece of catalog.yaml to be merged by hand."""

    path: str
    text: str
