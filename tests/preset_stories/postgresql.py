"""Stories of primaries, replicas and what they answer."""

from tests.preset_stories.story import HERE, Story

SERVER = f'{HERE},job="postgres",instance='
PRIMARY = f'{SERVER}"primary:9187"'
OF_PRIMARY = {"environment": "prod", "job": "postgres", "instance": "primary:9187"}
OF_DATABASE = {**OF_PRIMARY, "datname": "a"}
IS_REPLICA = f"pg_replication_is_replica{{{PRIMARY}}}"
STATEMENTS = f'{{{PRIMARY},datname="a",queryid='
IDLE = f'pg_stat_activity_count{{{PRIMARY},state="idle in transaction"'
TRANSACTION = f'pg_stat_activity_max_tx_duration{{{PRIMARY},datname="a",state="active"'


def streams(to: str, primary: str = PRIMARY) -> str:
    return (
        f"pg_stat_replication_pg_wal_lsn_diff"
        f'{{{primary},state="streaming",application_name="{to}"}}'
    )


QUERIES = {
    "a slow query among quick ones does not make the mean slow": Story(
        preset="postgresql/slow-queries",
        series={
            f'pg_stat_statements_seconds_total{STATEMENTS}"1"}}': "0+0.6x40",
            f'pg_stat_statements_calls_total{STATEMENTS}"1"}}': "0+1x40",
            f'pg_stat_statements_seconds_total{STATEMENTS}"2"}}': "0+0.3x40",
            f'pg_stat_statements_calls_total{STATEMENTS}"2"}}': "0+1x40",
        },
        empty_at=("8m",),
    ),
    "queries that are all slow make the mean slow": Story(
        preset="postgresql/slow-queries",
        series={
            f'pg_stat_statements_seconds_total{STATEMENTS}"1"}}': "0+0.7x40",
            f'pg_stat_statements_calls_total{STATEMENTS}"1"}}': "0+1x40",
            f'pg_stat_statements_seconds_total{STATEMENTS}"2"}}': "0+0.7x40",
            f'pg_stat_statements_calls_total{STATEMENTS}"2"}}': "0+1x40",
        },
        labels=OF_DATABASE,
        true_at=("8m",),
    ),
    "the bound itself is still fine": Story(
        preset="postgresql/slow-queries",
        series={
            f'pg_stat_statements_seconds_total{STATEMENTS}"1"}}': "0+0.5x40",
            f'pg_stat_statements_calls_total{STATEMENTS}"1"}}': "0+1x40",
        },
        empty_at=("8m",),
    ),
    "queries are slow until the last five minutes were quick": Story(
        preset="postgresql/slow-queries",
        series={
            f'pg_stat_statements_seconds_total{STATEMENTS}"1"}}': "0+1x60 60.1+0.1x60",
            f'pg_stat_statements_calls_total{STATEMENTS}"1"}}': "0+1x60 63+3x60",
        },
        true_at=("14m", "16m"),
        empty_at=("19m",),
        quiet_at=("9m", "18m30s"),
        fires_at=("12m", "16m"),
    ),
}

REPLICAS = {  # two are wanted
    "a replica that is not behind is one": Story(
        preset="postgresql/replicas-missing",
        series={IS_REPLICA: "0x20", streams("r1"): "0x20", streams("r2"): "9x20"},
        empty_at=("5m",),
    ),
    "two replicas are none too few, and one is": Story(
        preset="postgresql/replicas-missing",
        series={IS_REPLICA: "0x80", streams("r1"): "9x80", streams("r2"): "9x20 stale"},
        labels=OF_PRIMARY,
        empty_at=("5m",),
        true_at=("6m",),
    ),
    "none at all is too few": Story(
        preset="postgresql/replicas-missing",
        series={IS_REPLICA: "0x80", streams("r1"): "9x20 stale", streams("r2"): "9x20 stale"},
        labels=OF_PRIMARY,
        empty_at=("5m",),
        true_at=("6m",),
    ),
    "one of two replicas of another job is none of these": Story(
        preset="postgresql/replicas-missing",
        series={
            IS_REPLICA: "0x20",
            streams("r1"): "9x20",
            streams("r2"): "9x20",
            streams("r1", f'{HERE},job="others",instance="primary:9187"'): "9x20",
        },
        empty_at=("5m",),
    ),
    "it is the replica that is behind": Story(
        preset="postgresql/replica-lag",
        series={f"pg_replication_lag_seconds{{{PRIMARY}}}": "301x20"},
        labels=OF_PRIMARY,
        true_at=("2m",),
    ),
}

STORIES = {
    **QUERIES,
    **REPLICAS,
    "a dead exporter of PostgreSQL tells of no database": Story(
        preset="postgresql/down",
        series={f"up{{{PRIMARY}}}": "0x20"},
        labels=OF_PRIMARY,
        true_at=("1m",),
    ),
    "a dead target of another job is no database": Story(
        preset="postgresql/down",
        series={f"up{{{PRIMARY}}}": "1x20", f'up{{{HERE},job="casos",instance="a"}}': "0x20"},
        empty_at=("1m",),
    ),
    "the transaction that works longest counts": Story(
        preset="postgresql/long-transaction",
        series={
            f'{TRANSACTION},application_name="a"}}': "601x20",
            f'{TRANSACTION},application_name="b"}}': "1x20",
        },
        labels=OF_DATABASE,
        true_at=("2m",),
    ),
    "deadlocks all at once are told for ten minutes": Story(
        preset="postgresql/deadlocks",
        series={f'pg_stat_database_deadlocks{{{PRIMARY},datname="a"}}': "0x40 10x60"},
        labels=OF_DATABASE,
        empty_at=("10m", "20m15s"),
        true_at=("10m15s", "19m45s"),
        quiet_at=("11m", "20m30s"),
        fires_at=("11m30s", "19m45s"),
    ),
    "connections of all databases count together": Story(
        preset="postgresql/too-many-idle-in-transaction",
        series={f'{IDLE},datname="{database}"}}': "6x20" for database in "ab"},
        labels=OF_PRIMARY,
        true_at=("5m",),
    ),
}
