"""Deployments, marked in every graph."""

from collections.abc import Iterable

from generator.catalog.model import Organisation, Service
from generator.dashboards.grafana import Mark
from generator.dashboards.place import ChosenPlace
from generator.dashboards.texts import text
from generator.promql.selecting import read_selecting

_MOST_MARKS = 20  # ways to tell deployments that one dashboard asks for


def deployments(
    organisation: Organisation, services: Iterable[Service], place: ChosenPlace
) -> list[Mark]:
    """Return one mark for each way that these services tell their deployments.

    Its switch on the dashboard has the service's name where there are several.
    """
    asked = {
        read_selecting(service.deployments.text).inside(place.by_label): service.name
        for service in services
        if service.deployments is not None
    }
    title = text(organisation, "deployments")
    return [
        Mark(
            name=f"{title} {name}" if len(asked) > 1 else title,
            expression=expression,
            title=f"{name} {{{{version}}}}",
        )
        for expression, name in asked.items()
    ][:_MOST_MARKS]
