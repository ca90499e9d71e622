"""Burn windows as the catalog declares them, and what they mean for one SLO."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from generator.slo.burn import (
    WORKBOOK_BURN_WINDOWS,
    BurnWindow,
    burn_rate_threshold,
    error_budget,
)
from generator.slo.percent import format_number, format_percent, parse_percent
from guardia.document import Pointer
from guardia.duration import format_duration
from guardia.reading import Reading
from guardia.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredBurnWindow:
    """A pair before the SLO's window is known: `share` of the budget, or `burn_rate`."""

    severity: Severity
    share: Fraction | None
    burn_rate: Fraction | None
    long: timedelta
    short: timedelta
    bad_events: int
    keep_firing_for: timedelta | None

    def __hash__(self) -> int:
        # A fraction's hash takes long, and pairs are told apart by their windows.
        return hash((self.long, self.short, self.bad_events))

    def over(self, period: timedelta) -> BurnWindow:
        """Return the pair for an SLO over `period`.

        Raises ValueError for a share of a budget over more than the period.
        """
        if self.share is not None:
            rate = burn_rate_threshold(self.share, self.long, period)
        else:
            rate = self.burn_rate or Fraction(0)
        return BurnWindow(
            severity=self.severity,
            burn_rate=rate,
            long=self.long,
            short=self.short,
            bad_events=self.bad_events,
            keep_firing_for=self.keep_firing_for,
        )


DeclaredBurnWindows = Mapping[Severity, DeclaredBurnWindow]  # a severity that is off is missing

WORKBOOK: DeclaredBurnWindows = {
    pair.severity: DeclaredBurnWindow(
        severity=pair.severity,
        share=None,
        burn_rate=pair.burn_rate,
        long=pair.long,
        short=pair.short,
        bad_events=pair.bad_events,
        keep_firing_for=pair.keep_firing_for,
    )
    for pair in WORKBOOK_BURN_WINDOWS
}


def read_burn_windows(
    reading: Reading, at: Pointer, inherited: DeclaredBurnWindows, *, scrape: timedelta
) -> DeclaredBurnWindows:
    """Return the pairs declared at `at` over the inherited ones; a wrong one is noted."""
    if reading.value(at) is None:
        return inherited
    found: dict[Severity, DeclaredBurnWindow] = {}
    for severity in Severity:
        written = reading.value((*at, severity.value), {})
        # What is off above may be switched on again below, from the workbook's pair.
        start = inherited.get(severity) or (WORKBOOK[severity] if written else None)
        if written == "off" or start is None:
            continue
        pair = _read_pair(reading, (*at, severity.value), start)
        if pair is None:
            continue
        if written:
            _check_pair(reading, (*at, severity.value), pair, scrape)
        found[severity] = pair
    return found


def _read_pair(
    reading: Reading, at: Pointer, start: DeclaredBurnWindow
) -> DeclaredBurnWindow | None:
    written = reading.value(at, {})

    def length(key: str, inherited: timedelta | None) -> timedelta | None:
        return reading.duration((*at, key)) if key in written else inherited

    long, short = length("long", start.long), length("short", start.short)
    # Other windows are another pair: how long its alert is kept goes with them.
    kept = None if {"long", "short"} & set(written) else start.keep_firing_for
    keep_firing_for = length("keep_firing_for", kept)
    speed = _read_speed(reading, at, start)
    if long is None or short is None or speed is None:
        return None
    share, burn_rate = speed
    return replace(
        start,
        share=share,
        burn_rate=burn_rate,
        long=long,
        short=short,
        # JSON Schema takes 3.0 for a whole number.
        bad_events=int(written.get("bad_events", start.bad_events)),
        keep_firing_for=keep_firing_for,
    )


def _read_speed(
    reading: Reading, at: Pointer, start: DeclaredBurnWindow
) -> tuple[Fraction | None, Fraction | None] | None:
    """Return share of the budget and burn rate, one of which is None; None when it is wrong."""
    written = reading.value(at, {})
    if "budget" in written and "burn_rate" in written:
        reading.problem(
            "budget-share-invalid",
            (*at, "burn_rate"),
            "`budget` and `burn_rate` both say how fast the budget burns",
            label="`budget` says it already",
            why="they could differ, and a reader could not see which counts",
            fix="keep one of the two",
            of_key=True,
        )
        return None
    if "burn_rate" in written:
        rate = _read_rate(reading, (*at, "burn_rate"))
        return None if rate is None else (None, rate)
    if "budget" in written:
        share = _read_share(reading, (*at, "budget"))
        return None if share is None else (share, None)
    return start.share, start.burn_rate


def _read_share(reading: Reading, at: Pointer) -> Fraction | None:
    written = reading.value(at)
    try:
        share = parse_percent(written) if isinstance(written, str) else None
    except ValueError:
        share = None
    if share is not None and 0 < share <= 1:
        return share
    reading.problem(
        "budget-share-invalid",
        at,
        f"a share of the error budget cannot be {written}",
        label="must be a percentage above 0% and up to 100%",
        why="it says how much of the budget may go before this severity alerts",
        fix='write it with its percent sign, such as "2%"',
    )
    return None


def _read_rate(reading: Reading, at: Pointer) -> Fraction | None:
    written = reading.value(at)
    if 0 < written <= 1_000_000:  # also refuses .nan and .inf
        return Fraction(str(written))
    reading.problem(
        "budget-share-invalid",
        at,
        f"a burn rate cannot be {written}",
        label="must be above 0",
        why="it says how many times faster than allowed the budget burns",
        fix="write a number such as 14.4",
    )
    return None


def _check_pair(reading: Reading, at: Pointer, pair: DeclaredBurnWindow, scrape: timedelta) -> None:
    if pair.short >= pair.long:
        reading.problem(
            "window-order",
            (*at, "short"),
            f"the short window {format_duration(pair.short)} is not shorter than the long one",
            label=f"must be below {format_duration(pair.long)}",
            why="the short window ends the alert soon after the errors stop; the long one cannot",
            fix=f"a twelfth is usual: {format_duration(_whole_seconds(pair.long / 12))}",
        )
    if pair.short < 4 * scrape:
        reading.problem(
            "window-too-short",
            (*at, "short"),
            f"{format_duration(pair.short)} holds too few scrapes",
            label=f"must be at least {format_duration(4 * scrape)}",
            why="a rate needs two samples in its window, also when one scrape is late or lost",
            fix=f"use {format_duration(4 * scrape)} or more, or scrape more often",
        )


def check_order(reading: Reading, at: Pointer, pairs: Sequence[BurnWindow]) -> None:
    """Note pairs under `at` that are out of order.

    Everything derives from the first short window, and a worse severity must
    burn faster.
    """
    for worse, milder in pairwise(pairs):
        where: Pointer = (*at, milder.severity.value)
        if milder.short < pairs[0].short:
            reading.problem(
                "severity-order",
                (*where, "short"),
                f"{milder.severity} has a shorter window than {pairs[0].severity}",
                label=f"must be at least {format_duration(pairs[0].short)}",
                why="the longer windows are computed from the shortest one, that of"
                f" {pairs[0].severity}",
                fix=f"give {pairs[0].severity} the shortest window",
            )
        if milder.burn_rate >= worse.burn_rate:
            reading.problem(
                "severity-order",
                (*where, "budget"),
                f"{milder.severity} does not burn slower than {worse.severity}",
                label="its share of the budget for its long window is too large",
                why="the milder alert would come no earlier than the worse one, and say nothing",
                fix=f"lower its budget, or lengthen its `long` window, below {worse.severity}'s",
            )


def resolve_burn_windows(
    reading: Reading,
    at: Pointer,
    declared: DeclaredBurnWindows,
    *,
    window: timedelta,
    objective: Fraction,
) -> tuple[BurnWindow, ...]:
    """Return the pairs of the SLO at `at`, worst first; note those that make no sense."""
    fitting = tuple(pair for pair in declared.values() if pair.long <= window)
    for pair in declared.values():
        if pair.long > window:
            _too_long(reading, _place(reading, at, pair.severity), pair)
    pairs, can_alert = _resolve(fitting, window, objective)
    for found in () if can_alert else pairs:
        _check_speed(reading, at, found, objective)
    return pairs


@lru_cache(maxsize=1024)  # most SLOs have the organisation's pairs and a usual objective
def _resolve(
    declared: tuple[DeclaredBurnWindow, ...], window: timedelta, objective: Fraction
) -> tuple[tuple[BurnWindow, ...], bool]:
    """Return the pairs over an SLO's window, and whether each can alert, and only in need."""
    pairs = tuple(pair.over(window) for pair in declared)
    return pairs, all(pair.burn_rate >= 1 and pair.error_ratio(objective) < 1 for pair in pairs)


def _place(reading: Reading, at: Pointer, severity: Severity) -> Pointer:
    """Return where the SLO says something about the pair, or what it is made for."""
    for where in ((*at, "burn_windows", severity.value), (*at, "window")):
        if reading.value(where) is not None:
            return where
    return (*at, "name")


def _too_long(reading: Reading, where: Pointer, pair: DeclaredBurnWindow) -> None:
    long = format_duration(pair.long)
    reading.problem(
        "burn-window-too-long",
        where,
        f"the {pair.severity} burn window {long} is longer than the SLO's",
        label=f"must be at least {long}",
        why="a share of the budget cannot be spent over more than the whole window",
        fix="use a longer SLO window, or shorter burn windows, or switch the pair off:"
        f" `burn_windows: {{{pair.severity}: off}}`",
    )


def _check_speed(reading: Reading, at: Pointer, pair: BurnWindow, objective: Fraction) -> None:
    severity, rate, ratio = pair.severity.value, pair.burn_rate, pair.error_ratio(objective)
    if rate < 1:
        reading.problem(
            "burn-inside-budget",
            _place(reading, at, pair.severity),
            f"the {severity} pair alerts at a burn rate of {format_number(rate)}",
            label="it would alert while the budget still holds",
            why="below a burn rate of 1 the objective is met at the end of the window",
            fix="use a longer SLO window; or raise"
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
            fix=f"raise the objective, or lower the pair's share of the budget, or switch it off:"
            f" `burn_windows: {{{severity}: off}}`",
        )


def _whole_seconds(length: timedelta) -> timedelta:
    return max(timedelta(seconds=1), timedelta(seconds=length // timedelta(seconds=1)))
