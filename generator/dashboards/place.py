"""Where a dashboard looks: the variables of environment and region, and their matchers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.catalog.model import Organisation
from generator.dashboards.grafana import custom_variable
from generator.dashboards.texts import text
from generator.promql.shown import select_everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPlace:
    """The environment and the regions that its reader chooses."""

    variables: tuple[Mapping[str, Any], ...]
    matchers: str  # as they stand between braces; empty where series carry no such labels

    def only(self, expression: str) -> str:
        """Return PromQL of a catalog's author, asked of the chosen place alone."""
        return select_everywhere(expression, self.matchers) if self.matchers else expression

    def inside(self, matchers: str = "") -> str:
        """Return what stands between the braces of one of our series."""
        return ",".join(part for part in (matchers, self.matchers) if part)


def chosen_place(organisation: Organisation) -> ChosenPlace:
    """Return the place of an organisation's dashboards.

    The last environment is chosen first: they are declared on their way to
    production. Where each environment has a Prometheus of its own, choosing
    the data source chooses the environment.
    """
    variables, matchers = [], []
    if organisation.environment_on_series:
        label = organisation.environment_label  # the name that alerts' links give it
        names = tuple(reversed(organisation.environments))
        variables.append(custom_variable(label, text(organisation, "environment"), names))
        matchers.append(f'{label}="${label}"')
    if organisation.regions is not None:
        label = organisation.regions.label
        title = text(organisation, "region")
        variables.append(custom_variable(label, title, organisation.regions.names, several=True))
        matchers.append(f'{label}=~"${label}"')
    return ChosenPlace(variables=tuple(variables), matchers=",".join(matchers))
