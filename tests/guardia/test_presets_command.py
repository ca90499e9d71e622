"""`guardia presets`: what it says of each preset, and of pages of metrics."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.presets.model import Preset
from generator.presets.read import read_families, read_presets
from guardia.cli.main import main
from tests.catalogs import ROOT, copy_catalog, read_whole

PRESETS = tuple(read_presets().values())
KAFKA = """\
# HELP kafka_brokers Number of Brokers in the Kafka Cluster.
# TYPE kafka_brokers gauge
kafka_brokers 3
# TYPE kafka_consumergroup_lag gauge
kafka_consumergroup_lag{consumergroup="a",partition="0",topic="t"} 4
# TYPE kafka_consumergroup_current_offset gauge
kafka_consumergroup_current_offset{consumergroup="a",topic="t"} 4
# TYPE kafka_topic_partition_leader gauge
kafka_topic_partition 1
"""


def printed(capsys: pytest.CaptureFixture[str], *words: str, exits: int = 0) -> str:
    """Return what the command prints."""
    assert main(["presets", *words]) == exits
    found = capsys.readouterr()
    return found.out if exits < 2 else found.err


def test_all_presets_are_listed_with_their_kind_and_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys).splitlines()

    for family in read_families().values():
        assert f"{family.name}: {' '.join(family.description.split())}" in lines
    listed = [re.split(r"\s{2,}", line.strip(), maxsplit=2) for line in lines if line[:1] == " "]
    assert listed == [[one.id, one.kind.value, one.description] for one in PRESETS]


def test_a_family_is_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    listed = printed(capsys, "kafka").splitlines()

    assert [line.split()[0] for line in listed[1:]] == [
        one.id for one in PRESETS if one.family == "kafka"
    ]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.id)
@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_a_preset_is_shown_whole(
    preset: Preset, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys, preset.id, "--language", language)

    assert shown.startswith(f"{preset.id} ({preset.kind}): {preset.description}\n")
    rows = [line for line in shown.splitlines() if line.startswith("  ")]
    for parameter in preset.parameters.values():
        (row,) = (line for line in rows if line.endswith(f"  {parameter.description}"))
        said = (parameter.name, parameter.kind, parameter.unit, parameter.default, parameter.least)
        for text in (*said, parameter.most, parameter.example):
            assert text is None or text in row
    assert all(one.exporter in shown for one in preset.metrics)
    assert "<<" not in shown
    assert "<%" not in shown


def test_what_an_alert_is_and_says_comes_from_the_preset(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = printed(capsys, "kafka/consumer-lag", "--language", "es")

    assert "Severity high, for 5m" in shown
    assert '{consumergroup="derivacion-group"} > 0) > 1000\n' in shown
    assert "mensajes de retraso en {{ $labels.topic }}." in shown
    assert "kafka_consumergroup_lag  kafka_exporter  consumergroup, topic, partition\n" in shown


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.id)
@pytest.mark.parametrize("defaults", ["left out", "written"])
def test_the_piece_to_paste_passes_the_check(
    preset: Preset, defaults: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    snippet = json.loads(printed(capsys, preset.id, "--format", "json"))["snippet"]
    if defaults == "written":
        snippet = re.sub(r"^( *)# ", r"\1", snippet, flags=re.MULTILINE)
    folder = copy_catalog(tmp_path)
    file = folder / "services" / "casos.yaml"
    service = yaml.safe_load(file.read_text("utf-8"))
    runbook = preset.id.replace("/", "-")
    (folder / "runbooks" / f"{runbook}.md").write_text("# What to do\n\nLook.\n", "utf-8")
    ((part, (used,)),) = yaml.safe_load(snippet).items()
    file.write_text(yaml.safe_dump({**service, part: [used]}), "utf-8")

    (found,) = (one for one in read_whole(folder).services if one.name == "casos")

    assert used["use"] == preset.id
    assert len(used.get("with", {})) == sum(
        defaults == "written" or one.default is None for one in preset.parameters.values()
    )
    assert len({"conditions": found.conditions, "slos": found.slos, "panels": found.panels}[part])


def test_a_program_gets_families_and_a_preset(capsys: pytest.CaptureFixture[str]) -> None:
    families = json.loads(printed(capsys, "--format", "json"))
    one = json.loads(printed(capsys, "kafka/consumer-lag", "--format", "json"))

    assert [use["use"] for family in families for use in family["presets"]] == [*read_presets()]
    assert one in families[[*read_families()].index("kafka")]["presets"]
    assert one["parameters"]["above"]["unit"] == "messages"
    assert one["parameters"]["group"]["default"] is None
    assert one["gives"]["severity"] == "high"
    assert one["metrics"] == {
        "kafka_consumergroup_lag": {
            "exporter": "kafka_exporter",
            "labels": ["consumergroup", "topic", "partition"],
        }
    }


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("kafka/consumer-lg", "did you mean kafka/consumer-lag?"),
        ("kafk", "did you mean kafka?"),
        ("qqqqqqq", "`guardia presets` lists them all"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(
    name: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(capsys, name, exits=2)

    assert said == f"guardia: there is no preset and no family {name!r}: {hint}\n"


def verified(
    capsys: pytest.CaptureFixture[str], *words: str, exits: int
) -> dict[str, dict[str, Any]]:
    """Return what is said of each preset, by its id."""
    found = json.loads(printed(capsys, *words, "--format", "json", exits=exits))
    return {one["use"]: one for one in found["presets"]}


def saved(folder: Path, text: str, name: str = "page.txt") -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def test_each_state_of_a_metric_is_told_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = verified(capsys, "--verify", saved(tmp_path, KAFKA), exits=1)

    def state(preset: str, metric: str) -> str:
        return str(found[f"kafka/{preset}"]["metrics"][f"kafka_{metric}"]["state"])

    assert all(use.startswith("kafka/") for use in found)
    assert state("consumer-lag", "consumergroup_lag") == "found"
    assert state("consumer-stalled", "consumergroup_current_offset") == "lacks-labels"
    assert state("offline-partitions", "topic_partition_leader") == "no-series"
    assert state("offline-partitions", "topic_partitions") == "missing"
    assert found["kafka/cluster-down"]["metrics"]["up"]["state"] == "elsewhere"
    assert [use for use, one in found.items() if one["works"]] == [
        "kafka/consumer-lag",
        "kafka/broker-down",
        "kafka/cluster-down",
        "kafka/lag",
    ]
    assert "kafka/under-replicated" not in found  # the page has none of its metrics


def test_what_is_wrong_with_a_metric_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = saved(tmp_path, KAFKA)
    lines = [
        " ".join(line.split()) for line in printed(capsys, "--verify", page, exits=1).split("\n")
    ]

    assert "kafka/broker-down: works" in lines
    assert "kafka/consumer-stalled: does not work" in lines
    assert "kafka_consumergroup_current_offset found, but without partition" in lines
    assert "kafka_topic_partitions missing; did you mean kafka_topic_partition?" in lines
    assert "up not looked for: Prometheus itself adds it" in lines
    assert lines[-2] == f"6 presets looked up on {page}: 4 can be used, 2 cannot."


def test_the_guide_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(
        tmp_path, re.sub(r"# .*topic_partition_leader.*\n|kafka_topic_.*\n", "", KAFKA), "kafka.txt"
    )
    monkeypatch.chdir(tmp_path)
    said = printed(capsys, "--verify", "kafka.txt", exits=1)

    guide = (ROOT / "docs" / "presets.md").read_text("utf-8")
    assert f"$ guardia presets --verify kafka.txt\n{said}```" in guide


def test_a_list_of_names_shows_no_labels(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = saved(tmp_path, "kafka_brokers\nkafka_consumergroup_lag\n")

    found = verified(capsys, "--verify", page, exits=1)
    assert found["kafka/consumer-lag"]["works"]
    said = printed(capsys, "kafka/consumer-lag", "--verify", page)
    assert "its labels are not on this page, it needs consumergroup, topic, partition" in said


def test_a_preset_that_is_named_is_looked_up_though_nothing_of_it_is_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = saved(tmp_path, "kafka_brokers 3\n")

    found = verified(capsys, "postgresql/down", "--verify", page, exits=1)
    assert {name: one["state"] for name, one in found["postgresql/down"]["metrics"].items()} == {
        "pg_up": "missing",
        "up": "elsewhere",
    }
    assert set(verified(capsys, "kafka/broker-down", "--verify", page, exits=0)) == {
        "kafka/broker-down"
    }


def test_a_preset_of_two_exporters_needs_the_pages_of_both(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    labels = 'namespace="n",pod="p",container="c",resource="cpu"'
    limits = f"kube_pod_container_resource_limits{{{labels}}} 1\n"
    objects = saved(tmp_path, limits, "kube-state-metrics.txt")
    containers = saved(tmp_path, "container_cpu_usage_seconds_total 1\n", "cadvisor.txt")
    of_cpu = ("kubernetes/cpu-high", "--verify", objects)

    said = printed(capsys, *of_cpu)
    assert "not looked for: cAdvisor exports it, give its page too" in said
    said = printed(capsys, *of_cpu, containers, exits=1)
    assert "found, but without container, namespace, pod" in said


def test_a_metric_that_every_exporter_has_does_not_say_whose_page_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = saved(tmp_path, "process_start_time_seconds 1\nprocess_resident_memory_bytes 1\n")

    assert set(verified(capsys, "--verify", page, exits=0)) == {"memory-leak/process"}


def test_a_page_that_concerns_no_preset_is_no_success(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = saved(tmp_path, "weather_celsius 21\n")

    assert printed(capsys, "--verify", page, exits=1) == f"No preset reads a metric of {page}.\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("queries.yaml", b"pg_database:\n  query: x\n", "is a manifest, not a page of metrics"),
        ("page.txt", b"", "has no metric"),
        ("page.txt", b"# nothing here\n", "has no metric"),
        ("page.txt", b"up 1\n<html>\n", ":2: neither a series nor a comment: '<html>'"),
        ("page.txt", b"\x1f\x8b\x08\x00", "is compressed"),
        ("page.txt", b"\xff\xfe\x00", "is not text in UTF-8"),
    ],
)
def test_what_is_no_page_is_refused_with_a_way_out(
    name: str, content: bytes, sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    said = printed(capsys, "--verify", str(file), exits=2)

    assert f"{file}{sentence if sentence[0] == ':' else ' ' + sentence}" in said
    assert "curl" in said


def test_a_file_that_is_not_there_is_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = printed(capsys, "--verify", str(tmp_path / "none.txt"), exits=2)

    assert said == f"guardia: cannot read {tmp_path / 'none.txt'}: No such file or directory\n"
