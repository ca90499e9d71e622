"""The capacity dashboard: what grows, where the trend leads, and when a limit is reached."""

from collections.abc import Iterator

from generator.catalog.model import Catalog, Organisation, Service
from generator.catalog.model_shown import Growth
from generator.dashboards.grafana import Dashboard, Panel, Query
from generator.dashboards.pages import pages
from generator.dashboards.place import ChosenPlace, chosen_place
from generator.dashboards.texts import text
from generator.naming import (
    GROWTH_LIMIT_SERIES,
    GROWTH_SERIES,
    dashboard_uid,
    growth_labels,
)
from generator.promql.text import matchers, select
from guardia.duration import format_duration

_DAY_SECONDS = 86_400
_AHEAD = {"in_three_months": 91 * _DAY_SECONDS, "in_a_year": 365 * _DAY_SECONDS}
_LIMIT_STEPS = (("red", None), ("orange", 30.0), ("green", 91.0))
_NEVER_DAYS = 3650  # what lies further ahead says nothing


def capacity_dashboards(catalog: Catalog) -> list[Dashboard]:
    """Return the capacity dashboard, none when nothing is declared under `growth`."""
    organisation = catalog.organisation
    place = chosen_place(organisation)
    panels = [
        panel
        for service in catalog.services
        for growth in service.growth
        for panel in _panels(organisation, service, growth, place)
    ]
    if not panels:
        return []
    board = Dashboard(
        uid=dashboard_uid("capacity"),
        title=f"{organisation.name} / {text(organisation, 'capacity')}",
        description=text(
            organisation, "capacity_why", trend=format_duration(organisation.retention)
        ),
        tags=["capacity"],
        variables=place.variables,
        panels=panels,
        time_from="now-30d",
    )
    return pages(board)


def _panels(
    organisation: Organisation, service: Service, growth: Growth, place: ChosenPlace
) -> Iterator[Panel]:
    """Yield a figure's course and what is to be expected of it.

    The trend is a straight line through everything that Prometheus keeps.
    Source: Prometheus documentation, "Query functions", predict_linear.
    """
    named = f"{service.name}: {growth.title}"
    inside = place.inside(matchers(growth_labels(service.name, growth.name)))
    kept = f"{select(GROWTH_SERIES, inside)}[{format_duration(organisation.retention)}]"
    ahead = [
        Query(
            expression=f"sum(predict_linear({kept}, {seconds}))",
            legend=text(organisation, name),
            instant=True,
        )
        for name, seconds in _AHEAD.items()
    ]
    limit = f"sum({select(GROWTH_LIMIT_SERIES, inside)})"
    limits = [Query(expression=limit, legend=text(organisation, "limit"))] if growth.limit else []
    yield Panel(
        kind="timeseries",
        title=named,
        description=growth.description,
        queries=[
            Query(expression=f"sum({select(GROWTH_SERIES, inside)})", legend=growth.title),
            *limits,
        ],
        unit=growth.unit,
        width=12,
    )
    yield Panel(
        kind="stat",
        title=f"{named}: {text(organisation, 'projection')}",
        description=text(
            organisation, "projection_why", trend=format_duration(organisation.retention)
        ),
        queries=ahead,
        unit=growth.unit,
        width=6 if growth.limit else 12,
    )
    if growth.limit:
        grows = f"sum(deriv({kept})) > 0"
        room = f"({limit} - sum({select(GROWTH_SERIES, inside)}))"
        yield Panel(
            kind="stat",
            title=f"{named}: {text(organisation, 'limit_reached')}",
            description=text(organisation, "limit_reached_why"),
            queries=[
                Query(
                    expression=f"0 * ({room} <= 0)"  # also where it grows no more
                    f" or clamp({room} / ({grows}) / {_DAY_SECONDS}, 0, {_NEVER_DAYS})"
                    f" or 0 * {limit} + {_NEVER_DAYS}",
                    legend=text(organisation, "days"),
                    instant=True,
                )
            ],
            unit="d",
            width=6,
            steps=_LIMIT_STEPS,
        )
