"""Pyrra's ServiceLevelObjective resources.

Source: Pyrra, package kubernetes/api/v1alpha1 and the rules of package slo: a label or
annotation whose name begins with `pyrra.dev/` is written, without that, on every rule.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from generator.importing.indicator import Indicator, selector_indicator, uptime_indicator
from generator.importing.model import ImportedSlo, Off, Remarked, Written
from generator.importing.parts import (
    ImportedObject,
    carry_annotations,
    carry_labels,
    finish,
    first_text,
    indicator_problem,
    is_label_name,
    join_off,
    pairs_without_meaning,
    read_objective,
    remark_off,
    switched_off,
)
from generator.importing.spec import Spec
from generator.promql.check import Selector, parse_selector
from generator.promql.ratio_form import Part
from guardia.document import Document, Pointer
from guardia.duration import parse_duration
from guardia.problem import Problem
from guardia.severity import Severity

_PREFIX = "pyrra.dev/"
_LABELS: Pointer = ("metadata", "labels")
_ANNOTATIONS: Pointer = ("metadata", "annotations")
_ALERTING: Pointer = ("spec", "alerting")
_INDICATOR: Pointer = ("spec", "indicator")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What Pyrra declares apart from the indicator."""

    name: Written
    objective: str
    window: str
    off: tuple[Off, ...]


def read_objective_resource(
    document: Document,
    at: Pointer,
    problems: list[Problem],
    *,
    service: str | None,
    place_labels: Collection[str] = (),
) -> ImportedObject:
    """Return the SLO of a ServiceLevelObjective.

    Pyrra knows no services. The SLO's service is `service`, else the label
    `pyrra.dev/service`, else the one `job` that its selectors name, else the
    SLO's own name. `place_labels` tell the catalog's environments and regions
    apart: no SLO can set them.
    """
    spec = Spec(document, at, problems)
    for key in ("apiVersion", "kind", "status"):
        spec.read(key)
    before = spec.problem_count
    facts = _read_facts(spec)
    indicator = _read_indicator(spec)
    if facts is None or indicator is None or spec.problem_count > before:
        return ImportedObject(slos=(), slo_count=1, windows=None, remarks=())
    annotations, runbook_url = carry_annotations(spec, _ANNOTATIONS, prefix=_PREFIX)
    slo = ImportedSlo(
        path=spec.path,
        service=_service(spec, indicator, facts.name, service),
        name=facts.name,
        place=spec.span(*_INDICATOR),
        identity=f"{spec.value('metadata', 'namespace') or ''}/{facts.name.text}",
        description=spec.text("spec", "description"),
        objective=facts.objective,
        window=facts.window,
        by=indicator.by,
        sli=indicator.sli,
        examples=indicator.examples,
        selectors=indicator.selectors,
        off=facts.off,
        team=first_text(spec, [(*_LABELS, f"{_PREFIX}team")]),
        runbook_url=runbook_url,
        labels=carry_labels(
            spec,
            _LABELS,
            prefix=_PREFIX,
            kept=indicator.by,
            place_labels=place_labels,
            elsewhere=("team", "service"),
        ),
        annotations=annotations,
    )
    return finish(spec, (slo,), 1, _explain)


def _read_facts(spec: Spec) -> _Facts | None:
    name = spec.needed_text("metadata", "name", meaning="the name of the SLO")
    objective = read_objective(spec, "spec", "target")
    window = _read_window(spec)
    off = _read_alerting(spec)
    if name is None or objective is None or window is None:
        return None
    needless = pairs_without_meaning(objective[1], window[1])
    remark_off(spec, needless, "spec", "target")
    return _Facts(name=name, objective=objective[0], window=window[0], off=join_off(off, needless))


def _read_window(spec: Spec) -> tuple[str, timedelta] | None:
    written = spec.needed_text("spec", "window", meaning="an objective holds over a window")
    if written is None:
        return None
    try:
        return written.text, parse_duration(written.text)
    except ValueError as error:
        spec.problem(
            "duration-invalid",
            ("spec", "window"),
            f"`window`: {error}",
            label="not a length of time",
            why="lengths are written as Prometheus writes them: 2w, 28d",
            fix="write a number and its unit, the larger unit first",
        )
        return None


def _read_alerting(spec: Spec) -> tuple[Off, ...]:
    """Return the burn windows that are off, and remark on what Pyrra can set and we cannot."""
    disabled = spec.flag(*_ALERTING, "disabled")
    burn_rates = spec.flag(*_ALERTING, "burnrates")
    absent = spec.flag(*_ALERTING, "absent")
    if absent is False or disabled:
        spec.remark(
            Remarked.LOST,
            "no alert for an absent metric: here NoTraffic tells of it, with low severity,"
            " and cannot be switched off",
            *_ALERTING,
            "absent" if absent is False else "disabled",
        )
    return switched_off(Severity if disabled or burn_rates is False else ())


def _read_indicator(spec: Spec) -> Indicator | None:
    readers: dict[str, Callable[[Spec], Indicator | None]] = {
        "ratio": _read_ratio,
        "latency": _read_latency,
        "latencyNative": _read_native,
        "bool_gauge": _read_gauge,
    }
    kinds = [kind for kind in readers if spec.value(*_INDICATOR, kind) is not None]
    if len(kinds) == 1:
        return readers[kinds[0]](spec)
    spec.problem(
        "wrong-value",
        _INDICATOR if spec.value(*_INDICATOR) is not None else ("spec",),
        f"`indicator` has {len(kinds)} kinds",
        label=f"must have exactly one of {', '.join(readers)}",
        why="only one of them could say what good and bad mean",
        fix="keep the one that is meant",
    )
    return None


def _read_ratio(spec: Spec) -> Indicator | None:
    at: Pointer = (*_INDICATOR, "ratio")
    if spec.value(*at, "total") is None and spec.value(*at, "success") is not None:
        spec.problem(
            "sli-not-importable",
            (*at, "success"),
            "the total is the sum of two metrics, errors and success",
            label="needs a `total` of its own",
            why="a ratio of the catalog divides by the counters of one selector",
            fix="write the SLO by hand: `bad` and `total` as PromQL over $window",
        )
        return None
    if spec.value(*at, "errors") is None and spec.value(*at, "success") is not None:
        return _read_selectors(spec, at, "good", "success")
    return _read_selectors(spec, at, "bad", "errors")


def _read_latency(spec: Spec) -> Indicator | None:
    return _read_selectors(spec, (*_INDICATOR, "latency"), "good", "success")


def _read_selectors(spec: Spec, at: Pointer, part: Part, key: str) -> Indicator | None:
    within = at[:-1]
    counted = spec.needed_text(
        *at, key, "metric", meaning="it says which events count", within=within
    )
    total = spec.needed_text(
        *at, "total", "metric", meaning="it says which events there are", within=within
    )
    by = _read_grouping(spec, at)
    if counted is None or total is None:
        return None
    selectors = [
        _read_selector(spec, (*at, name, "metric"), written)
        for name, written in ((key, counted), ("total", total))
    ]
    if selectors[0] is None or selectors[1] is None:
        return None
    return selector_indicator(part, selectors[0], selectors[1], by)


def _read_selector(spec: Spec, at: Pointer, written: Written) -> Selector | None:
    try:
        return parse_selector(written.text)
    except ValueError as error:
        indicator_problem(spec, at, error)
        return None


def _read_native(spec: Spec) -> None:
    spec.problem(
        "sli-not-importable",
        (*_INDICATOR, "latencyNative"),
        "the SLI is a share of a native histogram",
        label="no SLI of the catalog reads native histograms",
        why="`latency` counts a bucket of a classic histogram, which a native one does not have",
        fix="use the classic buckets where the service still exposes them",
    )


def _read_gauge(spec: Spec) -> Indicator | None:
    at: Pointer = (*_INDICATOR, "bool_gauge")
    gauge = spec.needed_text(*at, "metric", meaning="it is 1 while all is well", within=_INDICATOR)
    by = _read_grouping(spec, at)
    if gauge is None:
        return None
    selector = _read_selector(spec, (*at, "metric"), gauge)
    return None if selector is None else uptime_indicator(selector, by)


def _read_grouping(spec: Spec, at: Pointer) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(spec.texts(*at, "grouping")))
    for name in names:
        if not is_label_name(name):
            spec.problem(
                "wrong-value",
                (*at, "grouping"),
                f"`grouping` cannot have {name[:40]}",
                label="must be names of labels",
                why="there is one budget for each value of these labels",
                fix="write label names such as handler",
            )
    return names


def _service(spec: Spec, indicator: Indicator, name: Written, service: str | None) -> Written:
    label = first_text(spec, [(*_LABELS, f"{_PREFIX}service")])
    if service is not None:
        return Written(text=service, span=name.span)
    if label is not None:
        return label  # Pyrra writes it as the label `service` of all alerts
    jobs = {
        matcher.value
        for selector in indicator.selectors
        for matcher in selector.matchers
        if matcher.name == "job" and matcher.operator == "="
    }
    found = jobs.pop() if len(jobs) == 1 else name.text
    spec.remark(
        Remarked.OPEN,
        f"service {found}: Pyrra knows no services, so it is named by the"
        f" {'job of the metrics' if found != name.text else 'SLO'}; --service names another",
        "metadata",
        "name",
    )
    return Written(text=found, span=name.span)


def _explain(keys: tuple[str, ...]) -> str | None:
    """Return why a value that nobody read has no place in the catalog."""
    if keys[:1] == ("metadata",):
        return "of the Kubernetes resource only; Pyrra does not write it on rules either"
    if keys == (*_ALERTING, "name"):
        return "alerts of SLOs are named ErrorBudgetBurn, and told apart by `service` and `slo`"
    if keys == (*_ALERTING, "absentName"):
        return "the alert for an absent metric is named NoTraffic"
    if keys[-1] == "partial_response_strategy":
        return "of Thanos Ruler only"
    return None
