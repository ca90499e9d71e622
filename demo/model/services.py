"""The page of each of the five services: what it counts, its pool, its health, its runtime."""

from demo.model.cases import case_flow, count_cases, oldest_pending_seconds
from demo.model.noise import uniform, whole
from demo.model.places import Target
from demo.model.setting import Setting, Values, series
from demo.model.traffic import Requests, count_requests, requests

JVM_SERVICES = ("casos", "derivacion", "usuarios")
POOL_SERVICES = (*JVM_SERVICES, "notificaciones")
POOL_SIZE = 50
CPU_CORES = 1.0  # the limit of a pod
MEMORY_BYTES = 1024.0**3  # the limit of a pod
USED_MEMORY_SHARE = 0.45
LEAK_BYTES_A_SECOND = 100e6 / 3600
CPU_SHARE = 0.25  # of the limit, at the daily mean; 0.45 at the peak
UPTIME_AT_START = 3 * 86_400.0  # s: since the last deployment
ACTIVE_USERS = 1200.0
WARNING_SHARE = 0.0005  # of requests that log a warning
SECURITY_A_SECOND = {"failed_login": 0.02, "rejected_token": 0.01, "forbidden_access": 0.002}
INTRUSIONS_A_SECOND = 0.2  # of a fault "breach"
NOTIFICATIONS_A_SECOND = {"email": 0.6, "sms": 0.2, "push": 0.4}
UNDELIVERED_SHARE = 0.01
CHECKS = ("self", "database", "kafka")


def count_service(setting: Setting, target: Target, tick: int) -> Values:
    """Return by how much a tick raises what a service's instance counts."""
    answered = requests(setting, target, tick)
    found = count_requests(answered)
    found.update(_log_lines(setting, target, tick, answered))
    if target.is_first:
        if target.job == "casos":
            found.update(count_cases(case_flow(setting, target, tick)))
        elif target.job == "notificaciones":
            found.update(_notifications(setting, target, tick))
        elif target.job == "gateway":
            found.update(_security_events(setting, target, tick))
    return found


def show_service(setting: Setting, target: Target, tick: int) -> Values:
    """Return the gauges of a service's instance at the end of a tick, and its runtime's page."""
    at = setting.time_of(tick)
    unhealthy = setting.fault("unhealthy", target, at)
    found: Values = {
        series("health_check_passed", check=check): 0.0 if unhealthy and check == "self" else 1.0
        for check in CHECKS
    }
    if target.job in POOL_SERVICES:
        found[series("connection_pool_in_use", pool="database")] = _lent(setting, target, tick)
        found[series("connection_pool_max", pool="database")] = POOL_SIZE
    if target.is_first and target.job == "casos":
        found[series("case_oldest_pending_seconds")] = oldest_pending_seconds(setting, target, tick)
    if target.is_first and target.job == "usuarios":
        users = ACTIVE_USERS * target.place.traffic * setting.demand(at)
        found[series("active_users")] = float(round(users))
    found.update(_process(setting, target, at))
    found.update(
        _jvm(setting, target, at) if target.job in JVM_SERVICES else _nodejs(setting, target, at)
    )
    return found


def memory_bytes(setting: Setting, target: Target, at: float) -> float:
    """Return the memory that a service's pod uses."""
    leak = setting.fault("leak", target, at)
    leaked = LEAK_BYTES_A_SECOND * (at - leak.starts) if leak else 0.0
    used = MEMORY_BYTES * (USED_MEMORY_SHARE + 0.05 * (setting.busy(at) - 1))
    return min(used + leaked, 0.98 * MEMORY_BYTES)


def cpu_seconds(setting: Setting, at: float) -> float:
    """Return the CPU time of a pod since it started."""
    return CPU_CORES * CPU_SHARE * (UPTIME_AT_START + setting.busy_seconds(at))


def _log_lines(
    setting: Setting, target: Target, tick: int, answered: dict[str, Requests]
) -> Values:
    """One line of information for each request, one error for each that failed."""
    number = sum(part.number for part in answered.values())
    chance = uniform(setting.seed, f"{target.name}/warnings", tick)
    return {
        series("log_lines_total", level="info"): number,
        series("log_lines_total", level="warn"): whole(number * WARNING_SHARE, chance),
        series("log_lines_total", level="error"): sum(part.failed for part in answered.values()),
    }


def _notifications(setting: Setting, target: Target, tick: int) -> Values:
    found: Values = {}
    demand = setting.demand(setting.time_of(tick - 1)) * target.place.traffic
    for channel, a_second in NOTIFICATIONS_A_SECOND.items():
        expected = a_second * demand * setting.tick_seconds
        for outcome, share in (
            ("delivered", 1 - UNDELIVERED_SHARE),
            ("failed", UNDELIVERED_SHARE),
        ):
            chance = uniform(setting.seed, f"{target.name}/{channel}/{outcome}", tick)
            counted = series("notifications_sent_total", channel=channel, outcome=outcome)
            found[counted] = whole(expected * share, chance)
    return found


def _security_events(setting: Setting, target: Target, tick: int) -> Values:
    at = setting.time_of(tick - 1)
    rates = {kind: rate * setting.demand(at) for kind, rate in SECURITY_A_SECOND.items()}
    breach = setting.fault("breach", target, at)
    rates["intrusion_detected"] = INTRUSIONS_A_SECOND if breach else 0.0
    return {
        series("security_events_total", kind=kind): whole(
            rate * target.place.traffic * setting.tick_seconds,
            uniform(setting.seed, f"{target.name}/{kind}", tick),
        )
        for kind, rate in rates.items()
    }


def _lent(setting: Setting, target: Target, tick: int) -> float:
    at = setting.time_of(tick)
    if setting.fault("pool", target, at):
        return POOL_SIZE
    chance = uniform(setting.seed, f"{target.name}/pool", tick)
    return float(round(POOL_SIZE * (0.1 + 0.15 * setting.busy(at) + 0.05 * chance)))


def _process(setting: Setting, target: Target, at: float) -> Values:
    return {
        series("process_cpu_seconds_total"): cpu_seconds(setting, at),
        series("process_resident_memory_bytes"): memory_bytes(setting, target, at),
        series("process_start_time_seconds"): setting.starts_at - UPTIME_AT_START,
        series("process_open_fds"): float(round(80 + 60 * setting.busy(at))),
        series("process_max_fds"): 65_536.0,
    }


def _jvm(setting: Setting, target: Target, at: float) -> Values:
    memory = memory_bytes(setting, target, at)
    collected = {"gc": "G1 Young Generation"}
    return {
        series("jvm_memory_used_bytes", area="heap"): memory * 0.75,
        series("jvm_memory_used_bytes", area="nonheap"): 120e6,
        series("jvm_memory_max_bytes", area="heap"): MEMORY_BYTES * 0.75,
        series("jvm_memory_max_bytes", area="nonheap"): -1.0,
        series("jvm_memory_pool_collection_used_bytes", pool="G1 Old Gen"): memory * 0.5,
        series("jvm_gc_collection_seconds_count", **collected): float(
            int(0.05 * (UPTIME_AT_START + setting.busy_seconds(at)))
        ),
        series("jvm_gc_collection_seconds_sum", **collected): 0.0006
        * (UPTIME_AT_START + setting.busy_seconds(at)),
        series("jvm_threads_current"): float(round(60 + 20 * setting.busy(at))),
        series("jvm_threads_deadlocked"): 0.0,
    }


def _nodejs(setting: Setting, target: Target, at: float) -> Values:
    memory = memory_bytes(setting, target, at)
    return {
        series("nodejs_heap_size_used_bytes"): memory * 0.6,
        series("nodejs_heap_size_total_bytes"): memory * 0.8,
        series("nodejs_eventloop_lag_p99_seconds"): 0.011 + 0.004 * setting.busy(at),
    }
