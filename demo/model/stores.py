"""PostgreSQL, its backups, and Kafka, as postgres_exporter and kafka_exporter show them."""

from demo.model.noise import uniform
from demo.model.places import MAIN, Place, Target
from demo.model.setting import DAY, LOCAL_TIME, Fault, Setting, Values, series

DATABASE = {"datid": "16384", "datname": "conecta360"}
MAX_CONNECTIONS = 300.0
RESERVED_CONNECTIONS = 3.0
COMMITS_A_SECOND = 120.0  # in all of production's main region, at the daily mean
DATABASE_BYTES = 80e9
BYTES_A_DAY = 200e6
WAL_BYTES_A_SECOND = 40_000.0
UP_FOR = 40 * DAY  # when the model starts
BROKERS = 3
PARTITIONS = 3
MESSAGES_A_SECOND = 6.0  # on each topic, at the daily mean
CATCHES_UP = 10  # times as fast as messages come, after a stall
GROUPS = {"derivacion-group": "casos", "notificaciones-group": "notificaciones"}
BACKUP_TAKES = {"incremental": 300.0, "full": 2400.0, "weekly": 4800.0}  # s
MONDAY_TO_SUNDAY = 6 * DAY
THURSDAY_TO_MONDAY = 4 * DAY  # Unix time began on a Thursday


def show_postgres(setting: Setting, target: Target, tick: int) -> Values:
    """Return the page of postgres_exporter for one server."""
    at = setting.time_of(tick)
    if setting.fault("database", target, at):
        return {series("pg_up"): 0.0}
    primary = target.instance.startswith("primary")
    chance = uniform(setting.seed, f"{target.name}/connections", tick)
    place = target.place
    transactions = COMMITS_A_SECOND * place.traffic * (UP_FOR + setting.busy_seconds(at))
    found = {
        series("pg_up"): 1.0,
        series("pg_postmaster_start_time_seconds"): setting.starts_at - UP_FOR,
        series("pg_settings_max_connections"): MAX_CONNECTIONS,
        series("pg_settings_superuser_reserved_connections"): RESERVED_CONNECTIONS,
        series("pg_replication_is_replica"): 0.0 if primary else 1.0,
        series("pg_replication_lag_seconds"): 0.0 if primary else _behind(setting, at, chance),
        series("pg_database_size_bytes", datname="conecta360"): _database_bytes(place, at),
        series("pg_long_running_transactions_oldest_timestamp_seconds"): 0.2 + 2 * chance,
        series("pg_stat_database_xact_commit", **DATABASE): float(int(transactions)),
        series("pg_stat_database_xact_rollback", **DATABASE): float(int(transactions * 0.001)),
        series("pg_stat_database_blks_hit", **DATABASE): float(int(transactions * 40)),
        series("pg_stat_database_blks_read", **DATABASE): float(int(transactions * 0.4)),
        series("pg_stat_database_deadlocks", **DATABASE): 2.0,
    }
    connections = MAX_CONNECTIONS * (0.15 + 0.15 * setting.busy(at))
    for state, share in (("active", 0.1), ("idle", 0.85), ("idle in transaction", 0.05)):
        labels = {"datname": "conecta360", "state": state}
        found[series("pg_stat_activity_count", **labels)] = float(round(connections * share))
        busy_for = 0.0 if state == "idle" else 0.2 + 2 * chance
        found[series("pg_stat_activity_max_tx_duration", **labels)] = busy_for
    if primary:
        found.update(_show_primary(setting, at, chance))
    return found


def show_backups(setting: Setting, _: Target, tick: int) -> Values:
    """Return when each kind of backup last ended well.

    R11: incremental every 6 h, full at 02:00 each day, weekly on Sundays at
    02:00; hours are those of Cape Verde.
    """
    now = setting.starts_at + setting.time_of(tick)
    sunday = THURSDAY_TO_MONDAY + MONDAY_TO_SUNDAY
    return {
        series("backup_last_success_timestamp_seconds", kind=kind): _last_end(
            now, every=every, first=first - LOCAL_TIME, takes=BACKUP_TAKES[kind]
        )
        for kind, every, first in (
            ("incremental", 6 * 3600.0, 0.0),
            ("full", DAY, 7200.0),
            ("weekly", 7 * DAY, sunday + 7200.0),
        )
    }


def show_kafka(setting: Setting, target: Target, tick: int) -> Values:
    """Return the page of kafka_exporter."""
    at = setting.time_of(tick)
    brokers = BROKERS - 1 if setting.fault("broker", target, at) else BROKERS
    found = {series("kafka_brokers"): float(brokers)}
    for number in range(1, brokers + 1):
        address = f"kafka-{number - 1}.kafka:9092"
        found[series("kafka_broker_info", address=address, id=str(number))] = 1.0
    for group, topic in GROUPS.items():
        found[series("kafka_topic_partitions", topic=topic)] = float(PARTITIONS)
        found[series("kafka_consumergroup_members", consumergroup=group)] = float(PARTITIONS)
        together = 0.0
        for number in range(PARTITIONS):
            where = {"partition": str(number), "topic": topic}
            lag = _lag(setting, target, tick, group=group, partition=number)
            together += lag
            written = _written(setting, target, at)
            found.update(_show_partition(where, brokers, written=written))
            read = {"consumergroup": group, **where}
            found[series("kafka_consumergroup_lag", **read)] = lag
            found[series("kafka_consumergroup_current_offset", **read)] = written - lag
        found[series("kafka_consumergroup_lag_sum", consumergroup=group, topic=topic)] = together
    return found


def _behind(setting: Setting, at: float, chance: float) -> float:
    for fault in setting.faults:  # replicas in both regions follow production's primary
        if fault.kind == "replica" and fault.starts <= at < fault.ends:
            return at - fault.starts
    return round(0.05 + 0.4 * chance, 3)


def _database_bytes(place: Place, at: float) -> float:
    # Region B holds all that production's primary does.
    size = 1.0 if place.environment == "prod" else place.traffic
    return size * (DATABASE_BYTES + BYTES_A_DAY * at / DAY)


def _show_primary(setting: Setting, at: float, chance: float) -> Values:
    replica = {
        "application_name": "replica-1",
        "client_addr": "10.0.0.12",
        "slot_name": "replica_1",
        "state": "streaming",
    }
    statement = {"user": "casos", "datname": "conecta360", "queryid": "4711"}
    calls = 30.0 * (UP_FOR + setting.busy_seconds(at))
    behind = _behind(setting, at, chance)
    return {
        series("pg_stat_replication_pg_wal_lsn_diff", **replica): WAL_BYTES_A_SECOND * behind,
        series("pg_stat_archiver_last_archive_age"): at % 300,
        series("pg_stat_archiver_failed_count"): 0.0,
        series("pg_stat_statements_calls_total", **statement): float(int(calls)),
        series("pg_stat_statements_seconds_total", **statement): calls * 0.004,
    }


def _last_end(now: float, *, every: float, first: float, takes: float) -> float:
    """Return the latest instant first + takes + n * every that is not after now (Unix seconds)."""
    done = first + takes
    return done + (now - done) // every * every


def _show_partition(where: dict[str, str], brokers: int, *, written: float) -> Values:
    return {
        series("kafka_topic_partition_current_offset", **where): written,
        series("kafka_topic_partition_in_sync_replica", **where): float(brokers),
        series("kafka_topic_partition_replicas", **where): float(BROKERS),
        series("kafka_topic_partition_under_replicated_partition", **where): float(
            brokers < BROKERS
        ),
        series("kafka_topic_partition_leader", **where): float(
            int(where["partition"]) % brokers + 1
        ),
    }


def _written(setting: Setting, target: Target, at: float) -> float:
    """Return a partition's newest offset."""
    a_second = MESSAGES_A_SECOND * target.place.traffic / PARTITIONS
    return 1_000_000.0 + int(a_second * setting.busy_seconds(at))


def _lag(setting: Setting, target: Target, tick: int, *, group: str, partition: int) -> float:
    """Return the messages of one partition that a group has not read."""
    at = setting.time_of(tick)
    chance = uniform(setting.seed, f"{target.name}/{group}/{partition}", tick)
    lag = int(12 * chance * target.place.traffic)
    if group == "derivacion-group" and target.place == MAIN:
        for fault in setting.faults:
            if fault.kind == "stalled" and fault.starts <= at:
                lag += _backlog(setting, target, fault, at)
    return float(lag)


def _backlog(setting: Setting, target: Target, fault: Fault, at: float) -> int:
    """Return what a stall left unread in one partition and was not caught up since."""
    until = min(at, fault.ends)
    missed = _written(setting, target, until) - _written(setting, target, fault.starts)
    if at <= fault.ends:
        return int(missed)
    a_second = MESSAGES_A_SECOND / PARTITIONS
    return max(0, int(missed - CATCHES_UP * a_second * (at - fault.ends)))
