"""Sloth's files of alert windows to a piece of catalog.yaml.

Source: Sloth v0.16.0, package pkg/prometheus/alertwindows/v1. Its four windows are the
four severities of the catalog: a quick and a slow page, a quick and a slow ticket.
"""

import re
from datetime import timedelta
from fractions import Fraction

from generator.importing.model import ImportedWindows, Remarked
from generator.importing.parts import ImportedObject
from generator.importing.spec import Spec
from generator.slo.burn import burn_rate_threshold
from generator.slo.percent import format_number
from guardia.document import Document, Pointer
from guardia.duration import parse_duration
from guardia.problem import Problem
from guardia.severity import Severity

_PLACES: dict[Severity, Pointer] = {
    Severity.CRITICAL: ("spec", "page", "quick"),
    Severity.HIGH: ("spec", "page", "slow"),
    Severity.MEDIUM: ("spec", "ticket", "quick"),
    Severity.LOW: ("spec", "ticket", "slow"),
}
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?", re.ASCII)


def read_windows(document: Document, at: Pointer, problems: list[Problem]) -> ImportedObject:
    """Return the burn windows of an AlertWindows file, to be merged into catalog.yaml."""
    spec = Spec(document, at, problems)
    for key in ("apiVersion", "kind", "metadata"):
        spec.read(key)
    period = _length(spec, ("spec", "sloPeriod"))
    pairs = {severity: _read_pair(spec, keys, period) for severity, keys in _PLACES.items()}
    lines = [line for line in pairs.values() if line is not None]
    if period is None or len(lines) < len(pairs):
        return ImportedObject(slos=(), slo_count=0, windows=None, remarks=())
    spec.remark_unread(lambda _: None)
    text = "".join(
        [
            "slo_defaults:\n",
            f"  window: {period[0]}\n",
            "  burn_windows:\n",
            *(f"    {severity}: {line}\n" for severity, line in pairs.items()),
        ]
    )
    return ImportedObject(
        slos=(),
        slo_count=0,
        windows=ImportedWindows(path=spec.path, text=text),
        remarks=tuple(spec.remarks),
    )


def _read_pair(spec: Spec, keys: Pointer, period: tuple[str, timedelta] | None) -> str | None:
    short, long = _length(spec, (*keys, "shortWindow")), _length(spec, (*keys, "longWindow"))
    budget = _budget(spec, (*keys, "errorBudgetPercent"))
    if short is None or long is None or budget is None or period is None:
        return None
    try:
        rate = burn_rate_threshold(Fraction(budget) / 100, long[1], period[1])
    except ValueError as error:
        spec.problem(
            "wrong-value",
            (*keys, "longWindow"),
            f"this window makes no sense: {error}",
            label="does not fit the period",
            why="a share of the budget is spent within a part of the SLO's period",
            fix="make the window shorter than `sloPeriod`",
        )
        return None
    speed = f"budget: {budget}%"
    if rate < 1:
        spec.remark(
            Remarked.CHANGED,
            f"{budget}% in {long[0]} is a burn rate of {format_number(rate)}: below 1 it would"
            " alert inside the budget, which the catalog refuses; 1 is written",
            *keys,
            "errorBudgetPercent",
        )
        speed = "burn_rate: 1"
    return f"{{{speed}, long: {long[0]}, short: {short[0]}}}"


def _length(spec: Spec, keys: Pointer) -> tuple[str, timedelta] | None:
    written = spec.needed_text(*keys, meaning="a burn window needs its length")
    if written is None:
        return None
    try:
        return written.text, parse_duration(written.text)
    except ValueError as error:
        spec.problem(
            "duration-invalid",
            keys,
            f"`{keys[-1]}`: {error}",
            label="not a length of time",
            why="lengths are written as Prometheus writes them: 5m, 1h, 3d",
            fix="write a number and its unit, the larger unit first",
        )
        return None


def _budget(spec: Spec, keys: Pointer) -> str | None:
    written = spec.needed_text(*keys, meaning="a burn window needs its share of the budget")
    if written is None:
        return None
    if _PERCENT.fullmatch(written.text) and 0 < Fraction(written.text) <= 100:
        return written.text
    spec.problem(
        "budget-share-invalid",
        keys,
        f"a share of the error budget cannot be {written.text[:40]} percent",
        label="must be above 0 and up to 100",
        why="it says how much of the budget may go before this severity alerts",
        fix="write a number such as 2",
    )
    return None
