"""One SLO for an engineer to read, and for a program."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

from generator.catalog.model import ExpressionSli, FreshnessSli, RawSli, UptimeSli
from generator.explaining.slo import SHARES, BurnExplained, SloExplained
from generator.explaining.table import render_table
from generator.slo.detection import Delay
from generator.slo.percent import format_number, format_percent
from guardia.duration import format_duration, spoken_duration

_SHARE_NAMES = ("all fail", "half fail", "one in ten fails")
_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def render_slo(slo: SloExplained) -> str:
    """Return an SLO as text: its promise, its budget, its alerts, and how fast they are."""
    parts = [
        f"{slo.service.name}/{slo.slo.name}: {slo.slo.description}",
        render_table(_promise(slo)),
    ]
    if slo.burns:
        parts += [
            "Alerts while the error ratio is above the threshold in both windows:",
            render_table(_thresholds(slo), indent="  "),
            "Fires so long after events began to fail, and ends so long after they no longer do:",
            render_table(_times(slo), indent="  "),
            _reading(slo),
        ]
    return "\n\n".join(parts)


def _promise(slo: SloExplained) -> list[tuple[str, str]]:
    window = format_duration(slo.slo.window)
    whole, half, tenth = (spoken_duration(length) for length in slo.budget_lasts)
    rows = [
        ("objective", f"{format_percent(slo.slo.objective)} over {window}"),
        ("budget", f"{whole} when all fail, {half} when half fail, {tenth} when one in ten fails"),
    ]
    if slo.events is not None and slo.bad_events is not None:
        rows.append(("events", _events(slo, window)))
    if len(slo.slo.windows) > 1:
        others = ", ".join(format_duration(length) for length in slo.slo.windows[1:])
        rows.append(("also over", f"{others}: recorded, without alerts"))
    if slo.slo.by:
        rows.append(("for each", f"{', '.join(slo.slo.by)}: every value has a budget of its own"))
    return rows


def _events(slo: SloExplained, window: str) -> str:
    rate = format_number(slo.events_per_second or Fraction(), digits=3)
    source = ""
    if isinstance(slo.slo.sli, UptimeSli | FreshnessSli):
        source = " by each series"
    elif slo.assumed:
        source = " (assumed: --events-per-second tells)"
    may, of = _whole(slo.bad_events), _whole(slo.events)
    return f"{may} of {of} in {window} may be bad, at {rate} a second{source}"


def _whole(number: Fraction | None) -> str:
    return f"{int(number or 0):,}"


def _thresholds(slo: SloExplained) -> list[tuple[str, ...]]:
    heading = (
        "severity", "errors", "burn rate", "windows", "at least",
        "budget spent", "gone in", "kept for",
    )  # fmt: skip
    return [heading, *(_threshold(slo, burn) for burn in slo.burns)]


def _threshold(slo: SloExplained, burn: BurnExplained) -> tuple[str, ...]:
    pair = burn.pair
    guard = "-" if isinstance(slo.slo.sli, RawSli) or not pair.bad_events else _bad(pair.bad_events)
    return (
        pair.severity.value,
        f"> {format_percent(burn.error_ratio, digits=3)}",
        format_number(pair.burn_rate, digits=3),
        f"{format_duration(pair.long)} and {format_duration(pair.short)}",
        guard,
        format_percent(burn.budget_spent, digits=3),
        spoken_duration(burn.budget_lasts),
        "-" if pair.keep_firing_for is None else format_duration(pair.keep_firing_for),
    )


def _bad(number: int) -> str:
    return f"{number} bad event{'' if number == 1 else 's'}"


def _times(slo: SloExplained) -> list[tuple[str, ...]]:
    shown = len(_SHARE_NAMES[:1] if isinstance(slo.slo.sli, FreshnessSli) else _SHARE_NAMES)
    rows: list[tuple[str, ...]] = [("severity", *_SHARE_NAMES[:shown], "ends within")]
    for burn in slo.burns:
        ends = "-" if burn.ends_after is None else _about(burn.ends_after, up=True)
        fires = (_between(delay) for delay in burn.detected[:shown])
        rows.append((burn.pair.severity.value, *fires, ends))
    return rows


def _between(delay: Delay | None) -> str:
    if delay is None:
        return "never"
    return f"{_about(delay.earliest, up=False)} to {_about(delay.latest, up=True)}"


def _about(length: timedelta, *, up: bool) -> str:
    """Return a length in seconds, or minutes where it is longer than an hour: never too good."""
    unit = _SECOND if length < _HOUR else _MINUTE
    return spoken_duration((-(-length // unit) if up else length // unit) * unit)


def _reading(slo: SloExplained) -> str:
    lines = [
        "The first time is the earliest, the second the latest: it depends on when the next scrape"
        " and the",
        "next evaluation come. Nothing had failed for longer than any window before. It ends after"
        " an outage of",
        "everything that filled both windows; a shorter one ends sooner.",
    ]
    match slo.slo.sli:
        case RawSli():
            lines += [
                "Events are not counted, so there is no low-traffic guard. The times hold for",
                "PromQL that is the mean of samples over $window.",
            ]
        case FreshnessSli(within=within):
            lines.append(
                "Each evaluation is an event: good, or bad once the last success is older than"
                f" {format_duration(within)}."
            )
        case UptimeSli():
            lines.append("Each sample is an event; the numbers are those of one series.")
        case ExpressionSli():
            lines.append("The times hold for PromQL that adds up rates of counters.")
    return "\n".join(lines)


def slo_as_json(slo: SloExplained) -> dict[str, Any]:
    """Return an SLO for a program: lengths in seconds, shares 0 to 1."""
    return {
        "service": slo.service.name,
        "slo": slo.slo.name,
        "description": slo.slo.description,
        "objective_ratio": float(slo.slo.objective),
        "window_seconds": _seconds(slo.slo.window),
        "by": list(slo.slo.by),
        "budget_seconds": _seconds(slo.budget),
        "budget_lasts_seconds": _by_share(slo.budget_lasts),
        "events_per_second": _number(slo.events_per_second),
        "events_per_second_assumed": slo.assumed,
        "events": _number(slo.events),
        "bad_events": _number(slo.bad_events),
        "burns": [_burn_as_json(burn) for burn in slo.burns],
    }


def _burn_as_json(burn: BurnExplained) -> dict[str, Any]:
    pair = burn.pair
    return {
        "severity": pair.severity.value,
        "error_ratio": float(burn.error_ratio),
        "burn_rate": float(pair.burn_rate),
        "budget_spent_ratio": float(burn.budget_spent),
        "budget_lasts_seconds": _seconds(burn.budget_lasts),
        "long_seconds": _seconds(pair.long),
        "short_seconds": _seconds(pair.short),
        "least_bad_events": pair.bad_events,
        "keep_firing_for_seconds": _seconds(pair.keep_firing_for or timedelta()),
        "evaluated_every_seconds": _seconds(burn.evaluated),
        "detected_seconds": {
            str(float(share)): None
            if delay is None
            else {"earliest": _seconds(delay.earliest), "latest": _seconds(delay.latest)}
            for share, delay in zip(SHARES, burn.detected, strict=True)
        },
        "ends_within_seconds": None if burn.ends_after is None else _seconds(burn.ends_after),
    }


def _by_share(lengths: tuple[timedelta, ...]) -> dict[str, float]:
    return {str(float(share)): _seconds(one) for share, one in zip(SHARES, lengths, strict=True)}


def _seconds(length: timedelta) -> float:
    return length / _SECOND


def _number(number: Fraction | None) -> float | None:
    return None if number is None else float(number)
