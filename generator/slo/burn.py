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
    return budget_spent / share_of(window, period)


def share_of(length: timedelta, whole: timedelta) -> Fraction:
    """Return length ÷ whole, exactly."""
    return Fraction(length // _TICK, whole // _TICK)


_TICK = timedelta(microseconds=1)  # the resolution of timedelta: makes the quotient exact


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """When a severity alerts: the burn rate is exceeded over `long`, and still over `short`.

    Fewer than `bad_events` bad events in the long window never alert.
    """

    severity: Severity
    burn_rate: Fraction
    long: timedelta
    short: timedelta
    bad_events: int
    keep_firing_for: timedelta | None = None

    def __hash__(self) -> int:
        # A fraction's hash takes long, and pairs are told apart by their windows.
        return hash((self.long, self.short, self.bad_events))

    def budget_spent(self, period: timedelta) -> Fraction:
        """Return the share of a period's budget that is gone when this pair alerts."""
        return self.burn_rate * share_of(self.long, period)

    def error_ratio(self, objective: Fraction) -> Fraction:
        """Return the error ratio above which this pair alerts, in (0, 1) when it can alert."""
        return self.burn_rate * error_budget(objective)


_HALF_HOUR = timedelta(minutes=30)

# The burn rates of the SRE Workbook (ch. 5) hold whatever the SLO's window: so SLOs of 7, 28
# and 30 days with one objective alert at the same error ratios, equally fast and equally seldom.
WORKBOOK_BURN_WINDOWS = (
    BurnWindow(
        severity=Severity.CRITICAL,
        burn_rate=Fraction(144, 10),
        long=timedelta(hours=1),
        short=timedelta(minutes=5),
        bad_events=3,
    ),
    BurnWindow(
        severity=Severity.HIGH,
        burn_rate=Fraction(6),
        long=timedelta(hours=6),
        short=_HALF_HOUR,
        bad_events=4,
    ),
    BurnWindow(
        severity=Severity.MEDIUM,
        burn_rate=Fraction(3),
        long=timedelta(days=1),
        short=timedelta(hours=2),
        bad_events=5,
        keep_firing_for=_HALF_HOUR,
    ),
    BurnWindow(
        severity=Severity.LOW,
        burn_rate=Fraction(1),
        long=timedelta(days=3),
        short=timedelta(hours=6),
        bad_events=10,
        keep_firing_for=_HALF_HOUR,
    ),
)
