"""The SLOs of a service file: objectives, windows, and what their alerts are made of."""

import re
from datetime import timedelta
from fractions import Fraction

from generator.catalog.burn_window import (
    DeclaredBurnWindows,
    check_order,
    read_burn_windows,
    resolve_burn_windows,
)
from generator.catalog.context import ServiceContext
from generator.catalog.extras import read_extras
from generator.catalog.model import ExpressionSli, FreshnessSli, Organisation, RawSli, Sli, Slo
from generator.catalog.organisation import LONGEST_WAIT, read_windows
from generator.catalog.preset import was_written_out
from generator.catalog.selector import check_runbook
from generator.catalog.sli import read_sli
from generator.slo.burn import WORKBOOK_BURN_WINDOWS, BurnWindow, error_budget
from generator.slo.percent import format_number, format_percent, parse_percent
from guardia.document import Pointer
from guardia.duration import format_duration, spoken_duration
from guardia.reading import Reading


def read_slos(reading: Reading, context: ServiceContext) -> tuple[Slo, ...] | None:
    """Return the SLOs of one service, or None when one of them cannot be read."""
    seen: dict[str, str] = {}
    slos: list[Slo | None] = []
    for index in range(reading.count(("slos",))):
        reading.duplicate(("slos", index, "name"), "SLO", seen)
        if not was_written_out(reading, ("slos", index)):
            slos.append(None)
            continue
        slos.append(_read_slo(reading, ("slos", index), context))
    found = tuple(slo for slo in slos if slo is not None)
    return found if len(found) == len(slos) else None


def _read_slo(reading: Reading, at: Pointer, context: ServiceContext) -> Slo | None:
    organisation, defaults = context.organisation, context.defaults
    check_runbook(reading, (*at, "runbook"), context.runbooks)
    by = _read_by(reading, at, organisation)
    extras = read_extras(reading, at, context.extras, kept=(*organisation.place_labels, *by))
    windows = read_windows(reading, (*at, "window"), organisation.retention)
    if reading.value((*at, "window")) is None:
        windows = defaults.windows
    objective = _read_objective(reading, (*at, "objective"), windows[0] if windows else None)
    sli = read_sli(reading, at, organisation)
    _check_examples(reading, at, sli)
    declared = read_burn_windows(
        reading,
        (*at, "burn_windows"),
        defaults.burn_windows,
        scrape=organisation.scrape_interval,
    )
    no_traffic_for = defaults.no_traffic_for
    if reading.value((*at, "no_traffic_for")) is not None:
        found = reading.duration((*at, "no_traffic_for"), longest=LONGEST_WAIT)
        no_traffic_for = found or no_traffic_for
    if by and isinstance(sli, FreshnessSli):
        _no_age_by_value(reading, (*at, "by"))
    known_by_window = by or reading.value(("targets",)) is None
    if windows and known_by_window and no_traffic_for >= windows[0]:
        _waits_too_long(reading, at, windows[0])
    if windows is None or objective is None or sli is None:
        return None
    pairs = resolve_burn_windows(reading, at, declared, window=windows[0], objective=objective)
    if reading.value((*at, "burn_windows")) is not None:
        check_order(reading, (*at, "burn_windows"), pairs)
    return Slo(
        name=reading.value((*at, "name")),
        description=reading.value((*at, "description")),
        team=reading.value((*at, "team"), context.team),
        objective=objective,
        windows=windows,
        sli=sli,
        by=by,
        rate_windows=_rate_windows(pairs, defaults.burn_windows),
        burn_windows=pairs,
        no_traffic_for=no_traffic_for,
        runbook=reading.value((*at, "runbook")),
        extras=extras,
    )


def _rate_windows(
    pairs: tuple[BurnWindow, ...], defaults: DeclaredBurnWindows
) -> tuple[timedelta, timedelta]:
    """Return the windows counted from raw series: critical's.

    The worst pair must not be late: from stored 5m rates its long window would
    page 2 to 2.5 minutes later. An SLO without it records as the others do.
    """
    usual = next(iter(defaults.values()), WORKBOOK_BURN_WINDOWS[0])
    if not pairs or (pairs[0].severity is not usual.severity and usual.short <= pairs[0].short):
        return usual.short, usual.long
    return pairs[0].short, pairs[0].long


def _read_by(reading: Reading, at: Pointer, organisation: Organisation) -> tuple[str, ...]:
    by = tuple(reading.value((*at, "by"), ()))
    taken = (*organisation.place_labels, "service", "slo", "severity", "team", "alertname", "le")
    for index, label in enumerate(by):
        if label not in taken and not label.startswith("__"):
            continue
        kept = label in organisation.series_labels
        reading.problem(
            "label-reserved",
            (*at, "by", index),
            f"`by` cannot take the label `{label}`",
            label="is kept anyway" if kept else "already has a meaning",
            why="each of its values has a budget of its own already"
            if kept
            else "the rules set it themselves, so all values would look like one",
            fix="remove it",
        )
    return by


def _no_age_by_value(reading: Reading, at: Pointer) -> None:
    reading.problem(
        "sli-invalid",
        at,
        "freshness has no `by`",
        label="a value that vanishes has no age",
        why="what is absent counts as too old, and nobody knows which values should be there",
        fix="write one SLO for each, with a matcher for its value",
        of_key=True,
    )


def _waits_too_long(reading: Reading, at: Pointer, window: timedelta) -> None:
    is_own = reading.value((*at, "no_traffic_for")) is not None
    reading.problem(
        "duration-invalid",
        (*at, "no_traffic_for") if is_own else (*at, "name"),
        f"`no_traffic_for` is not below the window of {format_duration(window)}",
        label=f"must be below {format_duration(window)}",
        why="what is gone is known by the events that the window still holds",
        fix="give this SLO `no_traffic_for: 15m`",
    )


def _check_examples(reading: Reading, at: Pointer, sli: Sli | None) -> None:
    """Examples that nothing reads would only look like a proof."""
    if sli is None or isinstance(sli, ExpressionSli | RawSli):
        return
    if reading.value((*at, "examples")) is not None:
        reading.problem(
            "unknown-key",
            (*at, "examples"),
            "`examples` is not needed here",
            label="nothing reads it",
            why="the series of this kind of SLI are known from its selectors",
            fix="remove it",
            of_key=True,
        )


def _read_objective(reading: Reading, at: Pointer, window: timedelta | None) -> Fraction | None:
    written = reading.value(at)
    try:
        objective = parse_percent(written) if isinstance(written, str) else None
    except ValueError:
        objective = None
    if objective is None:
        guess = _percent_meant(written)
        reading.problem(
            "objective-ambiguous",
            at,
            f"objective {written} can be taken in two ways"
            if guess
            else f"objective {written} is not a percentage",
            label=f"did you mean {guess}?" if guess else "must be a percentage",
            why="99.9 may be read as percent or as a share, and 0.999 as either too",
            fix=f"write `objective: {guess or '99.9%'}`",
        )
        return None
    try:
        error_budget(objective)
    except ValueError:
        bound = "below 100%" if objective >= 1 else "above 0%"
        allowed = (window or timedelta(days=30)) * 0.0005
        reading.problem(
            "objective-range",
            at,
            f"objective {written} leaves no error budget"
            if objective >= 1
            else f"objective {written} promises nothing",
            label=f"must be {bound}",
            why="without a budget, burn rates divide by zero",
            fix=f"choose one between; 99.95% allows {spoken_duration(allowed)} in "
            f"{format_duration(window or timedelta(days=30))}",
        )
        return None
    return objective


def _percent_meant(written: object) -> str | None:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,12})?", str(written).strip(), re.ASCII):
        return None
    number = Fraction(str(written).strip())
    if 0 < number < 1:
        return format_percent(number)
    return f"{format_number(number)}%" if 1 < number < 100 else None
