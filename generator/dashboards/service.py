"""The dashboard of one service: its SLOs, what its conditions watch, its own panels."""

from collections.abc import Iterator

from generator.catalog.model import Catalog, Service
from generator.dashboards.catalog_panels import service_panels
from generator.dashboards.grafana import PLAIN_STEPS, Dashboard, Panel
from generator.dashboards.marks import deployments
from generator.dashboards.pages import pages
from generator.dashboards.place import ChosenPlace, chosen_place
from generator.dashboards.slo import LEFT_STEPS, events, firing, line, lines, nearness, slo_table
from generator.dashboards.slo_queries import SloQueries
from generator.dashboards.texts import text
from generator.naming import dashboard_uid
from generator.promql.text import quote


def service_dashboards(catalog: Catalog, service: Service) -> list[Dashboard]:
    """Return the dashboard of a service; more than one when it has too many panels."""
    organisation = catalog.organisation
    place = chosen_place(organisation)
    shown = service_panels(organisation, service, place)
    runbook = (
        {}
        if service.runbook is None
        else {text(organisation, "runbook"): f"{organisation.runbooks_url}{service.runbook}"}
    )
    board = Dashboard(
        uid=dashboard_uid("service", service.name),
        title=f"{organisation.name} / {service.name}",
        description=service.description,
        tags=["service", service.team],
        variables=place.variables,
        panels=[
            *_of_slos(catalog, service, place),
            *(one.panel for one in shown),
        ],
        marks=deployments(organisation, [service], place),
        links=runbook,
    )
    return pages(board)


def _of_slos(catalog: Catalog, service: Service, place: ChosenPlace) -> Iterator[Panel]:
    organisation = catalog.organisation
    of_service = f"service={quote(service.name)}"
    yield firing(organisation, place.inside(of_service), width=6)
    if not service.slos:
        return
    queries = SloQueries(
        slos=[(service, slo) for slo in service.slos],
        chosen=place.inside(of_service),
        promised=of_service,
        store=organisation.intervals.store,
    )
    named = lines(organisation, queries, "slo")
    yield slo_table(organisation, queries, width=18, height=6)
    yield nearness(organisation, queries)
    yield line(organisation, "left_over_time", queries.left(), named, LEFT_STEPS)
    yield events(
        organisation,
        queries,
        every=f"{named} {text(organisation, 'all_events')}",
        bad=f"{named} {text(organisation, 'bad_events')}",
    )
    yield line(organisation, "failing", queries.failing(), named, PLAIN_STEPS)
