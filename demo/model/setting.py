"""What decides a run of the model: seed, start, tick, faults and rollouts."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from demo.model.places import MAIN, Target

DAY = 86_400.0
LOCAL_TIME = -3600.0  # Cape Verde is one hour behind UTC, all year
SWING = 0.8  # traffic is 1.8 of the mean at 15:00 and 0.2 of it at 03:00
PEAK = 15 * 3600.0
GROWTH_A_DAY = 0.002  # so that a trend has something to show

FaultKind = Literal[
    "errors",  # a share of the requests of a service is answered with 500
    "slow",  # its requests take seconds
    "stalled",  # derivacion reads no messages: cases stay PENDIENTE
    "pool",  # a service's connection pool is used up
    "leak",  # a service's memory grows by 100 MB an hour
    "breach",  # the gateway sees intrusions
    "unhealthy",  # a service's health check fails
    "broker",  # one Kafka broker is gone
    "replica",  # replicas replay nothing
    "disk",  # the machines' disk is 90 % full
    "database",  # the PostgreSQL servers do not answer their exporter
    "unreachable",  # the public pages do not answer
]


class Series(NamedTuple):
    """A name and its labels in the order in which they are written; the target's come on top."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


Values = dict[Series, float]


@cache  # a page has the same ones at each tick
def series(name: str, **labels: str) -> Series:
    """Return a series by its name and labels."""
    return Series(name, tuple(labels.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong in production's main region, from `starts` up to `ends`."""

    kind: FaultKind
    job: str = ""  # the service; empty where the kind says it
    starts: float  # seconds since the start of the run, as all times here
    ends: float = math.inf
    share: float = 1.0  # of errors, among the requests
    version: str | None = None  # of errors: only this version's


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A canary: the share of a service's traffic that a new version gets, step by step (R12)."""

    job: str
    version: str
    starts: float
    steps: tuple[tuple[float, float], ...] = (
        (0, 0.10),
        (1800, 0.25),
        (3600, 0.50),
        (5400, 1.0),
    )  # seconds after the start, share
    taken_back: float = math.inf  # seconds since the platform's start: back to 0 %

    def share_at(self, at: float) -> float:
        """Return the new version's share of the traffic, 0 to 1."""
        if at >= self.taken_back:
            return 0.0
        return max((share for after, share in self.steps if at >= self.starts + after), default=0.0)

    @property
    def done_at(self) -> float:
        """Return when the last step is reached; infinite when it was taken back before."""
        last = self.starts + self.steps[-1][0]
        return last if last < self.taken_back else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One run. Times without a name of their own are seconds since `starts_at`."""

    seed: int
    starts_at: float  # Unix seconds
    tick_seconds: float = 15.0
    faults: tuple[Fault, ...] = ()
    rollouts: tuple[Rollout, ...] = ()

    def time_of(self, tick: int) -> float:
        """Return when a tick ends; tick 1 is the first."""
        return tick * self.tick_seconds

    def ticks_in(self, seconds: float) -> int:
        """Return how many ticks a length of time takes, at least one."""
        return max(1, math.ceil(seconds / self.tick_seconds))

    def fault(self, kind: FaultKind, target: Target, at: float) -> Fault | None:
        """Return the fault of that kind that a target suffers at an instant."""
        if target.place != MAIN:
            return None
        for fault in self.faults:
            concerned = fault.kind == kind and fault.job in ("", target.job)
            if concerned and fault.starts <= at < fault.ends:
                return fault
        return None

    def demand(self, at: float) -> float:
        """Return the traffic as a multiple of the first day's mean: daily curve and growth."""
        return self.busy(at) * (1 + GROWTH_A_DAY * at / DAY)

    def busy(self, at: float) -> float:
        """Return the daily curve alone, 0.2 to 1.8 with mean 1."""
        return 1 + SWING * math.cos(self._angle(at))

    def busy_seconds(self, at: float) -> float:
        """Return the integral of `busy` from the start: grows with every second."""
        turned = math.sin(self._angle(at)) - math.sin(self._angle(0))
        return at + SWING * turned * DAY / math.tau

    def _angle(self, at: float) -> float:
        return math.tau * (self.starts_at + at + LOCAL_TIME - PEAK) / DAY
