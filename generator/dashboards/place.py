"""Where a dashboard looks: the variables of environment and region, and their matchers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.catalog.model import Organisation
from generator.dashboards.grafana import custom_variable
from generator.dashboards.texts import text


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPlace:
    """The environment and the regions that its reader chooses."""

    variables: tuple[Mapping[str, Any], ...]
    by_label: Mapping[str, str]  # a matcher for each label of the place that series carry

    @property
    def matchers(self) -> str:
        """Return what stands between braces for the place; empty where series carry no labels."""
        return ",".join(self.by_label.values())

    def inside(self, matchers: str = "") -> str:
        """Return what stands between the braces of one of our series."""
        return ",".join(part for part in (matchers, self.matchers) if part)


def chosen_place(organisation: Organisation) -> ChosenPlace:
    """Return the place of an organisation's dashboards.

    The last environment is chosen first: they are declared on their way to
    production. Where each environment has a Prometheus of its own, choosing
    the data source chooses the environment.
    """
    variables, by_label = [], {}
    if organisation.environment_on_series:
        label = organisation.environment_label  # the name that alerts' links give it
        names = tuple(reversed(organisation.environments))
        variables.append(custom_variable(label, text(organisation, "environment"), names))
        by_label[label] = f'{label}="${label}"'
    if organisation.regions is not None:
        label = organisation.regions.label
        title = text(organisation, "region")
        variables.append(custom_variable(label, title, organisation.regions.names, several=True))
        by_label[label] = f'{label}=~"${label}"'
    return ChosenPlace(variables=tuple(variables), by_label=by_label)
