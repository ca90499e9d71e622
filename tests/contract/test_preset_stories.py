"""What presets' examples cannot tell, since they are steady: told to promtool, old and new."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from generator.presets.argument import read_argument
from generator.presets.read import read_presets
from generator.presets.render import Setting, render_preset
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

HERE = 'environment="prod"'
SETTING = Setting(
    language="en", place={"environment": "prod"}, scrape_interval=timedelta(seconds=15)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Series in promtool's notation, one value each 15 s; when the preset is true and when not."""

    preset: str
    given: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, str]
    true_at: tuple[str, ...] = ()
    empty_at: tuple[str, ...] = ()


def teeth(first: int, rise: int) -> str:
    """Return memory with teeth of 5m15s; each begins `rise` MB above the one before."""
    return " ".join(f"{(first + tooth * rise) * 1_000_000}+9000000x20" for tooth in range(24))


def heap(first: int, rise: int) -> Mapping[str, str]:
    return {
        f"nodejs_heap_size_used_bytes{CASOS_A}": teeth(first, rise),
        f"process_start_time_seconds{CASOS_A}": "-7200x600",
    }


def process(first: int, rise: int) -> Mapping[str, str]:
    return {
        f"process_resident_memory_bytes{CASOS_A}": teeth(first, rise),
        f"process_start_time_seconds{CASOS_A}": "-7200x600",
    }


def jvm(first: int, rise: int) -> Mapping[str, str]:
    at = CASOS_A.removesuffix("}")
    return {
        f'jvm_memory_pool_collection_used_bytes{at},pool="G1 Old Gen"}}': teeth(first, rise),
        f'jvm_memory_max_bytes{at},area="heap"}}': "600000000x600",
        f"process_start_time_seconds{CASOS_A}": "-7200x600",
    }


CASOS_A = f'{{{HERE},job="casos",instance="a"}}'
LEAK = {"over": "1h", "within": "2h", "limit": "600000000"}
GATEWAY = f'{{{HERE},job="gateway",instance="a"}}'
INTRUSION = f'security_events_total{{{HERE},job="gateway",instance="a",kind="intrusion_detected"}}'
CHECK = f'health_check_passed{{{HERE},job="casos",check="database"'
ENDED = f'deployments_total{{{HERE},job="deployments",app="casos",outcome='
GROUP = f'{{{HERE},job="kafka",consumergroup="derivacion-group",topic="casos",partition="0"}}'
PARTITIONS = f'kafka_topic_partitions{{{HERE},job="kafka",topic="casos"}}'
RESOLVED = f'cases_resolved_total{{{HERE},job="casos",sla='
CREATED = f'cases_created_total{{{HERE},job="casos"}}'
LINES = f'log_lines_total{{{HERE},job="casos",level='
CERTIFICATE = (
    f'probe_ssl_earliest_cert_expiry{{{HERE},job="blackbox",instance="https://a.example/",prober='
)
BACKUP = f'backup_last_success_timestamp_seconds{{{HERE},job="backups",kind="incremental"'
STATEMENTS = f'{{{HERE},job="postgres",instance="primary:9187",datname="a",queryid='
PRIMARY = f'{HERE},job="postgres",instance="primary:9187"'

STORIES = {
    "a backup that nobody knows of is too old": Story(
        preset="backups/too-old",
        series={f'up{{{HERE},job="backups"}}': "0x40"},
        true_at=("5m",),
    ),
    "teeth of a saw are no leak": Story(
        preset="memory-leak/nodejs", given=LEAK, series=heap(400, 0), empty_at=("90m", "100m")
    ),
    "teeth whose floor rises are a leak": Story(
        preset="memory-leak/nodejs", given=LEAK, series=heap(100, 15), true_at=("90m", "100m")
    ),
    "teeth of a saw are no leak of a process": Story(
        preset="memory-leak/process", given=LEAK, series=process(400, 0), empty_at=("90m", "100m")
    ),
    "a process whose floor rises leaks": Story(
        preset="memory-leak/process", given=LEAK, series=process(100, 15), true_at=("90m", "100m")
    ),
    "a process whose floor falls does not leak": Story(
        preset="memory-leak/process",
        given=LEAK,
        series=process(500, -15),
        empty_at=("90m", "100m"),
    ),
    "teeth of a saw are no leak of a Java process": Story(
        preset="memory-leak/jvm", series=jvm(400, 0), empty_at=("90m", "100m")
    ),
    "a Java process whose floor rises leaks": Story(
        preset="memory-leak/jvm", series=jvm(100, 15), true_at=("90m", "100m")
    ),
    "a Java process whose floor falls does not leak": Story(
        preset="memory-leak/jvm", series=jvm(500, -15), empty_at=("90m", "100m")
    ),
    "warnings of all instances count together": Story(
        preset="logs/warnings",
        series={
            f'{LINES}"warn",instance="a"}}': "0+1.5x60",
            f'{LINES}"warn",instance="b"}}': "0+1.5x60",
        },
        true_at=("10m",),
    ),
    "errors of all instances count together": Story(
        preset="logs/errors",
        series={
            f'{LINES}"error",instance="a"}}': "0+0.75x60",
            f'{LINES}"error",instance="b"}}': "0+0.75x60",
        },
        true_at=("10m",),
    ),
    "a burst of errors that is over is told no more": Story(
        preset="logs/errors",
        series={f'{LINES}"error",instance="a"}}': "0+5x20 100x60"},
        true_at=("5m", "8m"),
        empty_at=("11m",),
    ),
    "a burst of warnings that is over is told no more": Story(
        preset="logs/warnings",
        series={f'{LINES}"warn",instance="a"}}': "0+10x20 200x60"},
        true_at=("5m", "8m"),
        empty_at=("11m",),
    ),
    "a certificate that one prober sees is old enough": Story(
        preset="certificates/expires-soon",
        series={f'{CERTIFICATE}"1"}}': "864000x20", f'{CERTIFICATE}"2"}}': "8640000x20"},
        true_at=("5m",),
    ),
    "the newest of the backups of a kind counts, to the second": Story(
        preset="backups/too-old",
        series={f'{BACKUP},instance="a"}}': "0x1720", f'{BACKUP},instance="b"}}': "300x1720"},
        empty_at=("7h0m15s", "7h5m"),
        true_at=("7h5m15s",),
    ),
    "one exporter that sees all brokers is enough": Story(
        preset="kafka/broker-down",
        series={
            f'kafka_brokers{{{HERE},job="kafka",instance="a"}}': "3x20",
            f'kafka_brokers{{{HERE},job="kafka",instance="b"}}': "2x20",
        },
        empty_at=("2m",),
    ),
    "a partition with too few copies is seen by one exporter": Story(
        preset="kafka/under-replicated",
        series={
            "kafka_topic_partition_under_replicated_partition"
            f'{{{HERE},job="kafka",instance="{exporter}",topic="casos",partition="0"}}': value
            for exporter, value in (("a", "1x20"), ("b", "0x20"))
        },
        true_at=("2m",),
    ),
    "a replica that is not behind is one": Story(
        preset="postgresql/replicas-missing",
        series={
            f"pg_replication_is_replica{{{PRIMARY}}}": "0x20",
            f'pg_stat_replication_pg_wal_lsn_diff{{{PRIMARY},state="streaming"}}': "0x20",
        },
        empty_at=("5m",),
    ),
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
        true_at=("8m",),
    ),
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
    "a floor that falls is no leak": Story(
        preset="memory-leak/nodejs", given=LEAK, series=heap(500, -15), empty_at=("90m", "100m")
    ),
    "a first event that brings its series is a breach, which ends": Story(
        preset="security/breach",
        series={f"up{GATEWAY}": "1x200", INTRUSION: "_x80 1x120"},
        empty_at=("19m", "40m"),
        true_at=("21m", "34m"),
    ),
    "old events behind a gap of Prometheus are no breach": Story(
        preset="security/breach",
        series={f"up{GATEWAY}": "1x4 _x76 1x80", INTRUSION: "5x4 _x76 5x80"},
        empty_at=("1m", "21m15s", "30m", "36m"),
    ),
    "a check recovers when it passes on all instances, once": Story(
        preset="changes/health-recovered",
        series={f'{CHECK},instance="a"}}': "1x10 0x4 1x90", f'{CHECK},instance="b"}}': "1x120"},
        empty_at=("2m", "3m30s", "20m"),
        true_at=("5m", "13m"),
    ),
    "the first rollback that brings its series is told, for a while": Story(
        preset="changes/deployment-failed",
        series={f'{ENDED}"succeeded"}}': "3x200", f'{ENDED}"rolled_back"}}': "_x80 1x120"},
        empty_at=("19m", "40m"),
        true_at=("21m", "34m"),
    ),
    "rollbacks from before Prometheus are not told": Story(
        preset="changes/deployment-failed",
        series={f'{ENDED}"succeeded"}}': "3x200", f'{ENDED}"rolled_back"}}': "2x200"},
        empty_at=("30s", "10m", "20m"),
    ),
    "a version is told for a while": Story(
        preset="changes/deployment-succeeded",
        series={
            "deployment_last_success_timestamp_seconds"
            f'{{{HERE},job="deployments",app="casos",version="1"}}': "_x8 120x100"
        },
        true_at=("3m", "11m"),
        empty_at=("1m", "12m"),
    ),
    "a group that reads slowly is not stalled": Story(
        preset="kafka/consumer-stalled",
        series={
            f"kafka_consumergroup_current_offset{GROUP}": "0+1x80",
            f"kafka_consumergroup_lag{GROUP}": "900x80",
        },
        empty_at=("15m",),
    ),
    "a group that stops while messages wait is stalled": Story(
        preset="kafka/consumer-stalled",
        series={
            f"kafka_consumergroup_current_offset{GROUP}": "0+1x20 20x80",
            f"kafka_consumergroup_lag{GROUP}": "1x20 1+3x80",
        },
        empty_at=("10m",),
        true_at=("20m",),
    ),
    "a topic of which no partition has a leader is offline": Story(
        preset="kafka/offline-partitions", series={PARTITIONS: "3x20"}, true_at=("2m",)
    ),
    "a dead exporter of Kafka sees no cluster": Story(
        preset="kafka/cluster-down", series={f'up{{{HERE},job="kafka"}}': "0x20"}, true_at=("2m",)
    ),
    "a dead exporter of PostgreSQL tells of no database": Story(
        preset="postgresql/down", series={f"up{{{PRIMARY}}}": "0x20"}, true_at=("1m",)
    ),
    "one replica of one is none too few, and none of one is": Story(
        preset="postgresql/replicas-missing",
        series={
            f"pg_replication_is_replica{{{PRIMARY}}}": "0x80",
            f'pg_stat_replication_pg_wal_lsn_diff{{{PRIMARY},state="streaming"}}': "9x20 stale",
        },
        empty_at=("5m",),
        true_at=("6m",),
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
    "a few that came too late prove nothing": Story(
        preset="workflow/sla-compliance",
        given={"over": "30m"},
        series={f'{RESOLVED}"outside"}}': "0+0.1x160"},
        empty_at=("30m",),
    ),
    "many arrive, and nothing ever counted what left": Story(
        preset="workflow/stalled", series={CREATED: "0+1x400"}, true_at=("70m",)
    ),
    "few arrive, and none leaves": Story(
        preset="workflow/stalled", series={CREATED: "0+0.05x400"}, empty_at=("70m",)
    ),
}


@pytest.fixture(params=SET_NAMES)
def tools(request: pytest.FixtureRequest) -> ToolSet:
    return require_tool_set(str(request.param))


@pytest.mark.parametrize("name", STORIES)
def test_promtool_agrees_with_the_story(name: str, tools: ToolSet, tmp_path: Path) -> None:
    story = STORIES[name]
    assert story.true_at or story.empty_at
    asked = f"clamp_max(count({expression_of(story)}), 1)"
    wanted = {**dict.fromkeys(story.true_at, True), **dict.fromkeys(story.empty_at, False)}
    test = {
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [
                    {"series": series, "values": values} for series, values in story.series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": asked,
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": 1}] if is_true else [],
                    }
                    for at, is_true in wanted.items()
                ],
            }
        ],
    }
    (tmp_path / "story.yml").write_text(yaml.safe_dump(test), "utf-8")

    found = subprocess.run(
        [tools.promtool, "test", "rules", "story.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr


def expression_of(story: Story) -> str:
    preset = read_presets()[story.preset]
    arguments = {
        name: read_argument(parameter, story.given.get(name, parameter.example))
        for name, parameter in preset.parameters.items()
    }
    assert story.given.keys() <= arguments.keys()
    return str(render_preset(preset, arguments, SETTING)["expr"])
