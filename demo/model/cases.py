"""The life of cases: opened, routed, assigned, resolved, closed."""

from dataclasses import dataclass
from itertools import accumulate

from demo.model.noise import uniform, whole
from demo.model.places import Target
from demo.model.setting import DAY, Setting, Values, series

CASES_A_DAY = 3000.0
ROUTED_AFTER = 60.0  # ABIERTO -> PENDIENTE
ASSIGNED_AFTER = 180.0  # PENDIENTE -> EN_PROCESO, both seconds since it was opened
CLOSED_AFTER = 3 * DAY  # since it was resolved
SLA = 5 * DAY
CLOSED_BEFORE = 50_000  # cases, when the model starts
HOUR = 3600.0
# How long cases take to be resolved, and what share of them takes that long.
DURATIONS = (
    (0.75 * HOUR, 0.15),
    (3 * HOUR, 0.2),
    (6 * HOUR, 0.2),
    (20 * HOUR, 0.2),
    (36 * HOUR, 0.12),
    (4 * DAY, 0.1),
    (6 * DAY, 0.02),
    (10 * DAY, 0.008),
    (20 * DAY, 0.002),
)
BOUNDS = tuple(HOUR * hours for hours in (1, 4, 8, 24, 48, 120, 168, 336, 672))
LE = (*(str(bound) for bound in BOUNDS), "+Inf")
STATES = ("ABIERTO", "PENDIENTE", "EN_PROCESO", "RESUELTO", "CERRADO")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFlow:
    """How many cases went from one state to the next in one tick."""

    opened: int
    routed: int
    assigned: int
    resolved: tuple[int, ...]  # by DURATIONS
    closed: int

    @property
    def resolved_seconds(self) -> float:
        """Return how long the resolved ones took together."""
        return sum(n * taken for n, (taken, _) in zip(self.resolved, DURATIONS, strict=True))

    @property
    def within_sla(self) -> int:
        """Return how many were resolved in time."""
        pairs = zip(self.resolved, DURATIONS, strict=True)
        return sum(number for number, (taken, _) in pairs if taken <= SLA)


def case_flow(setting: Setting, target: Target, tick: int) -> CaseFlow:
    """Return what happened to cases in a tick; ticks before the start count as well."""
    resolved = tuple(
        _opened(setting, target, tick - setting.ticks_in(taken), kind)
        for kind, (taken, _) in enumerate(DURATIONS)
    )
    closed = sum(
        _opened(setting, target, tick - setting.ticks_in(taken + CLOSED_AFTER), kind)
        for kind, (taken, _) in enumerate(DURATIONS)
    )
    return CaseFlow(
        opened=opened_cases(setting, target, tick),
        routed=opened_cases(setting, target, tick - setting.ticks_in(ROUTED_AFTER)),
        assigned=_assigned(setting, target, tick),
        resolved=resolved,
        closed=closed,
    )


def opened_cases(setting: Setting, target: Target, tick: int) -> int:
    """Return how many cases were opened in a tick."""
    demand = setting.demand(setting.time_of(tick - 1))
    return sum(_opened_at(demand, setting, target, tick, kind) for kind in range(len(DURATIONS)))


def count_cases(flow: CaseFlow) -> Values:
    """Return by how much a tick changes each counter, and the number of cases in each state."""
    resolved = sum(flow.resolved)
    changes = (
        flow.opened - flow.routed,
        flow.routed - flow.assigned,
        flow.assigned - resolved,
        resolved - flow.closed,
        flow.closed,
    )
    found: Values = {series("cases_created_total"): flow.opened}
    for state, change in zip(STATES, changes, strict=True):
        found[series("cases_by_state", state=state)] = change
    found[series("cases_resolved_total", sla="within")] = flow.within_sla
    found[series("cases_resolved_total", sla="outside")] = resolved - flow.within_sla
    # Each of DURATIONS lies in a bucket of its own, in the same order.
    for le, number in zip(LE, (*accumulate(flow.resolved), resolved), strict=True):
        found[series("case_resolution_seconds_bucket", le=le)] = number
    found[series("case_resolution_seconds_count")] = resolved
    found[series("case_resolution_seconds_sum")] = flow.resolved_seconds
    return found


def cases_at_start(setting: Setting, target: Target) -> Values:
    """Return the cases in each state when the model starts.

    The first two are counted; the next two are what a steady flow holds
    (Little's law), since they were opened up to weeks before.
    """
    a_second = CASES_A_DAY * target.place.traffic / DAY
    routed = setting.ticks_in(ROUTED_AFTER)
    assigned = setting.ticks_in(ASSIGNED_AFTER)
    numbers = (
        sum(opened_cases(setting, target, tick) for tick in range(1 - routed, 1)),
        sum(opened_cases(setting, target, tick) for tick in range(1 - assigned, 1 - routed)),
        round(a_second * sum(taken * share for taken, share in DURATIONS)),
        round(a_second * CLOSED_AFTER),
        round(CLOSED_BEFORE * target.place.traffic),
    )
    return {
        series("cases_by_state", state=state): number
        for state, number in zip(STATES, numbers, strict=True)
    }


def oldest_pending_seconds(setting: Setting, target: Target, tick: int) -> float:
    """Return how long the oldest PENDIENTE case has waited since it was opened; 0 without one."""
    stall = setting.fault("stalled", target, setting.time_of(tick - 1))
    newest_assigned = tick if stall is None else _tick_of(setting, stall.starts)
    first = newest_assigned - setting.ticks_in(ASSIGNED_AFTER) + 1
    for opened_in in range(first, tick - setting.ticks_in(ROUTED_AFTER) + 1):
        if opened_cases(setting, target, opened_in):
            return setting.time_of(tick - opened_in)
    return 0.0


def _opened(setting: Setting, target: Target, tick: int, kind: int) -> int:
    demand = setting.demand(setting.time_of(tick - 1))
    return _opened_at(demand, setting, target, tick, kind)


def _opened_at(demand: float, setting: Setting, target: Target, tick: int, kind: int) -> int:
    share = DURATIONS[kind][1]
    expected = CASES_A_DAY * target.place.traffic / DAY * share * setting.tick_seconds
    return whole(expected * demand, uniform(setting.seed, f"{target.name}/case/{kind}", tick))


def _assigned(setting: Setting, target: Target, tick: int) -> int:
    """Return the cases assigned in a tick: none while it is stalled, then all that waited."""
    at = setting.time_of(tick - 1)
    delay = setting.ticks_in(ASSIGNED_AFTER)
    if setting.fault("stalled", target, at):
        return 0
    stall = setting.fault("stalled", target, at - setting.tick_seconds)
    first = tick if stall is None else _tick_of(setting, stall.starts) + 1
    return sum(opened_cases(setting, target, late - delay) for late in range(first, tick + 1))


def _tick_of(setting: Setting, at: float) -> int:
    """Return the last tick that began before `at`."""
    return setting.ticks_in(at) if at > 0 else 0
