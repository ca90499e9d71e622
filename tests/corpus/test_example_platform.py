"""The example platform's exporters: their names and labels are those of the real ones."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from demo.model.declared import METRICS, PLATFORM, Metric

PAGES = {
    "postgres_exporter": ("postgres_exporter-names.txt",),
    "kafka_exporter": ("kafka_exporter-names.txt", "kafka_exporter-readme.txt"),
    "blackbox_exporter": ("blackbox_exporter-names.txt",),
    "kube-state-metrics": ("kube-state-metrics-k8s-1.35.txt",),
    "kubelet": ("k8s-kubelet.txt",),
    "node_exporter": ("node_exporter.txt",),
    "client_java": ("java-client-jvm.txt",),
    "prom-client": ("prom-client-nodejs-names.txt",),
    "every client library": ("prom-client-nodejs-names.txt", "java-client-jvm.txt"),
}
# Not on the pages, which are of other versions or without these collectors; in rules that
# others run with these exporters.
ONLY_IN_RULES = {
    "pg_up",
    "pg_settings_max_connections",
    "pg_settings_superuser_reserved_connections",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "kubelet_volume_stats_available_bytes",
    "node_memory_MemAvailable_bytes",
    "node_filesystem_files",
    "node_filesystem_files_free",
    "node_filesystem_size_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_readonly",
}
EXPORTED = [metric for metric in METRICS if metric.owner != PLATFORM]
_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? \S+$")
_LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')


def labels_of_pages(corpus: Path, owner: str) -> dict[str, set[frozenset[str]]]:
    """Return the label sets of each name on an exporter's pages; none for a name alone."""
    found: dict[str, set[frozenset[str]]] = defaultdict(set)
    for page in PAGES[owner]:
        for line in (corpus / "metrics" / page).read_text("utf-8").splitlines():
            if match := _SAMPLE.match(line):
                found[match["name"]].add(frozenset(_LABEL.findall(match["labels"] or "")))
            elif listed := re.fullmatch(r"(?:# TYPE )?(\w+)(?: \w+)?", line):
                found[listed[1]] |= set()
    return found


def test_each_exporter_has_a_page(corpus: Path) -> None:
    assert {metric.owner for metric in EXPORTED} == PAGES.keys()
    assert all(labels_of_pages(corpus, owner) for owner in PAGES)


@pytest.mark.parametrize("metric", EXPORTED, ids=lambda metric: metric.name)
def test_an_exporter_gives_this_name_and_these_labels(metric: Metric, corpus: Path) -> None:
    pages = labels_of_pages(corpus, metric.owner)
    if metric.name in ONLY_IN_RULES:
        assert metric.name not in pages
        rules = "".join(path.read_text("utf-8") for path in (corpus / "rules").glob("*.y*ml"))
        assert re.search(rf"\b{metric.name}\b", rules)
        return
    for name in metric.series_names:
        assert name in pages
        if pages[name]:
            assert frozenset(metric.labels) in pages[name]
