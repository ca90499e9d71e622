"""Dashboards to the files that Grafana provisions."""

import json
from collections.abc import Mapping
from typing import Any

from generator.catalog.model import Catalog, DashboardResources
from generator.dashboards.boards import shared_boards
from generator.dashboards.capacity import capacity_dashboards
from generator.dashboards.grafana import Dashboard, dashboard_json
from generator.dashboards.router import router_dashboards
from generator.dashboards.service import service_dashboards
from generator.dashboards.slo import declared_slos, slo_detail, slo_overview
from generator.naming import DASHBOARD_UID_PREFIX
from generator.two_processes import map_rendered
from generator.yaml_text import render_yaml


def render_dashboards(catalog: Catalog) -> dict[str, str]:
    """Return the dashboards by path, and the file by which Grafana finds them."""
    shared = shared_boards(catalog) + capacity_dashboards(catalog) + router_dashboards(catalog)
    if declared_slos(catalog):
        shared += [slo_overview(catalog), slo_detail(catalog)]
    files = {_path(board): _json(dashboard_json(board)) for board in shared}
    of_services = map_rendered(
        lambda service: {
            _path(board): _json(dashboard_json(board))
            for board in service_dashboards(catalog, service)
        },
        catalog.services,
    )
    for found in of_services:
        files |= found
    return {**files, "dashboards/provisioning.yaml": render_yaml(_provisioning(catalog))}


def render_dashboard_resources(catalog: Catalog) -> dict[str, str]:
    """Return the dashboards once more as ConfigMaps, by path; none when not asked for.

    Grafana's sidecar loads each ConfigMap that has its label. Source: Grafana's
    Helm chart, `sidecar.dashboards`.
    """
    resources = catalog.organisation.dashboard_resources
    if resources is None:
        return {}
    names = {
        path.removeprefix("dashboards/").removesuffix(".json"): text
        for path, text in render_dashboards(catalog).items()
        if path.endswith(".json")
    }
    return {
        f"configmaps/{name}.yaml": render_yaml(_config_map(name, text, resources))
        for name, text in names.items()
    }


def _path(board: Dashboard) -> str:
    return f"dashboards/{board.uid.removeprefix(DASHBOARD_UID_PREFIX)}.json"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _provisioning(catalog: Catalog) -> dict[str, Any]:
    """Source: Grafana documentation, "Provision Grafana", dashboards."""
    provider = {
        "name": "guardia",
        "folder": catalog.organisation.name,
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "options": {"path": catalog.organisation.dashboards_path},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _config_map(name: str, text: str, resources: DashboardResources) -> Mapping[str, Any]:
    place = {"namespace": resources.namespace} if resources.namespace else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            # A resource's name takes no underscore, which our uids have before a page's number.
            "name": f"guardia-dashboard-{name.replace('_', '.')}",
            **place,
            "labels": dict(resources.labels),
        },
        "data": {f"{name}.json": text},
    }
