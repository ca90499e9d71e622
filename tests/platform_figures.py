"""What panels must show of the platform's bad afternoon, added up from its events alone.

No Prometheus, no PromQL and none of our rules take part in these figures.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import accumulate
from statistics import linear_regression
from zoneinfo import ZoneInfo

from demo.model.cases import CaseFlow, case_flow, cases_at_start
from demo.model.cluster import CERTIFICATE_LASTS, DISK_FILLS_A_DAY, DISK_USED
from demo.model.services import ACTIVE_USERS
from demo.model.setting import DAY
from demo.model.stores import BYTES_A_DAY, DATABASE_BYTES, MESSAGES_A_SECOND
from demo.model.traffic import BOUNDS, requests
from tests.platform_past import HOUR, IN_MAIN, LASTS, SETTING, TICKS

AHEAD = 91 * DAY  # of the capacity dashboard's nearer projection
STORED = 300.0  # the catalog's `store` interval
GROWTH = 150.0  # its `slow` interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Requests of a service in production's region a."""

    number: int = 0
    succeeded: int = 0
    failed: int = 0
    durations: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)

    def __add__(self, other: "Answered") -> "Answered":
        return Answered(
            number=self.number + other.number,
            succeeded=self.succeeded + other.succeeded,
            failed=self.failed + other.failed,
            durations=tuple(map(sum, zip(self.durations, other.durations, strict=True))),
        )


@cache
def _by_tick(job: str) -> tuple[Answered, ...]:
    """Return what a service answered in each tick; tick 0 is empty."""
    instances = [target for target in IN_MAIN if target.job == job]
    found = [Answered()]
    for tick in range(1, TICKS + 1):
        parts = [part for one in instances for part in requests(SETTING, one, tick).values()]
        found.append(
            Answered(
                number=sum(part.number for part in parts),
                succeeded=sum(part.codes[0] for part in parts),
                failed=sum(part.failed for part in parts),
                durations=tuple(map(sum, zip(*(p.durations for p in parts), strict=True))),
            )
        )
    return tuple(found)


def answered(job: str, *, until: float, seconds: float) -> Answered:
    """Return what a service answered in the `seconds` before an instant (Unix seconds)."""
    last = round((until - SETTING.starts_at) / SETTING.tick_seconds)
    first = last - round(seconds / SETTING.tick_seconds)
    return sum(_by_tick(job)[max(0, first) + 1 : last + 1], Answered())


def failed_share(job: str, at: float, seconds: float) -> float:
    found = answered(job, until=at, seconds=seconds)
    return found.failed / found.number


def quantile(job: str, at: float, share: float) -> float:
    """Return within how many seconds that share of a minute's requests was answered.

    Within a bucket the requests are taken to lie evenly.
    """
    durations = answered(job, until=at, seconds=60).durations
    counted = list(accumulate(durations))
    wanted = share * counted[-1]
    bucket = bisect_left(counted, wanted)
    lower = BOUNDS[bucket - 1] if bucket else 0.0
    before = counted[bucket - 1] if bucket else 0
    return lower + (BOUNDS[bucket] - lower) * (wanted - before) / durations[bucket]


def spent_share(job: str, at: float) -> float:
    """Return the bad share of all events so far, as our 30-day window promises it.

    An event counts for an hour, from when it happened, at each five minutes:
    the last hour's, and those of the hour before the history began, count in part.
    """
    hours = [
        answered(job, until=SETTING.starts_at + STORED * number, seconds=HOUR)
        for number in range(round((at - SETTING.starts_at) / STORED) + 1)
    ]
    return sum(one.failed for one in hours) / sum(one.number for one in hours)


@cache
def _flows() -> tuple[CaseFlow, ...]:
    first = next(one for one in IN_MAIN if one.job == "casos" and one.is_first)
    return tuple(case_flow(SETTING, first, tick) for tick in range(1, TICKS + 1))


def cases_in_state(state: str, at: float) -> float:
    """Return how many cases are in a state, from those that came to it and went."""
    first = next(one for one in IN_MAIN if one.job == "casos" and one.is_first)
    (before,) = (
        number
        for one, number in cases_at_start(SETTING, first).items()
        if dict(one.labels)["state"] == state
    )
    gone: Sequence[CaseFlow] = _flows()[: round((at - SETTING.starts_at) / SETTING.tick_seconds)]
    change = {
        "ABIERTO": sum(flow.opened - flow.routed for flow in gone),
        "PENDIENTE": sum(flow.routed - flow.assigned for flow in gone),
        "EN_PROCESO": sum(flow.assigned - sum(flow.resolved) for flow in gone),
        "RESUELTO": sum(sum(flow.resolved) - flow.closed for flow in gone),
        "CERRADO": sum(flow.closed for flow in gone),
    }
    return before + change[state]


def within_sla(_: float) -> float:
    """Return the share of the cases resolved so far that were resolved in time."""
    resolved = sum(sum(flow.resolved) for flow in _flows())
    return sum(flow.within_sla for flow in _flows()) / resolved


def unread_messages(at: float) -> float:
    """Return what came on the topic since its consumer stopped reading."""
    (stall,) = (fault for fault in SETTING.faults if fault.kind == "stalled")
    since = SETTING.busy_seconds(stall.starts)
    return MESSAGES_A_SECOND * (SETTING.busy_seconds(at - SETTING.starts_at) - since)


def replica_seconds(at: float) -> float:
    (fault,) = (fault for fault in SETTING.faults if fault.kind == "replica")
    return at - SETTING.starts_at - fault.starts


def disk_used(at: float) -> float:
    return DISK_USED + DISK_FILLS_A_DAY * (at - SETTING.starts_at) / DAY


def days_until_full(at: float) -> float:
    return (1 - disk_used(at)) / DISK_FILLS_A_DAY


def users_expected(at: float) -> float:
    """Return the users that a straight line through the afternoon's leads to (least squares)."""
    seconds = [GROWTH * number for number in range(round(LASTS / GROWTH) + 1)]
    users = [float(round(ACTIVE_USERS * SETTING.demand(one))) for one in seconds]
    slope, intercept = linear_regression(seconds, users)
    return intercept + slope * (at - SETTING.starts_at + AHEAD)


def database_expected(at: float) -> float:
    return DATABASE_BYTES + BYTES_A_DAY * (at - SETTING.starts_at + AHEAD) / DAY


def certificate_seconds(at: float) -> float:
    return SETTING.starts_at + CERTIFICATE_LASTS - at


def backup_seconds(at: float) -> float:
    """Return how old the incremental backup of 12:00 is, Cape Verde time, that took 5 minutes."""
    done = datetime(2026, 11, 24, 12, 5, tzinfo=ZoneInfo("Atlantic/Cape_Verde"))
    return at - done.timestamp()
