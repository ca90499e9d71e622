"""Grafana's classic dashboard schema, as far as we use it: panels, variables, links, marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from generator.naming import DASHBOARD_TAG
from guardia.duration import format_duration

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
ALL = ".*"  # also matches series that have no such label
_SCHEMA_VERSION = 39  # of Grafana 11; later ones bring it up to date when they load it
PLAIN_STEPS: tuple[tuple[str, float | None], ...] = (("text", None),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query of a panel.

    `legend` names its lines, {{label}} stands for a label's value. `step` is
    the shortest time between two points.
    """

    expression: str
    legend: str = "__auto"
    instant: bool = False
    step: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: the query it comes from by its letter, its title and unit."""

    query: str
    title: str
    unit: str
    steps: Sequence[tuple[str, float | None]] = PLAIN_STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. Width is in Grafana's 24 columns, height in its rows.

    `steps` are threshold colours with the value from which each holds; the
    first has none. `time_from` is a time of its own, such as now/M. `links`
    maps titles to addresses.
    """

    kind: str
    title: str
    description: str
    queries: Sequence[Query]
    unit: str
    width: int = 12
    height: int = 8
    steps: Sequence[tuple[str, float | None]] = PLAIN_STEPS
    draws_steps: bool = False  # as lines in a graph
    columns: Sequence[Column] = ()
    hidden: Sequence[str] = ()  # labels that a table leaves out
    sorted_by: str | None = None  # the title of a table's column, the least value first
    bars: bool = False
    time_from: str | None = None
    links: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Points in time that are drawn into every graph: the values of a query are Unix seconds."""

    name: str
    expression: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; `links` maps titles to addresses, beside the menu of all our dashboards."""

    uid: str
    title: str
    description: str
    tags: Sequence[str]
    variables: Sequence[Mapping[str, Any]]
    panels: Sequence[Panel]
    marks: Sequence[Mark] = ()
    links: Mapping[str, str] | None = None
    time_from: str = "now-6h"
    menu: str = "Guardia"


def dashboard_json(board: Dashboard) -> dict[str, Any]:
    """Return a dashboard in the classic schema, its panels laid out in their order.

    Source: Grafana documentation, "Dashboard JSON model".
    """
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": [DASHBOARD_TAG, *board.tags],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,  # a shared crosshair
        "refresh": "1m",
        "time": {"from": board.time_from, "to": "now"},
        "timezone": "browser",
        "links": _links(board),
        "annotations": {"list": [_mark(mark) for mark in board.marks]},
        "templating": {"list": [_DATASOURCE_VARIABLE, *board.variables]},
        "panels": _laid_out(board.panels),
    }


def query_variable(name: str, label: str, query: str, *, several: bool = False) -> dict[str, Any]:
    """Return a variable whose values come from Prometheus, read again when the time changes."""
    everything = {"allValue": ALL, "current": _ALL_CHOSEN} if several else {}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        **everything,
    }


def custom_variable(
    name: str, label: str, values: Sequence[str], *, several: bool = False
) -> dict[str, Any]:
    """Return a variable whose values are known; the first one is chosen, or all of several."""
    chosen = _ALL_CHOSEN if several else {"text": values[0], "value": values[0]}
    everything = {"allValue": ALL} if several else {}
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "query": ",".join(values),
        "current": chosen,
        "multi": several,
        "includeAll": several,
        **everything,
    }


_ALL_CHOSEN = {"text": "All", "value": "$__all"}
_DATASOURCE_VARIABLE = {
    "type": "datasource",
    "name": "datasource",
    "label": "Data source",
    "query": "prometheus",
    "refresh": 1,
}


def _links(board: Dashboard) -> list[dict[str, Any]]:
    menu = {
        "type": "dashboards",
        "title": board.menu,
        "tags": [DASHBOARD_TAG],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "icon": "external link",
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }
    return [menu, *_addresses(board.links or {}, icon="doc")]


def _addresses(links: Mapping[str, str], *, icon: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "link",
            "title": title,
            "url": url,
            "tags": [],
            "asDropdown": False,
            "includeVars": False,
            "keepTime": False,
            "icon": icon,
            "targetBlank": True,
            "tooltip": "",
        }
        for title, url in links.items()
    ]


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "name": mark.name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "blue",
        # Milliseconds, as the field's own help says. Source: grafana-prometheus,
        # AnnotationQueryEditor.tsx, "Series value as timestamp".
        "expr": f"{mark.expression} * 1000",
        "step": "1m",
        "titleFormat": mark.title,
        "useValueForTime": True,
    }


def _laid_out(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Return the panels from left to right in lines, each as high as its highest panel."""
    placed: list[dict[str, Any]] = []
    x = y = line = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > 24:
            x, y, line = 0, y + line, 0
        at = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append({"id": number, "gridPos": at, **_panel(panel)})
        x, line = x + panel.width, max(line, panel.height)
    return placed


def _panel(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": _thresholds(panel.steps),
                "custom": _custom(panel),
            },
            "overrides": [_override(column) for column in panel.columns],
        },
        "options": _options(panel),
        "targets": [_target(panel, index, query) for index, query in enumerate(panel.queries)],
    }
    if panel.kind == "table":
        found["transformations"] = _transformations(panel)
    if panel.time_from is not None:
        found["timeFrom"] = panel.time_from
    if panel.links:
        found["links"] = _addresses(panel.links, icon="doc")
    return found


def _target(panel: Panel, index: int, query: Query) -> dict[str, Any]:
    step = {} if query.step is None else {"interval": format_duration(query.step)}
    return {
        "refId": chr(ord("A") + index),
        "datasource": DATASOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "instant": query.instant,
        "range": not query.instant,
        "format": "table" if panel.kind == "table" else "time_series",
        **step,
    }


def _thresholds(steps: Sequence[tuple[str, float | None]]) -> dict[str, Any]:
    listed = [{"color": color, "value": value} for color, value in steps]
    return {"mode": "absolute", "steps": listed}


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.kind != "timeseries":
        return {}
    lines = {"thresholdsStyle": {"mode": "dashed"}} if panel.draws_steps else {}
    bars = {"drawStyle": "bars", "fillOpacity": 60} if panel.bars else {}
    return {**lines, **bars}


def _options(panel: Panel) -> dict[str, Any]:
    match panel.kind:
        case "stat":
            return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background"}
        case "timeseries":
            return {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case "table" if panel.sorted_by is not None:
            return {"sortBy": [{"displayName": panel.sorted_by, "desc": False}]}
    return {}


def _override(column: Column) -> dict[str, Any]:
    colored = [] if column.steps is PLAIN_STEPS else [_COLORED]
    return {
        "matcher": {"id": "byName", "options": column.title},
        "properties": [
            {"id": "unit", "value": column.unit},
            {"id": "thresholds", "value": _thresholds(column.steps)},
            *colored,
        ],
    }


_COLORED = {
    "id": "custom.cellOptions",
    "value": {"type": "color-background", "mode": "basic"},
}


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    """Return what makes one row of the same labels in all queries, with titles for the values."""
    left_out = dict.fromkeys(("Time", *panel.hidden), True)
    names = {column.query: column.title for column in panel.columns}
    titles = {f"Value #{query}": title for query, title in names.items()}
    if len(panel.queries) == 1:  # then the value has no letter
        titles = dict(zip(["Value"], names.values(), strict=False))
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": left_out, "renameByName": titles}},
    ]
