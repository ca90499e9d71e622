"""Error budgets, burn rates and the windows they are measured over."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from guardia.severity import Severity


def error_budget(objective: Fraction) -> Fraction:
    """Return the share of events that may be bad: 1 − objective.

    Raises ValueError for an objective outside (0, 1): without a budget burn
    rates divide by zero, and with nothing promised there is nothing to burn.
    """
    if not 0 < objective < 1:
        raise ValueError("an objective lies between 0% and 100%, both excluded")
    return 1 - objective


def burn_rate_threshold(budget_spent: Fraction, window: timedelta, period: timedelta) -> Fraction:
    """Return the burn rate that spends `budget_spent` within `window`.

    budget_spent is a share of the period's error budget, in (0, 1]. The result
    has no unit: 1 empties the budget exactly at the end of `period`.

    Raises ValueError for a share outside (0, 1] or a window outside (0, period].

    Source: Google, The Site Reliability Workbook, ch. 5, "Multiple Burn Rate
    Alerts": 2 % of a 30-day budget in 1 h is a burn rate of 14.4.
    """
    if not 0 < budget_spent <= 1:
        raise ValueError("a share of the budget lies between 0% (excluded) and 100%")
    if not timedelta() < window <= period:
        raise ValueError("a burn window is longer than nothing and at most the SLO's window")
    return budget_spent * Fraction(period // _TICK, window // _TICK)


_TICK = timedelta(microseconds=1)  # the resolution of timedelta: makes the quotient exact


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """When a severity alerts: a share of the budget spent over `long`, and still over `short`.

    Fewer than `bad_events` bad events in the long window never alert.
    """

    severity: Severity
    budget_spent: Fraction
    long: timedelta
    short: timedelta
    bad_events: int
    keep_firing_for: timedelta | None = None

    def burn_rate(self, period: timedelta) -> Fraction:
        """Return the burn rate above which this pair alerts for an SLO over `period`."""
        return burn_rate_threshold(self.budget_spent, self.long, period)

    def error_ratio(self, period: timedelta, objective: Fraction) -> Fraction:
        """Return the error ratio above which this pair alerts, in (0, 1) when it can alert."""
        return self.burn_rate(period) * error_budget(objective)
