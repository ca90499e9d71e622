"""Requests to the services: how many in a tick, how they were answered, how long they took."""

from dataclasses import dataclass
from itertools import accumulate

from demo.model.noise import spread, uniform, whole
from demo.model.places import Target, replicas
from demo.model.setting import Setting, Values, series

# A second, in all pods of production's main region, at the daily mean.
REQUESTS_A_SECOND = {
    "casos": 40.0,
    "derivacion": 15.0,
    "usuarios": 20.0,
    "notificaciones": 10.0,
    "gateway": 60.0,
}
VERSION = "1.4.0"  # of every service before a rollout
CODES = ("200", "404", "500")
NOT_FOUND_SHARE = 0.01
ERROR_SHARE = 0.0002
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)  # s; one more bucket is beyond
LE = (*(str(bound) for bound in BOUNDS), "+Inf")
TYPICAL = (0.03, 0.07, 0.17, 0.35, 0.7, 1.4, 2.4, 3.8, 7.0, 12.0)  # s, of a request in each bucket
HEALTHY = (0.2, 0.35, 0.3, 0.11, 0.03, 0.008, 0.0015, 0.0004, 0.0001, 0.0)  # P95 is 0.48 s
SLOW = (0.0, 0.02, 0.05, 0.1, 0.18, 0.2, 0.15, 0.2, 0.08, 0.02)  # P95 is 8 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Those that one instance of one version answered in one tick."""

    codes: tuple[int, ...]  # as CODES
    durations: tuple[int, ...]  # by bucket, as LE; not cumulated

    @property
    def number(self) -> int:
        """Return how many they are."""
        return sum(self.codes)

    @property
    def failed(self) -> int:
        """Return how many were answered with a server error."""
        return self.codes[CODES.index("500")]

    @property
    def seconds(self) -> float:
        """Return how long they took together."""
        return sum(n * each for n, each in zip(self.durations, TYPICAL, strict=True))


def requests(setting: Setting, target: Target, tick: int) -> dict[str, Requests]:
    """Return the requests that a service's instance answered in a tick, by version.

    A version is in it, with zero requests, one tick before its rollout: a
    series that is born with its first error would lose that error.
    """
    at = setting.time_of(tick - 1)
    chance = uniform(setting.seed, f"{target.name}/requests", tick)
    mean = REQUESTS_A_SECOND[target.job] * target.place.traffic / replicas(target.place)
    jitter = 0.95 + 0.1 * uniform(setting.seed, f"{target.name}/jitter", tick)
    number = whole(mean * setting.demand(at) * jitter * setting.tick_seconds, chance)
    shares = _shares(setting, target, at)
    parts = spread(number, tuple(shares.values()), chance)
    return {
        version: _answered(setting, target, tick, version=version, number=part)
        for version, part in zip(shares, parts, strict=True)
    }


def count_requests(answered: dict[str, Requests]) -> Values:
    """Return by how much a tick's requests raise each counter and bucket."""
    found: Values = {}
    for version, part in answered.items():
        for code, number in zip(CODES, part.codes, strict=True):
            found[series("http_requests_total", code=code, version=version)] = number
        name = "http_request_duration_seconds"
        for le, number in zip(LE, accumulate(part.durations), strict=True):
            found[series(f"{name}_bucket", version=version, le=le)] = number
        found[series(f"{name}_count", version=version)] = part.number
        found[series(f"{name}_sum", version=version)] = part.seconds
    return found


def _shares(setting: Setting, target: Target, at: float) -> dict[str, float]:
    """Return each version's share of the traffic; they sum to 1."""
    shares = {VERSION: 1.0}
    if not target.place.is_main:
        return shares
    for rollout in sorted(setting.rollouts, key=lambda found: found.starts):
        if rollout.job == target.job and at >= rollout.starts - setting.tick_seconds:
            new = rollout.share_at(at)
            shares = {version: share * (1 - new) for version, share in shares.items()}
            shares[rollout.version] = new
    return shares


def _answered(
    setting: Setting, target: Target, tick: int, *, version: str, number: int
) -> Requests:
    at = setting.time_of(tick - 1)
    fault = setting.fault("errors", target, at)
    broken = fault is not None and fault.version in (None, version)
    errors = fault.share if fault is not None and broken else ERROR_SHARE
    not_found = NOT_FOUND_SHARE * (1 - errors)
    durations = SLOW if setting.fault("slow", target, at) else HEALTHY
    stream = f"{target.name}/{version}"
    return Requests(
        codes=spread(
            number,
            (1 - errors - not_found, not_found, errors),
            uniform(setting.seed, f"{stream}/codes", tick),
        ),
        durations=spread(number, durations, uniform(setting.seed, f"{stream}/durations", tick)),
    )
