"""Every metric of the example platform: whose name it is, its type, its labels, its meaning."""

from dataclasses import dataclass
from typing import Literal

MetricType = Literal["counter", "gauge", "histogram", "summary"]
PLATFORM = "platform"  # the owner of names that are the platform's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric's name without the suffixes of its series, and what it says."""

    name: str
    type: MetricType
    owner: str  # PLATFORM, or the exporter that gives the name
    labels: tuple[str, ...]
    help: str

    @property
    def series_names(self) -> tuple[str, ...]:
        """Return the names of its series."""
        if self.type == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        if self.type == "summary":
            return (f"{self.name}_count", f"{self.name}_sum")
        return (self.name,)


# Name, type, labels, meaning; base units: seconds, bytes, ratios.
OWN: tuple[tuple[str, MetricType, str, str], ...] = (
    ("http_requests_total", "counter", "code version", "Requests answered."),
    ("http_request_duration_seconds", "histogram", "version", "Time to answer a request."),
    ("log_lines_total", "counter", "level", "Lines logged."),
    ("health_check_passed", "gauge", "check", "1 when the service's own health check passes."),
    ("connection_pool_in_use", "gauge", "pool", "Connections of the pool that are lent."),
    ("connection_pool_max", "gauge", "pool", "Most connections that the pool may hold."),
    ("cases_created_total", "counter", "", "Cases that citizens opened."),
    ("cases_by_state", "gauge", "state", "Cases in each state."),
    ("case_resolution_seconds", "histogram", "", "Time from opening a case to RESUELTO."),
    ("cases_resolved_total", "counter", "sla", "Cases resolved within or outside their SLA."),
    (
        "case_oldest_pending_seconds",
        "gauge",
        "",
        "Age of the oldest PENDIENTE case, 0 without one.",
    ),
    ("active_users", "gauge", "", "Users with a session."),
    ("notifications_sent_total", "counter", "channel outcome", "Notifications to citizens."),
    ("security_events_total", "counter", "kind", "Events that security looks at."),
    (
        "backup_last_success_timestamp_seconds",
        "gauge",
        "kind",
        "When the newest backup of a kind ended well.",
    ),
    (
        "deployment_last_success_timestamp_seconds",
        "gauge",
        "app version",
        "When a version reached all of the traffic.",
    ),
    ("deployments_total", "counter", "app outcome", "Deployments that ended."),
)

# By exporter: name, type, labels.
EXPORTED: dict[str, tuple[tuple[str, MetricType, str], ...]] = {
    "postgres_exporter": (
        ("pg_up", "gauge", ""),
        ("pg_postmaster_start_time_seconds", "gauge", ""),
        ("pg_settings_max_connections", "gauge", ""),
        ("pg_settings_superuser_reserved_connections", "gauge", ""),
        ("pg_replication_is_replica", "gauge", ""),
        ("pg_replication_lag_seconds", "gauge", ""),
        ("pg_database_size_bytes", "gauge", "datname"),
        ("pg_long_running_transactions_oldest_timestamp_seconds", "gauge", ""),  # an age
        ("pg_stat_database_xact_commit", "counter", "datid datname"),
        ("pg_stat_database_xact_rollback", "counter", "datid datname"),
        ("pg_stat_database_blks_hit", "counter", "datid datname"),
        ("pg_stat_database_blks_read", "counter", "datid datname"),
        ("pg_stat_database_deadlocks", "counter", "datid datname"),
        ("pg_stat_activity_count", "gauge", "datname state"),
        ("pg_stat_activity_max_tx_duration", "gauge", "datname state"),
        (
            "pg_stat_replication_pg_wal_lsn_diff",
            "gauge",
            "application_name client_addr slot_name state",
        ),
        ("pg_stat_archiver_last_archive_age", "gauge", ""),
        ("pg_stat_archiver_failed_count", "counter", ""),
        ("pg_stat_statements_calls_total", "counter", "user datname queryid"),
        ("pg_stat_statements_seconds_total", "counter", "user datname queryid"),
    ),
    "kafka_exporter": (
        ("kafka_brokers", "gauge", ""),
        ("kafka_broker_info", "gauge", "address id"),
        ("kafka_topic_partitions", "gauge", "topic"),
        ("kafka_topic_partition_current_offset", "gauge", "partition topic"),
        ("kafka_topic_partition_in_sync_replica", "gauge", "partition topic"),
        ("kafka_topic_partition_replicas", "gauge", "partition topic"),
        ("kafka_topic_partition_under_replicated_partition", "gauge", "partition topic"),
        ("kafka_topic_partition_leader", "gauge", "partition topic"),
        ("kafka_consumergroup_members", "gauge", "consumergroup"),
        ("kafka_consumergroup_lag", "gauge", "consumergroup partition topic"),
        ("kafka_consumergroup_current_offset", "gauge", "consumergroup partition topic"),
        ("kafka_consumergroup_lag_sum", "gauge", "consumergroup topic"),
    ),
    "blackbox_exporter": (
        ("probe_success", "gauge", ""),
        ("probe_duration_seconds", "gauge", ""),
        ("probe_http_status_code", "gauge", ""),
        ("probe_ssl_earliest_cert_expiry", "gauge", ""),
    ),
    "kube-state-metrics": (
        ("kube_deployment_spec_replicas", "gauge", "namespace deployment"),
        ("kube_deployment_status_replicas_available", "gauge", "namespace deployment"),
        ("kube_deployment_status_replicas_updated", "gauge", "namespace deployment"),
        ("kube_statefulset_replicas", "gauge", "namespace statefulset"),
        ("kube_statefulset_status_replicas_ready", "gauge", "namespace statefulset"),
        ("kube_pod_container_status_restarts_total", "counter", "namespace pod uid container"),
        ("kube_pod_container_status_ready", "gauge", "namespace pod uid container"),
        (
            "kube_pod_container_resource_limits",
            "gauge",
            "namespace pod uid container node resource unit",
        ),
        ("kube_pod_status_phase", "gauge", "namespace pod uid phase"),
        ("kube_cronjob_status_last_successful_time", "gauge", "namespace cronjob"),
    ),
    "kubelet": (
        ("container_cpu_usage_seconds_total", "counter", "namespace pod container cpu"),
        ("container_memory_working_set_bytes", "gauge", "namespace pod container"),
        ("kubelet_volume_stats_capacity_bytes", "gauge", "namespace persistentvolumeclaim"),
        ("kubelet_volume_stats_available_bytes", "gauge", "namespace persistentvolumeclaim"),
    ),
    "node_exporter": (
        ("node_boot_time_seconds", "gauge", ""),
        ("node_load1", "gauge", ""),
        ("node_memory_MemTotal_bytes", "gauge", ""),
        ("node_memory_MemAvailable_bytes", "gauge", ""),
        ("node_cpu_seconds_total", "counter", "cpu mode"),
        ("node_filesystem_size_bytes", "gauge", "device fstype mountpoint"),
        ("node_filesystem_avail_bytes", "gauge", "device fstype mountpoint"),
        ("node_filesystem_readonly", "gauge", "device fstype mountpoint"),
        ("node_filesystem_files", "gauge", "device fstype mountpoint"),
        ("node_filesystem_files_free", "gauge", "device fstype mountpoint"),
        ("node_network_receive_bytes_total", "counter", "device"),
        ("node_network_transmit_bytes_total", "counter", "device"),
        ("node_disk_read_bytes_total", "counter", "device"),
        ("node_disk_written_bytes_total", "counter", "device"),
        ("node_disk_io_time_seconds_total", "counter", "device"),
    ),
    "client_java": (
        ("jvm_memory_used_bytes", "gauge", "area"),
        ("jvm_memory_max_bytes", "gauge", "area"),
        ("jvm_memory_pool_collection_used_bytes", "gauge", "pool"),
        ("jvm_gc_collection_seconds", "summary", "gc"),
        ("jvm_threads_current", "gauge", ""),
        ("jvm_threads_deadlocked", "gauge", ""),
    ),
    "prom-client": (
        ("nodejs_heap_size_used_bytes", "gauge", ""),
        ("nodejs_heap_size_total_bytes", "gauge", ""),
        ("nodejs_eventloop_lag_p99_seconds", "gauge", ""),
    ),
    "every client library": (
        ("process_cpu_seconds_total", "counter", ""),
        ("process_resident_memory_bytes", "gauge", ""),
        ("process_start_time_seconds", "gauge", ""),
        ("process_open_fds", "gauge", ""),
        ("process_max_fds", "gauge", ""),
    ),
}

METRICS = (
    *(
        Metric(name=name, type=kind, owner=PLATFORM, labels=tuple(labels.split()), help=meaning)
        for name, kind, labels, meaning in OWN
    ),
    *(
        Metric(
            name=name,
            type=kind,
            owner=exporter,
            labels=tuple(labels.split()),
            help=f"As {exporter} exports it.",
        )
        for exporter, listed in EXPORTED.items()
        for name, kind, labels in listed
    ),
)
BY_SERIES_NAME = {name: metric for metric in METRICS for name in metric.series_names}
