"""Stories of what applications count and lend: lines, logins, items, connections."""

from tests.preset_stories.story import HERE, Story

CASOS_A = f'{{{HERE},job="casos",instance="a"}}'
LOGINS = f'security_events_total{{{HERE},job="gateway",instance="a",kind="failed_login"}}'
POOL = f'{{{HERE},job="casos",instance="a",pool="database"}}'
RESOLVED = f'cases_resolved_total{{{HERE},job="casos",sla='
CREATED = f'cases_created_total{{{HERE},job="casos"}}'
LINES = f'log_lines_total{{{HERE},job="casos",level='


COUNTED = {
    **{
        f"{level}s of all instances count together": Story(
            preset=f"logs/{preset}",
            series={
                f'{LINES}"{level}",instance="a"}}': f"0+{each}x60",
                f'{LINES}"{level}",instance="b"}}': f"0+{each}x60",
            },
            true_at=("10m",),
        )
        for preset, level, each in (("warnings", "warn", 1.5), ("errors", "error", 0.75))
    },
    "a burst of errors is told when it lasts, and no more when it is over": Story(
        preset="logs/errors",
        series={f'{LINES}"error",instance="a"}}': "0+5x20 100x60"},
        true_at=("5m", "8m"),
        empty_at=("11m",),
        quiet_at=("5m45s", "10m"),
        fires_at=("6m45s", "8m"),
    ),
    "a burst of warnings is told when it lasts, and no more when it is over": Story(
        preset="logs/warnings",
        series={f'{LINES}"warn",instance="a"}}': "0+10x60 600x60"},
        true_at=("5m", "18m"),
        empty_at=("21m",),
        quiet_at=("8m", "20m"),
        fires_at=("12m", "18m"),
    ),
    "a burst of failed logins is told when it lasts, and no more when it is over": Story(
        preset="security/failed-logins",
        series={LOGINS: "0x40 30+30x39 1200x60"},
        empty_at=("12m", "24m"),
        true_at=("13m", "22m"),
        quiet_at=("17m", "23m30s"),
        fires_at=("18m30s", "22m"),
    ),
}

WORKFLOW = {
    "what has waited longest on any instance counts": Story(
        preset="workflow/oldest-waiting",
        series={
            f"case_oldest_pending_seconds{CASOS_A}": "601x20",
            f'case_oldest_pending_seconds{{{HERE},job="casos",instance="b"}}': "0x20",
        },
        true_at=("2m",),
    ),
    "what arrives on two instances counts together": Story(
        preset="workflow/stalled",
        series={
            f"cases_created_total{CASOS_A}": "0+0.05x400",
            f'cases_created_total{{{HERE},job="casos",instance="b"}}': "0+0.05x400",
        },
        true_at=("70m",),
    ),
    "what was resolved two hours ago does not count": Story(
        preset="workflow/stalled",
        series={
            f"cases_created_total{CASOS_A}": "0+1x600",
            f"cases_resolved_total{CASOS_A}": "0+1x100 100x500",
        },
        empty_at=("80m",),
        true_at=("90m",),
    ),
    "one that leaves is enough": Story(
        preset="workflow/stalled",
        series={CREATED: "0+1x400", f"cases_resolved_total{CASOS_A}": "0x200 1x200"},
        true_at=("50m",),
        empty_at=("50m15s", "70m"),
    ),
    "many arrive within the hour, and nothing ever counted what left": Story(
        preset="workflow/stalled",
        series={CREATED: "0+1x100 100x400"},
        true_at=("70m",),
        empty_at=("100m",),
        quiet_at=("9m", "82m"),
        fires_at=("11m", "70m"),
    ),
    "one too few arrives, and none leaves": Story(
        preset="workflow/stalled", series={CREATED: "0+0.0791x400"}, empty_at=("70m",)
    ),
    "too late, all of them, and no series of the others": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={f'{RESOLVED}"outside"}}': "0+1x160"},
        true_at=("30m",),
    ),
    "in time, all of them, and no series of the others": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={f'{RESOLVED}"within"}}': "0+1x160"},
        empty_at=("30m",),
    ),
    "one too few of late proves nothing, however many there were": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={f'{RESOLVED}"outside"}}': "0+1x160 160+0.158x200"},
        true_at=("60m",),
        empty_at=("75m",),
    ),
    "just enough, on two instances together, prove it": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={
            f'{RESOLVED}"outside",instance="a"}}': "0+0.0875x200",
            f'{RESOLVED}"outside",instance="b"}}': "0+0.0875x200",
        },
        true_at=("40m",),
    ),
    "what two instances resolve too late counts together": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={
            f'{RESOLVED}"{sla}",instance="{instance}"}}': f"0+{each}x160"
            for instance in "ab"
            for sla, each in (("outside", 0.06), ("within", 0.44))
        },
        true_at=("35m",),
    ),
    "too late at once is told when it lasts, for as long as it counts": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={f'{RESOLVED}"outside"}}': "0+1x21 21x200"},
        true_at=("10m", "30m"),
        empty_at=("32m",),
        quiet_at=("12m", "33m"),
        fires_at=("17m", "30m"),
    ),
}

STORIES = {
    **COUNTED,
    **WORKFLOW,
    "a pool of one is exhausted when it is lent": Story(
        preset="pool/exhausted",
        series={f"connection_pool_in_use{POOL}": "1x20", f"connection_pool_max{POOL}": "1x20"},
        true_at=("2m",),
    ),
}
