"""Stories of brokers, partitions and consumer groups."""

from tests.preset_stories.story import HERE, Story

KAFKA = f'{HERE},job="kafka"'
CLUSTER = {"environment": "prod", "job": "kafka"}
GROUP = f'{{{KAFKA},consumergroup="derivacion-group",topic="casos",partition="0"}}'
OFFSET = f"kafka_consumergroup_current_offset{GROUP}"
LAG = f"kafka_consumergroup_lag{GROUP}"
PARTITIONS = f'kafka_topic_partitions{{{KAFKA},topic="casos"'
LEADER = f'kafka_topic_partition_leader{{{KAFKA},topic="casos",instance="a",partition='
FEW_COPIES = f'kafka_topic_partition_under_replicated_partition{{{KAFKA},topic="casos"'

STORIES = {
    "one exporter that sees all brokers is enough": Story(
        preset="kafka/broker-down",
        series={
            f'kafka_brokers{{{KAFKA},instance="a"}}': "3x20",
            f'kafka_brokers{{{KAFKA},instance="b"}}': "2x20",
        },
        empty_at=("2m",),
    ),
    "a cluster has lost a broker, whichever exporter says so": Story(
        preset="kafka/broker-down",
        series={f'kafka_brokers{{{KAFKA},instance="a"}}': "2x20"},
        labels=CLUSTER,
        true_at=("2m",),
    ),
    "a partition with too few copies is seen by one exporter": Story(
        preset="kafka/under-replicated",
        series={
            f'{FEW_COPIES},instance="{exporter}",partition="0"}}': value
            for exporter, value in (("a", "1x20"), ("b", "0x20"))
        },
        labels={**CLUSTER, "topic": "casos"},
        true_at=("2m",),
    ),
    "a group that reads slowly is not stalled": Story(
        preset="kafka/consumer-stalled",
        series={OFFSET: "0+1x80", LAG: "900x80"},
        empty_at=("15m",),
    ),
    "a group that stops while messages wait is stalled": Story(
        preset="kafka/consumer-stalled",
        series={OFFSET: "0+1x20 20x80", LAG: "1x20 1+3x80"},
        empty_at=("10m",),
        true_at=("20m",),
    ),
    "a group stalls when messages wait for the whole time, until it reads": Story(
        preset="kafka/consumer-stalled",
        series={OFFSET: "20x140 21x60", LAG: "0x60 5x140"},
        empty_at=("20m", "24m30s", "35m30s"),
        true_at=("26m", "35m"),
        quiet_at=("36m",),
        fires_at=("27m",),
    ),
    "a topic of which no partition has a leader is offline": Story(
        preset="kafka/offline-partitions", series={f"{PARTITIONS}}}": "3x20"}, true_at=("2m",)
    ),
    "a partition that only one exporter knows of is offline, too": Story(
        preset="kafka/offline-partitions",
        series={
            f'{PARTITIONS},instance="a"}}': "3x20",
            f'{PARTITIONS},instance="b"}}': "2x20",
            f'{LEADER}"0"}}': "1x20",
            f'{LEADER}"1"}}': "2x20",
        },
        true_at=("2m",),
    ),
    "a dead exporter of Kafka sees no cluster": Story(
        preset="kafka/cluster-down",
        series={f"up{{{KAFKA}}}": "0x20"},
        labels=CLUSTER,
        true_at=("2m",),
    ),
    "a dead target of another job is no cluster of Kafka": Story(
        preset="kafka/cluster-down",
        series={f"up{{{KAFKA}}}": "1x20", f'up{{{HERE},job="casos"}}': "0x20"},
        empty_at=("2m",),
    ),
}
