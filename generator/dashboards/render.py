"""Dashboards to the JSON that Grafana provisions."""

import json

from generator.catalog.model import Catalog
from generator.dashboards.slo import slo_dashboard


def render_dashboards(catalog: Catalog) -> dict[str, str]:
    """Return the dashboards by path; none without an SLO."""
    if not any(service.slos for service in catalog.services):
        return {}
    return {"dashboards/slo.json": _json(slo_dashboard(catalog))}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
