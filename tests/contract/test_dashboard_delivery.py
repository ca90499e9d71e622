"""How dashboards reach Grafana: files that it provisions, or ConfigMaps that its sidecar reads."""

import json
import re
from typing import Any

import pytest
import yaml

from generator.yaml_text import HEADER
from tests.dashboards import boards, generated, read_named

WITH_RESOURCES = ("full", "external-environment")
# Source: Kubernetes documentation, "Object Names and IDs" and "Labels and Selectors".
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
MOST_BYTES = 1_048_576  # that a ConfigMap may hold; `kubectl apply` keeps a quarter in annotations
MOST_APPLIED_BYTES = 262_144


def config_maps(catalog: str) -> dict[str, dict[str, Any]]:
    return {
        path: yaml.safe_load(text)
        for path, text in generated(catalog).items()
        if path.startswith("configmaps/")
    }


@pytest.mark.parametrize("catalog", WITH_RESOURCES)
def test_every_dashboard_is_also_a_config_map_with_the_same_bytes(catalog: str) -> None:
    held = {
        f"dashboards/{name}": text
        for one in config_maps(catalog).values()
        for name, text in one["data"].items()
    }
    assert held == {path: generated(catalog)[path] for path in boards(catalog)}


@pytest.mark.parametrize("catalog", WITH_RESOURCES)
def test_a_config_map_has_a_name_of_its_own_that_kubernetes_takes(catalog: str) -> None:
    found = config_maps(catalog)
    names = [one["metadata"]["name"] for one in found.values()]
    assert len(set(names)) == len(names)
    for path, one in found.items():
        assert (one["apiVersion"], one["kind"]) == ("v1", "ConfigMap")
        assert SUBDOMAIN.fullmatch(one["metadata"]["name"]), path
        assert len(one["metadata"]["name"]) <= 253
        assert all(re.fullmatch(r"[-._a-zA-Z0-9]+", key) for key in one["data"])
        assert generated(catalog)[path].startswith(HEADER)


@pytest.mark.parametrize("catalog", WITH_RESOURCES)
def test_the_sidecar_finds_every_config_map_by_the_label_of_the_catalog(catalog: str) -> None:
    for one in config_maps(catalog).values():
        assert one["metadata"]["labels"] == {"grafana": "yes"}
        assert one["metadata"]["namespace"] == "monitoring"
        for key, value in one["metadata"]["labels"].items():
            assert LABEL_VALUE.fullmatch(key)
            assert LABEL_VALUE.fullmatch(value)


@pytest.mark.parametrize("catalog", WITH_RESOURCES)
def test_a_config_map_can_be_applied(catalog: str) -> None:
    for path, one in config_maps(catalog).items():
        size = len(json.dumps(one).encode())
        assert size < MOST_APPLIED_BYTES < MOST_BYTES, (path, size)


def test_no_config_map_is_written_that_nobody_asked_for() -> None:
    assert config_maps("frozen") == {}


@pytest.mark.parametrize("catalog", ["frozen", "full"])
def test_grafana_finds_the_files_read_only_in_a_folder_of_their_own(catalog: str) -> None:
    """Source: Grafana documentation, "Provision Grafana", dashboards."""
    text = generated(catalog)["dashboards/provisioning.yaml"]
    found = yaml.safe_load(text)
    (provider,) = found["providers"]
    assert text.startswith(HEADER)
    assert found["apiVersion"] == 1
    assert provider["type"] == "file"
    assert provider["folder"] == read_named(catalog).organisation.name
    assert provider["allowUiUpdates"] is False
    assert provider["options"] == {"path": "/var/lib/grafana/dashboards/guardia"}
