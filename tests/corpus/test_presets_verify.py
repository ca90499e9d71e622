"""Presets against pages of real exporters: each metric is there, with the labels that are read."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from generator.presets.argument import usual_arguments
from generator.presets.model import UsedMetric
from generator.presets.page import Page, PageError, parse_page
from generator.presets.read import read_presets
from generator.presets.render import render_metrics
from generator.presets.verify import State, verify_metric

PAGES = {
    "blackbox_exporter": ("blackbox_exporter-names.txt",),
    "cAdvisor": ("k8s-kubelet.txt",),
    "client_java": ("java-client-jvm.txt",),
    "kafka_exporter": ("kafka_exporter-names.txt", "kafka_exporter-readme.txt"),
    "kube-state-metrics": ("kube-state-metrics-k8s-1.35.txt",),
    "kubelet": ("k8s-kubelet.txt",),
    "node_exporter": ("node_exporter.txt",),
    "postgres_exporter": ("postgres_exporter-names.txt",),
    "prom-client": ("prom-client-nodejs-names.txt",),
    "the client library": ("java-client-jvm.txt", "spring-boot-simpleclient.txt"),
}
WITHOUT_PAGE = {
    "Prometheus": "it adds `up` itself when it scrapes",
    "the application": "its developers choose the names, which are parameters",
    "the backup jobs": "whoever writes them chooses the names, which are parameters",
    "the pipeline": "whoever writes it chooses the names, which are parameters",
}
# Where a page lacks a name, the rules of others for this exporter must have it.
NOT_ON_PAGE = {
    "container_cpu_usage_seconds_total": "the kubelet serves cAdvisor's metrics on another page",
    "container_memory_working_set_bytes": "the kubelet serves cAdvisor's metrics on another page",
    "kubelet_volume_stats_available_bytes": "the page is of a node without volumes",
    "kubelet_volume_stats_capacity_bytes": "the page is of a node without volumes",
    "node_filesystem_avail_bytes": "the exporter's own tests leave this collector out",
    "node_filesystem_files": "the exporter's own tests leave this collector out",
    "node_filesystem_files_free": "the exporter's own tests leave this collector out",
    "node_filesystem_readonly": "the exporter's own tests leave this collector out",
    "node_filesystem_size_bytes": "the exporter's own tests leave this collector out",
    "node_memory_MemAvailable_bytes": "the page is of a kernel that did not have it yet",
    "node_timex_offset_seconds": "the exporter's own tests leave this collector out",
    "pg_settings_max_connections": "made from the server's settings when it runs",
    "pg_settings_superuser_reserved_connections": "made from the server's settings when it runs",
    "pg_up": "made by the exporter itself, not by one of its collectors",
}
# Declared, but the stored page has no series that could show labels.
WITHOUT_SERIES = {
    "node_network_receive_bytes_total": "the page is made without network devices",
    "node_network_transmit_bytes_total": "the page is made without network devices",
}
BROKEN = {"spring-boot-micrometer.txt": 123}  # a comment was wrapped: Prometheus refuses it too
# The client library refuses values below zero here, and buckets below it beside a sum;
# Prometheus takes them.
BELOW_ZERO = re.compile(r"^rpc_durations_histogram_seconds_(?:sum|count).*\n|(?<= )-", re.M)
USED = sorted(
    {
        metric
        for preset in read_presets().values()
        for metric in render_metrics(preset, usual_arguments(preset))
    },
    key=lambda one: (one.exporter, one.name, one.labels),
)
ON_PAGES = [metric for metric in USED if metric.exporter in PAGES]


def pages_of(corpus: Path, exporter: str) -> list[Page]:
    files = (corpus / "metrics" / name for name in PAGES[exporter])
    return [parse_page(file.name, file.read_bytes()) for file in files]


@pytest.mark.parametrize("metric", ON_PAGES, ids=lambda one: f"{one.exporter} {one.name}")
def test_what_a_preset_reads_is_what_its_exporter_exports(metric: UsedMetric, corpus: Path) -> None:
    found = verify_metric(metric, pages_of(corpus, metric.exporter))

    if metric.name in NOT_ON_PAGE:
        assert found.state is State.MISSING, "the excuse is no longer needed"
        rules = "".join(path.read_text("utf-8") for path in (corpus / "rules").glob("*.y*ml"))
        assert re.search(rf"\b{metric.name}\b", rules)
    elif metric.name in WITHOUT_SERIES:
        assert found.state is State.NO_SERIES, "the excuse is no longer needed"
    else:
        assert found.state in (State.FOUND, State.LABELS_NOT_SHOWN), found


def test_each_exporter_has_a_page_or_a_reason() -> None:
    assert {metric.exporter for metric in USED} == PAGES.keys() | WITHOUT_PAGE.keys()
    assert not PAGES.keys() & WITHOUT_PAGE.keys()


def test_each_excuse_is_for_a_metric_that_a_preset_reads() -> None:
    assert NOT_ON_PAGE.keys() | WITHOUT_SERIES.keys() <= {metric.name for metric in ON_PAGES}


def test_the_stored_pages_are_read_as_the_client_library_reads_them(corpus: Path) -> None:
    compared = 0
    for file in sorted((corpus / "metrics").glob("*.txt")):
        text = file.read_bytes().decode("utf-8")
        if file.name.endswith("-names.txt"):
            page = parse_page(file.name, text.encode())
            assert not page.shows_labels
            assert sorted(page.series) == sorted(text.split())
        elif file.name in BROKEN:
            with pytest.raises(PageError, match=f":{BROKEN[file.name]}: neither"):
                parse_page(file.name, text.encode())
            with pytest.raises(ValueError, match="could not convert"):
                list(parse_text(text))
        else:
            text = BELOW_ZERO.sub("", text)
            assert parse_page(file.name, text.encode()).series == by_client_library(file.name, text)
            compared += 1
    assert compared > 10


def by_client_library(name: str, text: str) -> Mapping[str, frozenset[frozenset[str]]]:
    """Return label names by metric. The library gives old counters a `_total`, and it ends there.

    Source: prometheus_client, parser.py, `build_metric`.
    """
    parse: Callable[[str], Iterable[Metric]] = parse_text
    if name.endswith(".om.txt"):
        parse = open_metrics.text_string_to_metric_families
    found: dict[str, set[frozenset[str]]] = {}
    for family in parse(text):
        for sample in family.samples:
            old = sample.name.removesuffix("_total")
            is_old = family.type == "counter" and not re.search(rf"^{sample.name}\b", text, re.M)
            found.setdefault(old if is_old else sample.name, set()).add(frozenset(sample.labels))
    return {metric: frozenset(sets) for metric, sets in found.items()}


@pytest.mark.parametrize("name", ["cnpg-default-queries.yaml", "kafka-jmx-exporter-mapping.yaml"])
def test_a_manifest_is_no_page(name: str, corpus: Path) -> None:
    with pytest.raises(PageError, match="is a manifest"):
        parse_page(name, (corpus / "metrics" / name).read_bytes())
