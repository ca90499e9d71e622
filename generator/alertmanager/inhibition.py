"""Dependencies as inhibition: an alert holds back those that the catalog names, where it fires.

Source: Alertmanager documentation, "Configuration", inhibit_rule: labels that
are absent on both sides count as equal. So both sides must carry the labels of
the place, and both are named.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.catalog.model import Catalog, Condition, Organisation, Service
from generator.catalog.model_alertmanager import HiddenAlert, HiddenAlerts
from generator.naming import BURN_ALERT, NO_TRAFFIC_ALERT
from guardia.matcher import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One alert that hides another; the target's labels are those of all that are hidden."""

    source: Mapping[str, str]
    target: Mapping[str, str]
    target_alerts: tuple[str, ...]


def dependencies(catalog: Catalog) -> Iterator[Dependency]:
    """Yield what the conditions of a catalog hide, in its order."""
    homes = {
        condition.alert: service.name
        for service in catalog.services
        for condition in service.conditions
    }
    for service in catalog.services:
        for condition in service.conditions:
            for hidden in condition.hides:
                yield _dependency(service, condition, hidden, homes)


def _dependency(
    service: Service, condition: Condition, hidden: HiddenAlerts, homes: Mapping[str, str]
) -> Dependency:
    source = {"alertname": condition.alert, "service": service.name}
    if isinstance(hidden, HiddenAlert):
        return Dependency(
            source=source, target={"service": homes[hidden.alert]}, target_alerts=(hidden.alert,)
        )
    return Dependency(
        source=source,
        target={"service": hidden.service, "slo": hidden.slo},
        target_alerts=(BURN_ALERT, NO_TRAFFIC_ALERT),
    )


def inhibit_rules(catalog: Catalog) -> list[dict[str, Any]]:
    """Return a rule for each dependency, and for each kind of place."""
    return [
        _rule(dependency, required, catalog.organisation.place_labels)
        for dependency in dependencies(catalog)
        for required in _places(catalog.organisation)
    ]


def _rule(
    dependency: Dependency, required: tuple[Matcher, ...], place: tuple[str, ...]
) -> dict[str, Any]:
    """Return one rule. Where both sides are of one service, `equal` says so, and not a matcher."""
    source, equal = dict(dependency.source), list(place)
    if source["service"] == dependency.target["service"]:
        del source["service"]
        equal.append("service")
    alerts = dependency.target_alerts
    named = Matcher(
        name="alertname", operator="=" if len(alerts) == 1 else "=~", value="|".join(alerts)
    )
    return {
        "source_matchers": [*_equal_to(source), *(str(one) for one in required)],
        "target_matchers": [
            str(named), *_equal_to(dependency.target), *(str(one) for one in required)
        ],
        "equal": equal,
    }  # fmt: skip


def _equal_to(labels: Mapping[str, str]) -> list[str]:
    return [str(Matcher(name=name, operator="=", value=value)) for name, value in labels.items()]


def _places(organisation: Organisation) -> Iterator[tuple[Matcher, ...]]:
    """Yield what both sides must carry: environments with regions need the region's label too."""
    environment, regions = organisation.environment_label, organisation.regions
    if regions is None:
        yield (_is_there(environment),)
        return
    yield (_one_of(environment, regions.environments), _is_there(regions.label))
    others = tuple(name for name in organisation.environments if name not in regions.environments)
    if others:
        yield (_one_of(environment, others),)


def _is_there(label: str) -> Matcher:
    return Matcher(name=label, operator="=~", value=".+")


def _one_of(label: str, names: tuple[str, ...]) -> Matcher:
    return Matcher(name=label, operator="=~", value="|".join(names))
