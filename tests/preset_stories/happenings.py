"""Stories of what happens seldom: breaches and changes, whose first event may bring its series."""

from tests.preset_stories.story import HERE, Story

GATEWAY = f'{HERE},job="gateway"'
UP = f'up{{{GATEWAY},instance="a"}}'
STARTED = f'process_start_time_seconds{{{GATEWAY},instance="a"}}'
INTRUSION = f'security_events_total{{{GATEWAY},instance="a",kind="intrusion_detected"}}'
BREACH = {"environment": "prod", "job": "gateway"}
CHECK = f'health_check_passed{{{HERE},job="casos",check="database"'
PIPELINE = f'up{{{HERE},job="deployments"}}'
ENDED = f'deployments_total{{{HERE},job="deployments",app="casos",outcome='
TAKEN_BACK = {"environment": "prod", "app": "casos"}
OF_ANOTHER = f'deployments_total{{{HERE},job="deployments",app="usuarios",outcome="succeeded"}}'
DEPLOYED = (
    f'deployment_last_success_timestamp_seconds{{{HERE},job="deployments",app="casos",version="1"'
)

BREACHES = {
    "a first event that brings its series is a breach, which ends": Story(
        preset="security/breach",
        series={UP: "1x200", INTRUSION: "_x80 1x120"},
        labels=BREACH,
        empty_at=("19m", "40m"),
        true_at=("21m", "34m"),
    ),
    "one event more is a breach, told for as long": Story(
        preset="security/breach",
        series={UP: "1x200", INTRUSION: "0x80 1x120"},
        labels=BREACH,
        empty_at=("20m", "35m15s"),
        true_at=("20m15s", "34m45s"),
        quiet_at=("20m30s", "35m30s"),
        fires_at=("20m45s", "34m45s"),
    ),
    "a counter that begins with 0 counts no breach": Story(
        preset="security/breach",
        series={UP: "1x200", INTRUSION: "_x80 0x120"},
        empty_at=("21m", "34m"),
    ),
    "a pod's first event is a breach, however young the pod is": Story(
        preset="security/breach",
        series={UP: "_x20 1x180", STARTED: "_x20 290x180", INTRUSION: "_x24 1x180"},
        labels=BREACH,
        empty_at=("5m45s", "21m"),
        true_at=("6m", "19m45s", "20m", "20m45s"),
    ),
    "a pod that is found more than 5m after its start is as old as others": Story(
        preset="security/breach",
        series={UP: "_x26 1x180", STARTED: "_x26 0x180", INTRUSION: "_x40 1x160"},
        labels=BREACH,
        true_at=("10m", "19m45s", "22m", "24m45s"),
        empty_at=("20m15s", "21m15s", "25m15s"),
    ),
    "old events behind a gap of Prometheus are no breach": Story(
        preset="security/breach",
        series={
            UP: "1x4 _x76 1x80",
            STARTED: "-7200x4 _x76 -7200x80",
            INTRUSION: "5x4 _x76 5x80",
            # Others that it did see are none of this one's business.
            f'up{{{GATEWAY},instance="b"}}': "1x160",
            'up{environment="dev",job="gateway",instance="a"}': "1x160",
            f'process_start_time_seconds{{{GATEWAY},instance="b"}}': "600x160",
            'process_start_time_seconds{environment="dev",job="gateway",instance="a"}': "600x160",
        },
        empty_at=("1m", "21m15s", "30m", "36m"),
    ),
    "old events of a pod that was not scraped for a moment are no breach": Story(
        preset="security/breach",
        series={
            UP: "1x40 0x2 1x160",
            STARTED: "-7200x40 stale _x2 -7200x160",
            INTRUSION: "5x40 stale _x2 5x160",
        },
        empty_at=("10m15s", "11m", "25m15s", "25m30s", "25m45s", "26m"),
    ),
}

CHANGES = {
    "a check recovers when it passes on all instances, once": Story(
        preset="changes/health-recovered",
        series={f'{CHECK},instance="a"}}': "1x10 0x4 1x90", f'{CHECK},instance="b"}}': "1x120"},
        empty_at=("2m", "3m45s", "20m"),
        true_at=("4m", "13m15s"),
        quiet_at=("4m45s", "14m30s"),
        fires_at=("5m15s", "13m15s"),
    ),
    "a version is told for a while after the newest that tells of it": Story(
        preset="changes/deployment-succeeded",
        series={
            f'{DEPLOYED},instance="a"}}': "_x8 120x100",
            f'{DEPLOYED},instance="b"}}': "-900x100",
        },
        true_at=("3m", "11m"),
        empty_at=("1m", "12m"),
    ),
    "the first rollback that brings its series is told, for a while": Story(
        preset="changes/deployment-failed",
        series={f'{ENDED}"succeeded"}}': "3x200", f'{ENDED}"rolled_back"}}': "_x80 1x120"},
        labels=TAKEN_BACK,
        empty_at=("19m", "40m"),
        true_at=("21m", "34m"),
    ),
    "one rollback more is told, for as long": Story(
        preset="changes/deployment-failed",
        series={f'{ENDED}"succeeded"}}': "3x200", f'{ENDED}"rolled_back"}}': "0x80 1x120"},
        labels=TAKEN_BACK,
        empty_at=("20m", "35m15s"),
        true_at=("20m15s", "34m45s"),
        quiet_at=("21m", "35m30s"),
        fires_at=("21m30s", "34m45s"),
    ),
    "a counter of rollbacks that begins with 0 tells of none": Story(
        preset="changes/deployment-failed",
        series={f'{ENDED}"succeeded"}}': "3x200", f'{ENDED}"rolled_back"}}': "_x80 0x120"},
        empty_at=("21m", "34m"),
    ),
    "a rollback of what was never deployed before is told": Story(
        preset="changes/deployment-failed",
        series={OF_ANOTHER: "3x200", f'{ENDED}"rolled_back"}}': "_x80 1x120"},
        labels=TAKEN_BACK,
        true_at=("21m", "34m"),
    ),
    "a rollback is told where nothing was deployed since what tells it began": Story(
        preset="changes/deployment-failed",
        series={PIPELINE: "1x200", f'{ENDED}"rolled_back"}}': "_x80 1x120"},
        labels=TAKEN_BACK,
        true_at=("21m", "34m"),
    ),
    "rollbacks from before Prometheus are not told": Story(
        preset="changes/deployment-failed",
        series={f'{ENDED}"succeeded"}}': "3x200", f'{ENDED}"rolled_back"}}': "2x200"},
        empty_at=("30s", "10m", "20m"),
    ),
    "rollbacks from before a gap of Prometheus are not told": Story(
        preset="changes/deployment-failed",
        series={
            PIPELINE: "1x4 _x76 1x80",
            f'{ENDED}"succeeded"}}': "3x4 _x76 3x80",
            f'{ENDED}"rolled_back"}}': "5x4 _x76 5x80",
            # Others that it did see are none of this one's business.
            f'up{{{HERE},job="casos"}}': "1x160",
            'up{environment="dev",job="deployments"}': "1x160",
            f'deployments_total{{{HERE},job="others",app="casos",outcome="succeeded"}}': "3x160",
        },
        empty_at=("1m", "21m15s", "30m", "36m"),
    ),
    "rollbacks from before what tells them was down are not told": Story(
        preset="changes/deployment-failed",
        series={
            PIPELINE: "1x40 0x2 1x160",
            f'{ENDED}"succeeded"}}': "3x40 stale _x2 3x160",
            f'{ENDED}"rolled_back"}}': "5x40 stale _x2 5x160",
        },
        empty_at=("10m15s", "11m", "25m15s", "25m30s", "25m45s", "26m"),
    ),
}

STORIES = {**BREACHES, **CHANGES}
