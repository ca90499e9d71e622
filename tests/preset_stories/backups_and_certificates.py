"""Stories of what is too old one day: backups, archives, certificates."""

from tests.preset_stories.story import HERE, Story

BACKUP = f'backup_last_success_timestamp_seconds{{{HERE},job="backups",kind="incremental"'
BACKUPS = f'up{{{HERE},job="backups"}}'
SERVER = f'{HERE},job="postgres",instance='
PRIMARY = f'{SERVER}"primary:9187"'
ARCHIVED = f"pg_stat_archiver_last_archive_age{{{PRIMARY}}}"
SITE = f'{HERE},job="blackbox",instance="https://a.example/",prober='
OF_SITE = {"environment": "prod", "job": "blackbox", "instance": "https://a.example/"}

OLD_BACKUPS = {
    "a backup that nobody knows of is too old": Story(
        preset="backups/too-old", series={BACKUPS: "0x40"}, true_at=("5m",)
    ),
    "the newest of the backups of a kind counts, to the second": Story(
        preset="backups/too-old",
        series={f'{BACKUP},instance="a"}}': "0x1720", f'{BACKUP},instance="b"}}': "300x1720"},
        empty_at=("7h0m15s", "7h5m"),
        true_at=("7h5m15s",),
    ),
    "a backup of another job is none, and another target expects none": Story(
        preset="backups/too-old",
        series={
            BACKUPS: "_x20 1x40",
            f'backup_last_success_timestamp_seconds{{{HERE},job="others",kind="incremental"}}': (
                "_x20 300x40"
            ),
            f'up{{{HERE},job="others"}}': "1x60",
        },
        empty_at=("4m",),
        true_at=("10m",),
    ),
    "what was told before a short outage of the exporter holds for an hour": Story(
        preset="backups/too-old",
        series={BACKUPS: "1x20 0x300", f"{BACKUP}}}": "0x20 stale"},
        empty_at=("10m", "64m"),
        true_at=("66m",),
    ),
    "a target that is gone is missed for six hours, from the hour on that is forgiven": Story(
        preset="backups/too-old",
        series={BACKUPS: "1x20 stale", f"{BACKUP}}}": "0x20 stale"},
        empty_at=("64m", "366m"),
        true_at=("66m", "364m"),
    ),
}

ARCHIVES = {
    "a server that has never archived is too old": Story(
        preset="backups/archive-too-old", series={ARCHIVED: " ".join(20 * ["NaN"])}, true_at=("2m",)
    ),
    "a server that archives at this moment is not": Story(
        preset="backups/archive-too-old", series={ARCHIVED: "0x20"}, empty_at=("2m",)
    ),
    "only the replica itself has nothing to archive": Story(
        preset="backups/archive-too-old",
        series={
            ARCHIVED: "901x20",
            f"pg_replication_is_replica{{{PRIMARY}}}": "0x20",
            f'pg_replication_is_replica{{{SERVER}"replica-1:9187"}}': "1x20",
            'pg_replication_is_replica{environment="dev",job="postgres",instance="primary:9187"}': (
                "1x20"
            ),
        },
        true_at=("2m",),
    ),
    "a replica is one whatever else its exporter says of it": Story(
        preset="backups/archive-too-old",
        series={
            ARCHIVED: "901x20",
            f'pg_replication_is_replica{{{PRIMARY},server="primary:5432"}}': "1x20",
        },
        empty_at=("2m",),
    ),
}

STORIES = {
    **OLD_BACKUPS,
    **ARCHIVES,
    "a certificate that one prober sees is old enough": Story(
        preset="certificates/expires-soon",
        series={
            f'probe_ssl_earliest_cert_expiry{{{SITE}"1"}}': "864000x20",
            f'probe_ssl_earliest_cert_expiry{{{SITE}"2"}}': "8640000x20",
        },
        labels=OF_SITE,
        true_at=("5m",),
    ),
    "an address fails when it does from everywhere": Story(
        preset="certificates/probe-failed",
        series={
            f'probe_success{{{SITE}"1"}}': "0x40",
            f'probe_success{{{SITE}"2"}}': "1x20 0x20",
        },
        labels=OF_SITE,
        empty_at=("4m",),
        true_at=("6m",),
    ),
}
