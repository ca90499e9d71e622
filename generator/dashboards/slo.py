"""The SLO dashboard: the budget of one SLO, how fast it burns, and all SLOs side by side."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from generator.catalog.model import Catalog, Slo
from generator.dashboards.panels import Query, dashboard, panel, query_variable
from generator.naming import (
    DASHBOARD_TAG,
    OBJECTIVE_SERIES,
    SLO_DASHBOARD_UID,
    Events,
    rate_series,
    ratio_series,
)
from guardia.duration import format_duration
from guardia.severity import Severity

_GOOD_LEFT = (("red", None), ("orange", 0.0), ("green", 0.25))


def slo_dashboard(catalog: Catalog) -> dict[str, Any]:
    """Return the dashboard. It reads recorded series only, so it is cheap at any range."""
    queries = _Queries(catalog)
    return dashboard(
        SLO_DASHBOARD_UID,
        f"{catalog.organisation.name} / SLO",
        "What is promised, how much may still go wrong, and how fast that is being used up.",
        tags=[DASHBOARD_TAG],
        variables=_variables(catalog, queries),
        panels=[*_stats(queries), *_graphs(queries), _table(queries)],
    )


class _Queries:
    """PromQL of the dashboard; windows that differ between SLOs are joined with `or`."""

    def __init__(self, catalog: Catalog) -> None:
        self.environment = catalog.organisation.environment_label
        self.slos = [slo for service in catalog.services for slo in service.slos]
        one = f'service="$service",slo="$slo",{self.environment}="${self.environment}"'
        self.one = f"{{{one}}}"
        self.promise = '{service="$service",slo="$slo"}'

    def windows(self, of: Iterable[timedelta]) -> list[timedelta]:
        return sorted(set(of))

    def any_of(self, names: Iterable[str], labels: str) -> str:
        return " or ".join(f"{name}{labels}" for name in dict.fromkeys(names))

    def whole_ratio(self, labels: str) -> str:
        return self.any_of((ratio_series(slo.window) for slo in self.slos), labels)

    def rate(self, events: Events, labels: str) -> str:
        return self.any_of((rate_series(events, _base(slo)) for slo in self.slos), labels)

    def burn(self, ratio: str, promise: str) -> str:
        """Return a ratio as a burn rate, joined on the SLO's stable ids only."""
        return f"({ratio}) / on (service, slo) group_left () (1 - {OBJECTIVE_SERIES}{promise})"


def _base(slo: Slo) -> timedelta:
    return slo.base


def _variables(catalog: Catalog, queries: _Queries) -> list[dict[str, Any]]:
    totals = queries.rate("total", "")
    first = totals.split(" or ", maxsplit=1)[0]
    return [
        query_variable("service", "Service", f"label_values({OBJECTIVE_SERIES}, service)"),
        query_variable(
            "slo", "SLO", f'label_values({OBJECTIVE_SERIES}{{service="$service"}}, slo)'
        ),
        query_variable(
            queries.environment,  # the name that alerts' links give it
            "Environment",
            f'label_values({first}{{service="$service"}}, {queries.environment})',
        ),
    ]


def _stats(queries: _Queries) -> list[dict[str, Any]]:
    shown = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    left = f"1 - {queries.burn(queries.whole_ratio(queries.one), queries.promise)}"
    ratio = queries.any_of((ratio_series(_base(slo)) for slo in queries.slos), queries.one)
    alerts = (
        f'count(ALERTS{{alertstate="firing",service="$service",slo="$slo",'
        f'{queries.environment}="${queries.environment}"}}) or vector(0)'
    )
    return [
        panel(
            "stat",
            "Objective",
            "The share of events that must be good.",
            [Query(expression=f"{OBJECTIVE_SERIES}{queries.promise}", instant=True)],
            unit="percentunit",
            size=(0, 0, 6, 4),
            options=shown,
        ),
        panel(
            "stat",
            "Error budget left",
            "What may still fail in this window; below 0 the objective is missed.",
            [Query(expression=left, instant=True)],
            unit="percentunit",
            size=(6, 0, 6, 4),
            options=shown,
            steps=_GOOD_LEFT,
        ),
        panel(
            "stat",
            "Failing now",
            "Bad events as a share of all, over the shortest window.",
            [Query(expression=ratio, instant=True)],
            unit="percentunit",
            size=(12, 0, 6, 4),
            options=shown,
        ),
        panel(
            "stat",
            "Alerts firing",
            "Alerts of this SLO that fire now.",
            [Query(expression=alerts, instant=True)],
            unit="short",
            size=(18, 0, 6, 4),
            options=shown,
            steps=(("green", None), ("red", 1)),
        ),
    ]


def _graphs(queries: _Queries) -> list[dict[str, Any]]:
    burns = [
        Query(
            expression=queries.burn(
                queries.any_of(
                    (
                        ratio_series(pair.long)
                        for slo in queries.slos
                        for pair in slo.burn_windows
                        if pair.severity is severity
                    ),
                    queries.one,
                ),
                queries.promise,
            ),
            legend=f"{severity} ({_long_windows(queries, severity)})",
        )
        for severity in Severity
    ]
    traffic = [
        Query(expression=queries.rate("total", queries.one), legend="all"),
        Query(expression=queries.rate("errors", queries.one), legend="bad"),
    ]
    left = f"1 - {queries.burn(queries.whole_ratio(queries.one), queries.promise)}"
    return [
        panel(
            "timeseries",
            "Burn rate",
            "How many times faster than allowed the budget goes, over"
            " the long window of each severity. At 1 it lasts exactly the SLO's window.",
            burns,
            unit="short",
            size=(0, 4, 12, 8),
        ),
        panel(
            "timeseries",
            "Events",
            "All events and bad events a second.",
            traffic,
            unit="reqps",
            size=(12, 4, 12, 8),
        ),
        panel(
            "timeseries",
            "Error budget left over time",
            "What may still fail in the window that ends at each moment.",
            [Query(expression=left, legend="budget left")],
            unit="percentunit",
            size=(0, 12, 24, 7),
        ),
    ]


def _long_windows(queries: _Queries, severity: Severity) -> str:
    windows = queries.windows(
        pair.long for slo in queries.slos for pair in slo.burn_windows if pair.severity is severity
    )
    return ", ".join(format_duration(window) for window in windows)


def _table(queries: _Queries) -> dict[str, Any]:
    left = f"sort(1 - {queries.burn(queries.whole_ratio(''), '')})"
    return panel(
        "table",
        "All SLOs by budget left",
        "Every SLO in every environment, the poorest first.",
        [Query(expression=left, instant=True)],
        unit="percentunit",
        size=(0, 19, 24, 8),
        steps=_GOOD_LEFT,
    )
