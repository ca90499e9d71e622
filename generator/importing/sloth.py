"""Sloth's specifications, plain and as Kubernetes resources, and its files of alert windows.

Source: Sloth v0.16.0, packages pkg/prometheus/api/v1, pkg/kubernetes/api/sloth/v1 and
pkg/prometheus/alertwindows/v1.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from generator.importing.indicator import Indicator, error_ratio_indicator, events_indicator
from generator.importing.model import ImportedSlo, Off, Remarked, Written
from generator.importing.parts import (
    ImportedObject,
    carry_annotations,
    carry_labels,
    finish,
    first_text,
    indicator_problem,
    join_off,
    pairs_without_meaning,
    read_objective,
    remark_off,
    switched_off,
)
from generator.importing.spec import Spec
from generator.promql.ratio_form import parse_with_window
from generator.promql.text import WINDOW
from guardia.document import Document, Pointer
from guardia.problem import Problem
from guardia.severity import Severity

_WINDOW = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")
_PAGE = (Severity.CRITICAL, Severity.HIGH)
_TICKET = (Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """How the two forms of a specification name the same things."""

    top: Pointer
    error_query: str
    total_query: str
    error_ratio_query: str
    page_alert: str
    ticket_alert: str


_PLAIN = _Keys(
    top=(),
    error_query="error_query",
    total_query="total_query",
    error_ratio_query="error_ratio_query",
    page_alert="page_alert",
    ticket_alert="ticket_alert",
)
_RESOURCE = _Keys(
    top=("spec",),
    error_query="errorQuery",
    total_query="totalQuery",
    error_ratio_query="errorRatioQuery",
    page_alert="pageAlert",
    ticket_alert="ticketAlert",
)


def read_plain(
    document: Document, at: Pointer, problems: list[Problem], *, place_labels: Collection[str] = ()
) -> ImportedObject:
    """Return the SLOs of a specification of `version: prometheus/v1`.

    `place_labels` tell the catalog's environments and regions apart: no SLO can set them.
    """
    spec = Spec(document, at, problems)
    spec.read("version")
    return _read(spec, _PLAIN, place_labels)


def read_resource(
    document: Document, at: Pointer, problems: list[Problem], *, place_labels: Collection[str] = ()
) -> ImportedObject:
    """Return the SLOs of a PrometheusServiceLevel of `apiVersion: sloth.slok.dev/v1`.

    `place_labels` are as for `read_plain`.
    """
    spec = Spec(document, at, problems)
    spec.read("apiVersion")
    spec.read("kind")
    spec.read("status")
    return _read(spec, _RESOURCE, place_labels)


def _read(spec: Spec, keys: _Keys, place_labels: Collection[str]) -> ImportedObject:
    service = spec.needed_text(*keys.top, "service", meaning="the name of the service")
    at: Pointer = (*keys.top, "slos")
    count = spec.count(*at)
    if not count:
        spec.needed_text(*at, meaning="without SLOs there is nothing to import")
    read = partial(_read_slo, spec, keys, service=service, place_labels=place_labels)
    found = [read((*at, index)) for index in range(count)]
    slos = tuple(slo for slo in found if slo is not None)
    if slos and spec.mapping(*keys.top, "labels"):
        spec.remark(
            Remarked.CHANGED,
            "labels: on alerts only; Sloth writes them on recorded series too",
            *keys.top,
            "labels",
        )
    return finish(spec, slos, count, _explain)


def _read_slo(
    spec: Spec,
    keys: _Keys,
    at: Pointer,
    *,
    service: Written | None,
    place_labels: Collection[str],
) -> ImportedSlo | None:
    problems_before, remarks_before = spec.problem_count, len(spec.remarks)
    alerting: Pointer = (*at, "alerting")
    name = spec.needed_text(*at, "name", meaning="the name of the SLO within its service")
    objective = read_objective(spec, *at, "objective")
    indicator = _read_indicator(spec, keys, (*at, "sli"))
    off = _read_off(spec, keys, alerting)
    _read_alert_name(spec, alerting, off)
    annotations, runbook_url = carry_annotations(spec, (*alerting, "annotations"))
    refused = spec.problem_count > problems_before
    if refused or name is None or objective is None or indicator is None or service is None:
        del spec.remarks[remarks_before:]
        spec.read(*at)
        return None
    written, share = objective
    needless = pairs_without_meaning(share, None)
    remark_off(spec, needless, *at, "objective")
    label_places = ((*alerting, "labels"), (*at, "labels"), (*keys.top, "labels"))
    carry = partial(
        carry_labels, spec, kept=indicator.by, place_labels=place_labels, elsewhere=("team",)
    )
    return ImportedSlo(
        path=spec.path,
        service=service,
        name=name,
        identity=name.text,
        place=spec.span(*at, "sli"),
        description=spec.text(*at, "description"),
        objective=written,
        window=None,
        by=indicator.by,
        sli=indicator.sli,
        examples=indicator.examples,
        selectors=indicator.selectors,
        off=join_off(off, needless),
        team=_read_team(spec, label_places),
        runbook_url=runbook_url,
        service_labels=carry((*keys.top, "labels")),
        labels={**carry((*at, "labels")), **carry((*alerting, "labels"))},
        annotations=annotations,
    )


def _read_team(spec: Spec, places: tuple[Pointer, ...]) -> Written | None:
    for label in ("team", "owner"):
        found = first_text(spec, ((*place, label) for place in places))
        if found is not None:
            return found
    return None


def _read_off(spec: Spec, keys: _Keys, alerting: Pointer) -> tuple[Off, ...]:
    off = [
        severity
        for key, severities in ((keys.page_alert, _PAGE), (keys.ticket_alert, _TICKET))
        for severity in severities
        if spec.flag(*alerting, key, "disable")
    ]
    return switched_off(off)


def _read_alert_name(spec: Spec, alerting: Pointer, off: tuple[Off, ...]) -> None:
    if len(off) == len(Severity) and spec.value(*alerting, "name") in (None, ""):
        return
    name = spec.needed_text(
        *alerting,
        "name",
        meaning="Sloth refuses an SLO whose alerts have no name",
        within=alerting[:-1],
    )
    if name is not None:
        spec.remark(
            Remarked.LOST,
            f"alert name {name.text}: alerts of SLOs are named ErrorBudgetBurn, and told apart by"
            " their labels `service` and `slo`",
            *alerting,
            "name",
        )


def _read_indicator(spec: Spec, keys: _Keys, at: Pointer) -> Indicator | None:
    kinds = [kind for kind in ("events", "raw", "plugin") if spec.value(*at, kind) is not None]
    if len(kinds) != 1:
        spec.problem(
            "wrong-value",
            at,
            f"`sli` has {len(kinds)} kinds of indicator",
            label="must have exactly one of events, raw, plugin",
            why="only one of them could say what good and bad mean",
            fix="keep the one that is meant",
        )
        return None
    if kinds == ["plugin"]:
        _refuse_plugin(spec, (*at, "plugin"))
        return None
    if kinds == ["raw"]:
        return _read_raw(spec, (*at, "raw", keys.error_ratio_query))
    return _read_events(spec, (*at, "events", keys.error_query), (*at, "events", keys.total_query))


def _refuse_plugin(spec: Spec, at: Pointer) -> None:
    spec.problem(
        "sli-not-importable",
        (*at, "id") if spec.value(*at, "id") else at,
        f"the SLI comes from Sloth's plugin {spec.value(*at, 'id')!s}",
        label="a program of Sloth's, which is not run here",
        why="what it counts is in its code, not in this file",
        fix="write the queries that the plugin gives as `events`, then import again",
    )


def _read_raw(spec: Spec, at: Pointer) -> Indicator | None:
    query = _read_query(spec, at)
    if query is None:
        return None
    try:
        found = error_ratio_indicator(query)
    except ValueError as error:
        indicator_problem(spec, at, error)
        return None
    _remark_change(spec, at, found)
    return found


def _read_events(spec: Spec, error_at: Pointer, total_at: Pointer) -> Indicator | None:
    bad, total = _read_query(spec, error_at), _read_query(spec, total_at)
    if bad is None or total is None:
        return None
    if bad == total:
        spec.problem(
            "wrong-value",
            error_at,
            "both queries are the same",
            label="every event would be bad",
            why="Sloth refuses this too",
            fix="let the error query count the bad events only",
        )
        return None
    try:
        found = events_indicator(bad, total)
    except ValueError as error:
        indicator_problem(spec, error_at, error)
        return None
    _remark_change(spec, error_at, found)
    return found


def _remark_change(spec: Spec, at: Pointer, found: Indicator) -> None:
    if found.changed is not None:
        spec.remark(Remarked.CHANGED, f"{at[-1]}: {found.changed}", *at)


def _read_query(spec: Spec, at: Pointer) -> str | None:
    """Return the PromQL with `$window` for Sloth's window, or note why it cannot be used."""
    written = spec.needed_text(*at, meaning="it says which events count")
    if written is None:
        return None
    query = _WINDOW.sub(lambda _: WINDOW, written.text)
    if query == written.text:
        spec.problem(
            "missing-window",
            at,
            f"`{at[-1]}` does not use the window",
            label="needs a range such as [{{.window}}]",
            why="the same thing is measured over each window; Sloth refuses this too",
            fix="write the range as [{{.window}}]",
        )
        return None
    try:
        parse_with_window(query)
    except ValueError as error:
        spec.problem(
            "promql-syntax",
            at,
            f"`{at[-1]}` is not PromQL: {error}",
            label="cannot be evaluated",
            why="Prometheus would refuse the whole rule file; functions of other databases"
            " do not exist there",
            fix="try the query in Prometheus with 5m for the window",
        )
        return None
    return query


def _explain(keys: tuple[str, ...]) -> str | None:
    """Return why a value that nobody read has no place in the catalog."""
    if "slo_plugins" in keys or "sloPlugins" in keys or "plugins" in keys:
        return "plugins change what Sloth writes, and are not run here"
    if {"page_alert", "ticket_alert", "pageAlert", "ticketAlert"} & set(keys):
        known = {"labels", "annotations"}
        if known & set(keys):
            return "the alerts of an SLO differ by their severity only; routes decide who is told"
        return None
    if keys[:1] == ("metadata",):
        return "a name or place in Kubernetes, which the catalog does not need"
    return None
