"""Parts that the specifications have in common: objectives, labels, annotations, burn windows."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from generator.catalog.extras import OWN_ANNOTATIONS, OWN_LABELS, is_template
from generator.catalog.template import unknown_names
from generator.importing.indicator import NotAnIndicatorError
from generator.importing.model import ImportedSlo, ImportedWindows, Off, Remark, Remarked, Written
from generator.importing.spec import Spec
from generator.slo.burn import WORKBOOK_BURN_WINDOWS
from generator.slo.percent import format_number, format_percent
from guardia.document import Pointer
from guardia.duration import format_duration
from guardia.matcher import RegularExpressionError
from guardia.severity import Severity

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
_URL = re.compile(r"https?://[^\s{}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedObject:
    """What one object of a specification gives; `slo_count` counts the refused SLOs too."""

    slos: tuple[ImportedSlo, ...]
    slo_count: int
    windows: ImportedWindows | None
    remarks: tuple[Remark, ...]


def finish(
    spec: Spec,
    slos: tuple[ImportedSlo, ...],
    count: int,
    explain: Callable[[tuple[str, ...]], str | None],
) -> ImportedObject:
    """Return what was read, with a remark on all that was not; nothing is lost where all fails."""
    if slos:
        spec.remark_unread(explain)
    return ImportedObject(
        slos=slos,
        slo_count=count,
        windows=None,
        remarks=tuple(sorted(set(spec.remarks))) if slos else (),
    )


def read_objective(spec: Spec, *keys: str | int) -> tuple[str, Fraction] | None:
    """Return the objective as written with a percent sign, and as a share; or note what is wrong.

    Both kinds of specification count it in percent, without the sign.
    """
    written = spec.needed_text(*keys, meaning="an objective has no default")
    if written is None:
        return None
    if not _NUMBER.fullmatch(written.text):
        spec.problem(
            "wrong-type",
            keys,
            f"`{keys[-1]}` is not a number of percent: {written.text[:40]}",
            label="must be a number such as 99.9",
            why="it is the share of good events, in percent",
            fix="write digits with a decimal point",
        )
        return None
    share = Fraction(written.text) / 100
    if not 0 < share < 1:
        spec.problem(
            "objective-range",
            keys,
            f"objective {written.text}% leaves no error budget"
            if share >= 1
            else f"objective {written.text}% promises nothing",
            label="must be above 0 and below 100",
            why="without a budget, burn rates divide by zero",
            fix="choose one between, such as 99.9",
        )
        return None
    if share < Fraction(1, 100):
        spec.remark(
            Remarked.OPEN,
            f"objective {written.text}%: taken as written; is {format_percent(share * 100)} meant?",
            *keys,
        )
    return f"{written.text}%", share


def pairs_without_meaning(objective: Fraction, window: timedelta | None) -> tuple[Off, ...]:
    """Return the workbook's burn windows that an SLO cannot have, with the reason for each."""
    budget = 1 - objective
    found = []
    for pair in WORKBOOK_BURN_WINDOWS:
        rate = format_number(pair.burn_rate)
        if window is not None and pair.long > window:
            reason = f"its {format_duration(pair.long)} are longer than the SLO's window"
        elif pair.burn_rate * budget >= 1:
            reason = (
                f"it could never fire: {rate} times a budget of {format_percent(budget)}"
                " is more than all events"
            )
        else:
            continue
        found.append(Off(severity=pair.severity, reason=reason))
    return tuple(found)


def switched_off(severities: Iterable[Severity]) -> tuple[Off, ...]:
    """Return the burn windows that the specification itself does without."""
    return tuple(Off(severity=severity, reason=None) for severity in severities)


def join_off(declared: tuple[Off, ...], without_meaning: tuple[Off, ...]) -> tuple[Off, ...]:
    """Return both, each severity once and the worst first."""
    by_severity = {off.severity: off for off in (*without_meaning, *declared)}
    return tuple(by_severity[severity] for severity in Severity if severity in by_severity)


def remark_off(spec: Spec, found: tuple[Off, ...], *keys: str | int) -> None:
    """Remark on the burn windows that are off for a reason of the catalog's."""
    for off in found:
        if off.reason is not None:
            spec.remark(Remarked.CHANGED, f"no {off.severity} alert: {off.reason}", *keys)


def carry_labels(
    spec: Spec,
    keys: Pointer,
    *,
    prefix: str = "",
    kept: Collection[str] = (),
    place_labels: Collection[str] = (),
    elsewhere: Collection[str] = (),
) -> dict[str, str]:
    """Return the labels at `keys` that alerts can carry, and remark on the others.

    Only those whose name begins with `prefix` are looked at; it is taken off.
    `kept` are the labels of the series themselves, `place_labels` those that tell
    the catalog's environments and regions apart; those in `elsewhere` became
    something else than a label.
    """
    labels = {}
    for key in spec.mapping(*keys):
        if not key.startswith(prefix) or key.removeprefix(prefix) in elsewhere:
            continue
        name, text = key.removeprefix(prefix), _filled_text(spec, f"label {key}", *keys, key)
        if text is None:
            continue
        reason = _label_reason(name, text, kept=kept, place_labels=place_labels)
        if reason is None:
            labels[name] = text
        else:
            spec.remark(Remarked.LOST, f"label {name}: {reason}", *keys, key)
    return labels


def _filled_text(spec: Spec, what: str, *keys: str | int) -> str | None:
    """Return the text of a label or annotation, or remark that it is empty: that is none."""
    text = spec.text(*keys)
    if text is None and spec.value(*keys) in (None, ""):
        spec.remark(Remarked.LOST, f"{what}: it is empty, which is as good as none", *keys)
    return text


def _label_reason(
    name: str, text: str, *, kept: Collection[str], place_labels: Collection[str]
) -> str | None:
    if name in place_labels:
        return f"the catalog tells its environments or regions apart by this label: {text}"
    if name in OWN_LABELS or name.startswith("__"):
        return "the rules set this label themselves"
    if name in kept:
        return "the series carry this label themselves"
    if not is_label_name(name):
        return "no name that a label can have"
    if "{{" in text:
        return f"a template in a label: {text}"
    return None


def carry_annotations(
    spec: Spec, keys: Pointer, *, prefix: str = ""
) -> tuple[dict[str, str], str | None]:
    """Return the annotations at `keys` that alerts can carry, and the address of a runbook.

    Only those whose name begins with `prefix` are looked at; it is taken off.
    The others are remarked on.
    """
    annotations, runbook_url = {}, None
    for key in spec.mapping(*keys):
        if not key.startswith(prefix):
            continue
        name, text = key.removeprefix(prefix), _filled_text(spec, f"annotation {key}", *keys, key)
        if text is None:
            continue
        if name in ("runbook", "runbook_url") and _URL.fullmatch(text):
            runbook_url = text
            continue
        reason = _annotation_reason(name, text)
        if reason is None:
            annotations[name] = text
        else:
            spec.remark(Remarked.LOST, f"annotation {name}: {reason}", *keys, key)
    return annotations, runbook_url


def _annotation_reason(name: str, text: str) -> str | None:
    if name in OWN_ANNOTATIONS:
        return f"the rules write this annotation themselves: {text}"
    if not _NAME.fullmatch(name):
        return f"no name that an annotation can have: {text}"
    if not is_template(text):
        return f"its braces do not pair: {text}"
    if unknown := next(unknown_names(text), None):
        return f"templates know no {unknown.name}: {text}"
    return None


def is_label_name(text: str) -> bool:
    """Say whether a label can have this name in every Prometheus."""
    return _NAME.fullmatch(text) is not None


def first_text(spec: Spec, places: Iterable[Pointer]) -> Written | None:
    """Return the first text of several places, with where it stands."""
    for keys in places:
        text = spec.text(*keys) if spec.value(*keys) is not None else None
        if text is not None:
            return Written(text=text, span=spec.span(*keys))
    return None


def indicator_problem(spec: Spec, keys: Pointer, error: ValueError) -> None:
    """Note why no SLI could be made of the query or selector at `keys`."""
    match error:
        case RegularExpressionError():
            spec.problem(
                "selector-expression",
                keys,
                f"`{keys[-1]}` cannot be tried out: {error}",
                label="its regular expression is read in two ways",
                why="the generated tests need values that it matches, and values that it does not",
                fix="use classes such as [0-9] or [a-z], groups, | and repetitions only",
            )
        case NotAnIndicatorError():
            spec.problem(
                "sli-not-importable",
                keys,
                f"no SLI of the catalog says what this does: {error}",
                label="cannot be carried over",
                why="the rules and their tests are made from the SLI, and must mean the same",
                fix="write the SLO by hand: `ratio` or `raw` with $window, and `examples`",
            )
        case _:
            spec.problem(
                "promql-selector",
                keys,
                f"`{keys[-1]}` holds no selector that the catalog takes: {error}",
                label="must be a metric name with matchers",
                why="the range, the sum and the environment are added by the generator",
                fix="change the query, or write the SLO by hand with PromQL over $window",
            )
