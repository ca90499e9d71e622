"""What differs between two editions of an SLO: its budget, and when it alerts."""

from collections.abc import Iterator
from datetime import timedelta

from generator.catalog.model import RawSli, Slo
from generator.comparing.describe import describe
from generator.slo.burn import BurnWindow, error_budget
from generator.slo.percent import format_number, format_percent
from guardia.change import Change
from guardia.duration import format_duration, spoken_duration
from guardia.severity import Severity


def compare_slos(name: str, before: Slo, after: Slo) -> Iterator[Change]:
    """Yield changes of the objective, the windows and each severity's alert."""
    if (before.objective, before.window) != (after.objective, after.window):
        yield _objective(name, before, after)
    if before.windows[1:] != after.windows[1:]:
        yield Change(
            subject=name,
            what="also recorded over",
            before=describe(before.windows[1:]),
            after=describe(after.windows[1:]),
        )
    if before.rate_windows != after.rate_windows:
        yield Change(
            subject=name,
            what="counted from raw series over",
            before=describe(before.rate_windows),
            after=describe(after.rate_windows),
        )
    old = {pair.severity: pair for pair in before.burn_windows}
    new = {pair.severity: pair for pair in after.burn_windows}
    for severity in sorted({*old, *new}, key=lambda one: -one.urgency):
        sides = (before, old.get(severity)), (after, new.get(severity))
        yield from _compare_pairs(name, severity, *sides)


def _objective(name: str, before: Slo, after: Slo) -> Change:
    effect = f"budget: {_budget(before)} → {_budget(after)}"
    return Change(
        subject=name,
        what="objective",
        before=_promise(before),
        after=_promise(after),
        effect=effect,
    )


def _promise(slo: Slo) -> str:
    return f"{format_percent(slo.objective)} over {format_duration(slo.window)}"


def _budget(slo: Slo) -> str:
    length = slo.window * float(error_budget(slo.objective))
    return f"{spoken_duration(length)} in {format_duration(slo.window)}"


_Side = tuple[Slo, BurnWindow | None]


def _compare_pairs(name: str, severity: Severity, before: _Side, after: _Side) -> Iterator[Change]:
    (old_slo, old), (new_slo, new) = before, after
    if old is None or new is None:
        yield Change(
            subject=name,
            what=f"{severity} alert",
            before=None if old is None else _describe_pair(old_slo, old),
            after=None if new is None else _describe_pair(new_slo, new),
        )
        return
    was, becomes = _threshold(old_slo, old), _threshold(new_slo, new)
    if was != becomes:
        yield Change(
            subject=name,
            what=f"{severity} alerts above",
            before=was,
            after=becomes,
            effect=_spent(before_pair=(old_slo, old), after_pair=(new_slo, new)),
        )
    for what, one, other in (
        ("windows", _windows(old), _windows(new)),
        ("fewest bad events", _guard(old_slo, old), _guard(new_slo, new)),
        ("keep firing for", describe(old.keep_firing_for), describe(new.keep_firing_for)),
    ):
        if one != other:
            yield Change(subject=name, what=f"{severity} {what}", before=one, after=other)


def _threshold(slo: Slo, pair: BurnWindow) -> str:
    return format_percent(pair.error_ratio(slo.objective))


def _spent(*, before_pair: tuple[Slo, BurnWindow], after_pair: tuple[Slo, BurnWindow]) -> str:
    """Return how fast the budget burns when a pair alerts, and how much of it is gone."""
    pairs = (before_pair, after_pair)
    rates = [format_number(pair.burn_rate, digits=3) for _, pair in pairs]
    shares = [pair.budget_spent(slo.window) for slo, pair in pairs]
    gone = [
        _short(slo.window * float(share * error_budget(slo.objective)))
        for (slo, _), share in zip(pairs, shares, strict=True)
    ]
    spent = [format_percent(share, digits=3) for share in shares]
    return (
        f"burn rate {_became(rates)}; {_became(spent)} of the budget is gone by then:"
        f" {_became(gone)} in which all fail"
    )


def _became(values: list[str]) -> str:
    before, after = values
    return before if before == after else f"{before} → {after}"


def _short(length: timedelta) -> str:
    return spoken_duration(length) if length >= timedelta(seconds=1) else "below 1 s"


def _windows(pair: BurnWindow) -> str:
    return f"{format_duration(pair.long)} and {format_duration(pair.short)}"


def _guard(slo: Slo, pair: BurnWindow) -> str:
    """Return the low-traffic guard; a raw ratio has none, whatever the pair says."""
    return "none" if isinstance(slo.sli, RawSli) else str(pair.bad_events)


def _describe_pair(slo: Slo, pair: BurnWindow) -> str:
    return f"above {_threshold(slo, pair)} over {_windows(pair)}"


def describe_new_slo(slo: Slo) -> str:
    """Return a whole SLO in one sentence."""
    severities = ", ".join(pair.severity.value for pair in slo.burn_windows) or "nothing"
    return f"{_promise(slo)}: {describe(slo.sli)}; alerts: {severities}"
