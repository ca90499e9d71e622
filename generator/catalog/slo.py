"""The SLOs of a service file: objective, window, SLI, and what their burn windows mean."""

import re
from collections.abc import Collection
from datetime import timedelta
from fractions import Fraction

from generator.catalog.model import Organisation, RatioSli, Slo
from generator.catalog.organisation import SloDefaults, beyond_retention
from generator.catalog.selector import check_runbook, read_selector
from generator.promql.check import Selector
from generator.promql.example import counterexample_labels, example_labels
from generator.slo.burn import BurnWindow, error_budget
from generator.slo.percent import format_number, format_percent, parse_percent
from guardia.document import Pointer
from guardia.duration import format_duration, spoken_duration
from guardia.matcher import Matcher
from guardia.reading import Reading


def read_slos(
    reading: Reading, organisation: Organisation, defaults: SloDefaults, runbooks: Collection[str]
) -> tuple[Slo, ...] | None:
    """Return the SLOs of one service, or None when one of them cannot be read."""
    seen: dict[str, str] = {}
    slos = []
    for index in range(reading.count(("slos",))):
        reading.duplicate(("slos", index, "name"), "SLO", seen)
        slos.append(_read_slo(reading, ("slos", index), organisation, defaults, runbooks))
    found = tuple(slo for slo in slos if slo is not None)
    return found if len(found) == len(slos) else None


def _read_slo(
    reading: Reading,
    at: Pointer,
    organisation: Organisation,
    defaults: SloDefaults,
    runbooks: Collection[str],
) -> Slo | None:
    check_runbook(reading, (*at, "runbook"), runbooks)
    window = _read_window(reading, at, organisation, defaults)
    objective = _read_objective(reading, (*at, "objective"), window)
    sli = _read_ratio(reading, (*at, "sli", "ratio"), organisation.environment_label)
    if window is None or objective is None or sli is None:
        return None
    for pair in defaults.burn_windows:
        _check_burn_window(reading, at, pair, window, objective)
    return Slo(
        name=reading.value((*at, "name")),
        description=reading.value((*at, "description")),
        objective=objective,
        window=window,
        sli=sli,
        burn_windows=defaults.burn_windows,
        no_traffic_for=defaults.no_traffic_for,
        runbook=reading.value((*at, "runbook")),
    )


def _read_window(
    reading: Reading, at: Pointer, organisation: Organisation, defaults: SloDefaults
) -> timedelta | None:
    if reading.value((*at, "window")) is None:
        return defaults.window
    window = reading.duration((*at, "window"))
    if window is not None and window > organisation.retention:
        beyond_retention(reading, (*at, "window"), organisation.retention)
        return None
    return window


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


def _check_burn_window(
    reading: Reading, at: Pointer, pair: BurnWindow, window: timedelta, objective: Fraction
) -> None:
    where = (*at, "window") if reading.value((*at, "window")) else (*at, "name")
    severity = pair.severity.value
    if pair.long > window:
        reading.problem(
            "burn-window-too-long",
            where,
            f"the {severity} burn window {format_duration(pair.long)} is longer than the SLO's",
            label=f"must be at least {format_duration(pair.long)}",
            why="a share of the budget cannot be spent over more than the whole window",
            fix="use a longer SLO window, or shorter burn windows in catalog.yaml",
        )
        return
    rate, ratio = pair.burn_rate(window), pair.error_ratio(window, objective)
    if rate < 1:
        reading.problem(
            "burn-inside-budget",
            where,
            f"the {severity} pair alerts at a burn rate of {format_number(rate)}",
            label="it would alert while the budget still holds",
            why="below a burn rate of 1 the objective is met at the end of the window",
            fix="use a longer SLO window; or in catalog.yaml raise"
            f" `burn_windows.{severity}.budget` or shorten its windows",
        )
    if ratio >= 1:
        reading.problem(
            "burn-never-fires",
            (*at, "objective"),
            f"the {severity} alert could never fire: it waits for {format_percent(ratio)} errors",
            label=f"burn rate {format_number(rate)} × budget "
            f"{format_percent(error_budget(objective))}",
            why="no more than 100% of the events can fail",
            fix="raise the objective, or lower the pair's share of the budget in catalog.yaml",
        )


def _read_ratio(reading: Reading, at: Pointer, environment_label: str) -> RatioSli | None:
    bad = read_selector(reading, (*at, "bad"), environment_label)
    total = read_selector(reading, (*at, "total"), environment_label)
    if bad is None or total is None:
        return None
    wrong = _not_a_part(bad, total)
    if wrong is not None:
        reading.problem(
            "bad-not-in-total",
            (*at, "bad"),
            wrong,
            label="must be a part of `total`",
            why="the ratio is bad events of all events, so each bad one must be in the total",
            fix='give `bad` the matchers of `total` and one more, such as code=~"5.."',
        )
        return None
    return RatioSli(bad=bad, total=total)


def _not_a_part(bad: Selector, total: Selector) -> str | None:
    """Return why not every bad event is in the total, or no good one; None when all is well.

    Two different metrics are not compared: nothing in them says which events they share.
    """
    if bad.metric != total.metric:
        return None
    if example_labels((*total.matchers, *bad.matchers)) is None:
        return "no series can be both bad and in the total"
    wider = [matcher for matcher in total.matchers if not _implied(matcher, bad)]
    if wider:
        return f"`bad` also counts events that are not in the total: it lacks {wider[0]}"
    if counterexample_labels(total.matchers, bad.matchers) is None:
        return "every event of the total would be bad"
    return None


def _implied(matcher: Matcher, bad: Selector) -> bool:
    """Say whether every series of `bad` meets the matcher."""
    return matcher in bad.matchers or any(
        own.operator == "=" and own.name == matcher.name and matcher.matches({own.name: own.value})
        for own in bad.matchers
    )
