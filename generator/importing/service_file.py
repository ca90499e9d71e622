"""Imported SLOs, grouped by service, as the texts of catalog files that read well."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from generator.importing.model import ImportedSlo, Remark, Remarked, Written
from generator.importing.names import Names, make_id
from guardia.problem import Span, printable
from guardia.severity import Severity

GENERIC_RUNBOOK = "imported-slo"
UNASSIGNED = "unassigned"

# What one version of YAML or the other reads as a number; 250ms is none.
_LOOKS_LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][-+.0-9_:xobea-f]*", re.ASCII | re.IGNORECASE)
_BLIND = (
    "# guardia: allow outage-blind: imported, and its metrics do not name one job; add `targets`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSlo:
    """An imported SLO with the names it has in the catalog."""

    slo: ImportedSlo
    name: str
    team: str
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedService:
    """The SLOs of one service file."""

    name: str
    team: str
    targets: str | None
    labels: Mapping[str, str]  # those that all its SLOs share
    slos: tuple[NamedSlo, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the specifications that it comes from."""
        return tuple(dict.fromkeys(named.slo.path for named in self.slos))


def group_services(
    slos: Sequence[ImportedSlo], *, team: str | None
) -> tuple[tuple[ImportedService, ...], tuple[Remark, ...]]:
    """Return the SLOs by service, with names that the catalog takes, and what changed by that.

    `team` is for SLOs whose specification names none.
    """
    remarks: list[Remark] = []
    services: dict[str, list[ImportedSlo]] = {}
    for slo in slos:
        services.setdefault(slo.service.text, []).append(slo)
    naming = _Naming(team=team, remarks=remarks)
    found = [naming.group(written, own) for written, own in services.items()]
    return tuple(sorted(found, key=lambda service: service.name)), tuple(remarks)


class _Naming:
    """One import's choice of names: of services, of SLOs within each, and of runbooks."""

    def __init__(self, *, team: str | None, remarks: list[Remark]) -> None:
        self._team = team
        self._remarks = remarks
        self._services = Names()
        self._runbooks = Names()
        self._runbooks.give(GENERIC_RUNBOOK)

    def group(self, written: str, slos: list[ImportedSlo]) -> ImportedService:
        """Return the service with its SLOs, and remark on what a person has to fill in."""
        place, name = slos[0].service.span, self._services.give(written)
        if name != written:
            self._renamed(slos[0].service, "service", name)
        names = Names()
        named = tuple(self._name(slo, names, name) for slo in slos)
        targets = _targets(slos)
        if targets is None:
            self._open(
                place,
                f"targets of {name}: its metrics do not all name one job, so nothing tells when"
                " the whole service is gone",
            )
        self._open(place, f"description of {name}: say what the service does for its users")
        shared = dict(slos[0].service_labels)
        for slo in slos[1:]:
            above = slo.service_labels
            shared = {key: text for key, text in shared.items() if above.get(key) == text}
        return ImportedService(
            name=name, team=named[0].team, targets=targets, labels=shared, slos=named
        )

    def _name(self, slo: ImportedSlo, names: Names, service: str) -> NamedSlo:
        name = names.give(slo.name.text, of=slo.identity)
        if name != slo.name.text:
            self._renamed(slo.name, "SLO", name)
        if slo.description is None:
            self._open(slo.name.span, f"description of {name}: say what is promised to the users")
        return NamedSlo(
            slo=slo, name=name, team=self._find_team(slo), runbook=self._runbook(slo, service, name)
        )

    def _find_team(self, slo: ImportedSlo) -> str:
        if slo.team is not None:
            name = make_id(slo.team.text)
            if name != slo.team.text:
                self._renamed(slo.team, "team", name)
            return name
        if self._team is not None:
            return make_id(self._team)
        self._open(
            slo.service.span, f"team: none is named, so it is `{UNASSIGNED}`; --team names one"
        )
        return UNASSIGNED

    def _runbook(self, slo: ImportedSlo, service: str, name: str) -> str:
        if slo.runbook_url is not None:
            return self._runbooks.give(f"{service}-{name}", of=f"{service}/{name}")
        self._open(
            slo.name.span, f"runbook of {name}: none is linked, so it is `{GENERIC_RUNBOOK}`"
        )
        return GENERIC_RUNBOOK

    def _renamed(self, written: Written, what: str, name: str) -> None:
        reason = "names are lower-case letters, digits and hyphens"
        if make_id(written.text) != name:
            reason = f"another one has the name {make_id(written.text)}"
        text = f"{what} {written.text}: now {name}, since {reason}"
        self._remarks.append(Remark(span=written.span, kind=Remarked.CHANGED, text=text))

    def _open(self, span: Span, text: str) -> None:
        self._remarks.append(Remark(span=span, kind=Remarked.OPEN, text=text))


def _targets(slos: list[ImportedSlo]) -> str | None:
    """Return the selector of the service's scrape targets when all its metrics name one job."""
    jobs = {
        next((m for m in selector.matchers if m.name == "job" and m.operator == "="), None)
        for slo in slos
        for selector in slo.selectors
    }
    job = jobs.pop() if len(jobs) == 1 else None
    return None if job is None else f"up{{{job}}}"


def render_service(service: ImportedService) -> str:
    """Return the text of catalog/services/NAME.yaml."""
    lines = [
        f"# Imported from {printable(', '.join(service.sources))}, once: now it is yours to edit.",
        *([_BLIND] if service.targets is None else []),
        f"service: {_scalar(service.name)}",
        f"team: {_scalar(service.team)}" + _unassigned(service.team),
        "description: Imported; nobody has described it yet. # say what it does for its users",
        *([] if service.targets is None else [f"targets: {_scalar(service.targets)}"]),
        *_mapping("labels", service.labels, ""),
        "",
        "slos:",
    ]
    for index, named in enumerate(service.slos):
        lines += ["", *_slo(named, service)] if index else _slo(named, service)
    return "\n".join(lines) + "\n"


def _slo(named: NamedSlo, service: ImportedService) -> list[str]:
    slo = named.slo
    labels = {**slo.service_labels, **slo.labels}
    own = {key: text for key, text in labels.items() if service.labels.get(key) != text}
    described = (
        _field("description", slo.description, "    ")
        if slo.description is not None
        else [f"    description: {_scalar(slo.name.text)} # say what is promised to the users"]
    )
    return [
        f"  - name: {_scalar(named.name)}",
        *described,
        f"    objective: {slo.objective}",
        *([] if slo.window is None else [f"    window: {slo.window}"]),
        *([] if not slo.by else [f"    by: [{', '.join(map(_scalar, slo.by))}]"]),
        *_sli(slo),
        *_examples(slo),
        *_burn_windows(slo),
        *(
            [f"    team: {_scalar(named.team)}" + _unassigned(named.team)]
            if named.team != service.team
            else []
        ),
        *_mapping("labels", own, "    "),
        *_mapping("annotations", slo.annotations, "    "),
        f"    runbook: {_scalar(named.runbook)}",
    ]


def _sli(slo: ImportedSlo) -> list[str]:
    lines = ["    sli:"]
    for kind, parts in slo.sli.items():
        lines.append(f"      {kind}:")
        for key, text in parts.items():
            lines += _field(key, text, "        ")
    return lines


def _examples(slo: ImportedSlo) -> list[str]:
    if not slo.examples:
        return []
    return [
        "    examples:",
        *(f"      {key}: {_flow(values)}" for key, values in slo.examples.items()),
    ]


def _flow(values: Mapping[str, float]) -> str:
    return f"{{{', '.join(f'{_quoted(name)}: {value:g}' for name, value in values.items())}}}"


def _burn_windows(slo: ImportedSlo) -> list[str]:
    if not slo.off:
        return []
    reasons = {off.severity: off.reason for off in slo.off}
    if not any(reasons.values()):
        pairs = ", ".join(f"{severity}: off" for severity in Severity if severity in reasons)
        return [f"    burn_windows: {{{pairs}}}"]
    lines = ["    burn_windows:"]
    for severity, reason in reasons.items():
        lines.append(f"      {severity}: off" + (f" # {reason}" if reason else ""))
    return lines


def _mapping(key: str, values: Mapping[str, str], indent: str) -> list[str]:
    if not values:
        return []
    lines = [f"{indent}{key}:"]
    for name, text in values.items():
        lines += _field(name, text, f"{indent}  ")
    return lines


def _field(key: str, text: str, indent: str) -> list[str]:
    """Return `key: text`; a text of several lines as a block where YAML can write it so."""
    text = text.rstrip("\n")
    lines = text.split("\n")
    if len(lines) == 1 or not _is_block(lines):
        return [f"{indent}{_scalar(key)}: {_scalar(text)}"]
    return [f"{indent}{_scalar(key)}: |-", *(f"{indent}  {line}" if line else "" for line in lines)]


def _is_block(lines: list[str]) -> bool:
    first = lines[0]
    is_plain = all(line.rstrip() == line and line.isprintable() for line in lines)
    return bool(first) and not first.startswith(" ") and is_plain


def _scalar(text: str) -> str:
    """Return any text as a YAML scalar on one line, in quotes only where it needs them."""
    dumped: str = yaml.dump(
        text, Dumper=_dumper(), default_style=None, allow_unicode=True, width=10**9
    )
    written = dumped.removesuffix("\n").removesuffix("\n...")
    in_quotes = "\n" in written or _LOOKS_LIKE_A_NUMBER.fullmatch(text) or not text.isprintable()
    return _quoted(text) if in_quotes else written


def _quoted(text: str) -> str:
    dumped: str = yaml.dump(
        text, Dumper=_dumper(), default_style='"', allow_unicode=True, width=10**9
    )
    return dumped.removesuffix("\n")


def _dumper() -> Any:
    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _unassigned(team: str) -> str:
    return " # name who owns it" if team == UNASSIGNED else ""


def render_runbooks(service: ImportedService) -> dict[str, str]:
    """Return the runbooks that the service's SLOs name, by their names without .md."""
    texts = {}
    for named in service.slos:
        url = named.slo.runbook_url
        texts[named.runbook] = _GENERIC if url is None else _linked(service, named, url)
    return texts


def _linked(service: ImportedService, named: NamedSlo, url: str) -> str:
    return (
        f"# {service.name}: {named.name}\n\n"
        f"Imported from {printable(named.slo.path)}, which links this runbook:\n\n<{url}>\n\n"
        "Copy what is needed at night into this file: symptom, diagnosis, actions, verification,"
        " escalation.\n"
    )


_GENERIC = """# An imported SLO without a runbook

The specification of this SLO linked no runbook, and nobody has written one yet.

1. Open the dashboard that the alert links: which window burns, and since when?
2. Look at what changed just before: deployments, settings, dependencies.
3. Write down what helped as a runbook of its own in this folder, and name it under `runbook:`
   of the SLO.
"""
