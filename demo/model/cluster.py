"""Kubernetes, its machines and the probes from outside, as their exporters show them."""

from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

from demo.model.noise import uniform
from demo.model.places import SERVICES, Place, Target, replicas
from demo.model.services import (
    CPU_CORES,
    MEMORY_BYTES,
    UPTIME_AT_START,
    cpu_seconds,
    memory_bytes,
)
from demo.model.setting import DAY, Setting, Values, series
from demo.model.stores import BROKERS, show_backups
from demo.model.traffic import VERSION

DEPLOYMENTS_BEFORE = 12.0
CERTIFICATE_LASTS = 75 * DAY  # when the model starts
CORES = 2
CPU_MODES = {"user": 0.2, "system": 0.05, "iowait": 0.01}  # at the daily mean, of each core
NODE_MEMORY_BYTES = 16 * 1024.0**3
NODE_UP_FOR = 60 * DAY
DISKS = {"/": 50e9, "/var/lib": 200e9}  # bytes
BYTES_A_FILE = 16_384.0  # that ext4 keeps an inode for
DISK_USED = 0.45  # when the model starts
DISK_FILLS_A_DAY = 0.005
VOLUMES = {"data-postgres-0": 200e9, "data-kafka-0": 100e9}  # bytes


def show_kubernetes(setting: Setting, target: Target, tick: int) -> Values:
    """Return the page of kube-state-metrics for the platform's namespace."""
    place = target.place
    namespace = place.namespace
    found: Values = {}
    for job in SERVICES:
        for name in ("spec_replicas", "status_replicas_available", "status_replicas_updated"):
            counted = series(f"kube_deployment_{name}", namespace=namespace, deployment=job)
            found[counted] = float(replicas(place))
    for name, number in (("postgres", replicas(place)), ("kafka", BROKERS)):
        labels = {"namespace": namespace, "statefulset": name}
        found[series("kube_statefulset_replicas", **labels)] = float(number)
        found[series("kube_statefulset_status_replicas_ready", **labels)] = float(number)
    for container, pod in pods(place):
        found.update(_show_pod(place, container, pod))
    for backup, ended in show_backups(setting, target, tick).items():
        (_, kind), *_ = backup.labels
        name = f"backup-{kind}"
        done = series("kube_cronjob_status_last_successful_time", namespace=namespace, cronjob=name)
        found[done] = ended
    return found


def show_kubelet(setting: Setting, target: Target, tick: int) -> Values:
    """Return what the kubelet says of containers (cAdvisor) and of volumes."""
    at = setting.time_of(tick)
    namespace = target.place.namespace
    found: Values = {}
    for job, pod in pods(target.place):
        labels = {"namespace": namespace, "pod": pod, "container": job}
        service = Target(job=job, instance=f"{pod}:8080", place=target.place)
        found[series("container_cpu_usage_seconds_total", **labels, cpu="total")] = cpu_seconds(
            setting, at
        )
        used = series("container_memory_working_set_bytes", **labels)
        found[used] = memory_bytes(setting, service, at)
    for claim, capacity in VOLUMES.items():
        labels = {"namespace": namespace, "persistentvolumeclaim": claim}
        found[series("kubelet_volume_stats_capacity_bytes", **labels)] = capacity
        free = capacity * (1 - _disk_used(setting, target, at))
        found[series("kubelet_volume_stats_available_bytes", **labels)] = free
    return found


def show_node(setting: Setting, target: Target, tick: int) -> Values:
    """Return the page of node_exporter."""
    at = setting.time_of(tick)
    worked = NODE_UP_FOR + setting.busy_seconds(at)
    found = {
        series("node_boot_time_seconds"): setting.starts_at - NODE_UP_FOR,
        series("node_load1"): round(0.6 * setting.busy(at), 2),
        series("node_memory_MemTotal_bytes"): NODE_MEMORY_BYTES,
        series("node_memory_MemAvailable_bytes"): NODE_MEMORY_BYTES
        * (0.6 - 0.1 * setting.busy(at)),
    }
    for core in map(str, range(CORES)):
        used = 0.0
        for mode, share in CPU_MODES.items():
            used += share * worked
            found[series("node_cpu_seconds_total", cpu=core, mode=mode)] = share * worked
        idle = series("node_cpu_seconds_total", cpu=core, mode="idle")
        found[idle] = NODE_UP_FOR + at - used
    for number, (mountpoint, size) in enumerate(DISKS.items(), start=1):
        labels = {"device": f"/dev/sda{number}", "fstype": "ext4", "mountpoint": mountpoint}
        free = size * (1 - _disk_used(setting, target, at))
        found[series("node_filesystem_size_bytes", **labels)] = size
        found[series("node_filesystem_avail_bytes", **labels)] = free
        found[series("node_filesystem_readonly", **labels)] = 0.0
        found[series("node_filesystem_files", **labels)] = size // BYTES_A_FILE
        found[series("node_filesystem_files_free", **labels)] = free // BYTES_A_FILE
    traffic = target.place.traffic
    for name, device, a_second in (
        ("node_network_receive_bytes_total", "eth0", 400_000.0 * traffic),
        ("node_network_transmit_bytes_total", "eth0", 900_000.0 * traffic),
        ("node_disk_read_bytes_total", "sda", 100_000.0 * traffic),
        ("node_disk_written_bytes_total", "sda", 600_000.0 * traffic),
        ("node_disk_io_time_seconds_total", "sda", 0.04),
    ):
        found[series(name, device=device)] = a_second * worked
    return found


def show_probe(setting: Setting, target: Target, tick: int) -> Values:
    """Return what blackbox_exporter saw of a page."""
    chance = uniform(setting.seed, f"{target.name}/probe", tick)
    if setting.fault("unreachable", target, setting.time_of(tick)):
        return {series("probe_success"): 0.0, series("probe_http_status_code"): 0.0}
    return {
        series("probe_success"): 1.0,
        series("probe_duration_seconds"): round(0.08 + 0.06 * chance, 4),
        series("probe_http_status_code"): 200.0,
        series("probe_ssl_earliest_cert_expiry"): setting.starts_at + CERTIFICATE_LASTS,
    }


def show_deployments(setting: Setting, target: Target, tick: int) -> Values:
    """Return what the pipeline pushed: the versions that reached all of the traffic."""
    at = setting.time_of(tick)
    found: Values = {}
    name = "deployment_last_success_timestamp_seconds"
    for job in SERVICES:
        found[series(name, app=job, version=VERSION)] = setting.starts_at - UPTIME_AT_START
        succeeded, taken_back = DEPLOYMENTS_BEFORE, 0.0
        for rollout in setting.rollouts if target.place.is_main else ():
            if rollout.job == job and rollout.done_at <= at:
                done = series(name, app=job, version=rollout.version)
                found[done] = setting.starts_at + rollout.done_at
                succeeded += 1
            elif rollout.job == job and rollout.taken_back <= at:
                taken_back += 1
        found[series("deployments_total", app=job, outcome="succeeded")] = succeeded
        found[series("deployments_total", app=job, outcome="rolled_back")] = taken_back
    return found


def pods(place: Place) -> Iterator[tuple[str, str]]:
    """Yield the container and the pod of each of the services."""
    for job in SERVICES:
        for number in range(replicas(place)):
            yield job, f"{job}-{number}"


def _show_pod(place: Place, container: str, pod: str) -> Values:
    uid = str(uuid5(NAMESPACE_URL, f"{place.environment}/{place.region}/{pod}"))
    named = {"namespace": place.namespace, "pod": pod, "uid": uid}
    inside = {**named, "container": container}
    limit = {**inside, "node": "node-1"}
    found = {
        series("kube_pod_container_status_restarts_total", **inside): 0.0,
        series("kube_pod_container_status_ready", **inside): 1.0,
        series(
            "kube_pod_container_resource_limits", **limit, resource="cpu", unit="core"
        ): CPU_CORES,
        series(
            "kube_pod_container_resource_limits", **limit, resource="memory", unit="byte"
        ): MEMORY_BYTES,
    }
    for phase in ("Pending", "Running", "Failed"):
        found[series("kube_pod_status_phase", **named, phase=phase)] = float(phase == "Running")
    return found


def _disk_used(setting: Setting, target: Target, at: float) -> float:
    """Return the share of a disk that is used, 0 to 1."""
    if setting.fault("disk", target, at):
        return 0.9
    return min(0.95, DISK_USED + DISK_FILLS_A_DAY * at / DAY)
