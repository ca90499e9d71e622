"""Grafana panels as plain dicts: the parts of the classic dashboard schema that we use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query of a panel and the name of its series."""

    expression: str
    legend: str = ""
    instant: bool = False


def panel(
    kind: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    size: tuple[int, int, int, int],
    options: dict[str, Any] | None = None,
    steps: Sequence[tuple[str, float | None]] = (("text", None),),
) -> dict[str, Any]:
    """Return a panel. `size` is x, y, width, height on Grafana's 24 columns.

    `steps` are threshold colours with the value from which each holds; the
    first has none. Source: Grafana documentation, "Dashboard JSON model".
    """
    x, y, width, height = size
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"color": color, "value": value} for color, value in steps],
                },
            },
            "overrides": [],
        },
        "options": options or {},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": DATASOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
                "instant": query.instant,
                "range": not query.instant,
                "format": "table" if kind == "table" else "time_series",
            }
            for index, query in enumerate(queries)
        ],
    }


def query_variable(name: str, label: str, query: str) -> dict[str, Any]:
    """Return a variable whose values come from Prometheus, read again when the time changes."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
    }


def dashboard(
    uid: str,
    title: str,
    description: str,
    *,
    tags: Sequence[str],
    variables: Sequence[dict[str, Any]],
    panels: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Return a dashboard in the classic schema; panels get their ids in order."""
    datasource = {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "refresh": 1,
    }
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": list(tags),
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,  # a shared crosshair
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "templating": {"list": [datasource, *variables]},
        "panels": [{"id": index, **found} for index, found in enumerate(panels, start=1)],
    }
