"""The dashboards over all services: the whole system, what it runs on, what it is for."""

from collections.abc import Sequence

from generator.catalog.model import Catalog, Organisation
from generator.catalog.model_shown import Board
from generator.dashboards.catalog_panels import board_panels
from generator.dashboards.grafana import PLAIN_STEPS, Dashboard, Panel, Query
from generator.dashboards.marks import deployments
from generator.dashboards.pages import pages
from generator.dashboards.place import ChosenPlace, chosen_place
from generator.dashboards.slo import ALERT_STEPS, all_slos, declared_slos, line, slo_table
from generator.dashboards.texts import text
from generator.naming import WATCHDOG_ALERT, dashboard_uid
from generator.promql.text import quote, select

_MOST_LINES = 20  # that one graph can be read with


def shared_boards(catalog: Catalog) -> list[Dashboard]:
    """Return the dashboards over all services that the catalog has anything to show on."""
    place = chosen_place(catalog.organisation)
    found: list[Dashboard] = []
    for board in Board:
        panels = board_panels(catalog, board, place)
        if board is Board.GLOBAL:
            panels = [*_whole_system(catalog, place), *panels]
        if panels:
            found += pages(_board(catalog, board, panels, place))
    return found


def _board(
    catalog: Catalog, board: Board, panels: Sequence[Panel], place: ChosenPlace
) -> Dashboard:
    organisation = catalog.organisation
    return Dashboard(
        uid=dashboard_uid(board.value),
        title=f"{organisation.name} / {text(organisation, board.value)}",
        description=text(organisation, f"{board.value}_why"),
        tags=[board.value],
        variables=place.variables,
        panels=panels,
        marks=deployments(organisation, catalog.services, place),
    )


def _whole_system(catalog: Catalog, place: ChosenPlace) -> list[Panel]:
    organisation = catalog.organisation
    alerts = [_alerts_by_severity(organisation, place), _open_alerts(organisation, place)]
    if not declared_slos(catalog):
        return alerts
    queries = all_slos(catalog, place)
    # Two SLOs of a service often count the same requests, so they are not added up.
    traffic = f"max by (service) (sum by (service, slo) ({queries.events('total')}))"
    failing = f"max by (service, slo) ({queries.failing()})"
    return [
        *alerts,
        slo_table(organisation, queries, width=24, height=10),
        line(organisation, "traffic", _first(catalog, traffic), "{{service}}", unit="reqps"),
        line(
            organisation,
            "failing_over_time",
            _first(catalog, failing),
            "{{service}} {{slo}}",
            PLAIN_STEPS,
        ),
    ]


def _first(catalog: Catalog, expression: str) -> str:
    """Return a query, held to the largest lines where there are too many to read."""
    few = len(declared_slos(catalog)) <= _MOST_LINES
    return expression if few else f"topk({_MOST_LINES}, {expression})"


def _alerts_by_severity(organisation: Organisation, place: ChosenPlace) -> Panel:
    firing = _firing(organisation, place)
    return Panel(
        kind="stat",
        title=text(organisation, "alerts_by_severity"),
        description=text(organisation, "alerts_by_severity_why"),
        queries=[
            Query(
                expression=f"sum by (severity) ({firing}) or on () vector(0)",
                legend="{{severity}}",
                instant=True,
            )
        ],
        unit="short",
        width=8,
        height=8,
        steps=ALERT_STEPS,
    )


def _open_alerts(organisation: Organisation, place: ChosenPlace) -> Panel:
    firing = _firing(organisation, place)
    labels = ", ".join(["severity", "alertname", "service", "slo", "team"])
    return Panel(
        kind="table",
        title=text(organisation, "open_alerts"),
        description=text(organisation, "open_alerts_why"),
        queries=[Query(expression=f"sum by ({labels}) ({firing})", instant=True)],
        unit="short",
        width=16,
        height=8,
    )


def _firing(organisation: Organisation, place: ChosenPlace) -> str:
    """Return the alerts that fire in the chosen place, and those of no place: our own.

    The Watchdog always fires, so it is no news.
    """
    matchers = f'alertstate="firing",alertname!={quote(WATCHDOG_ALERT)}'
    if not organisation.environment_on_series:
        return select("ALERTS", place.inside(matchers))
    nowhere = f'{matchers},{organisation.environment_label}=""'
    return f"({select('ALERTS', place.inside(matchers))} or {select('ALERTS', nowhere)})"
