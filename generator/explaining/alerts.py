"""Every alert that a catalog gives, with the labels that decide where it goes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from generator.catalog.model import Catalog, Organisation, Place, Service
from generator.rules.condition import condition_groups
from generator.rules.meta import meta_groups
from generator.rules.model import AlertingRule, RuleGroup
from generator.rules.service import target_groups
from generator.rules.slo import slo_alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogAlert:
    """One alert, and the places where it can fire: none for those about the router."""

    name: str
    labels: Mapping[str, str]  # those of its rule
    places: tuple[Place, ...]

    @property
    def severity(self) -> str:
        """Return the severity that the rule gives."""
        return self.labels["severity"]


def catalog_alerts(catalog: Catalog) -> Iterator[CatalogAlert]:
    """Yield the alerts of all services in the order of the rule files, then those of the router."""
    for service in catalog.services:
        yield from service_alerts(catalog, service)
    yield from _alerts(meta_groups(catalog), ())


def service_alerts(catalog: Catalog, service: Service) -> Iterator[CatalogAlert]:
    """Yield the alerts of one service."""
    organisation = catalog.organisation
    for slo in service.slos:
        for name, labels in slo_alerts(organisation, service, slo):
            yield CatalogAlert(name=name, labels=labels, places=service.places)
    yield from _alerts(target_groups(organisation, service), service.places)
    yield from _alerts(condition_groups(organisation, service), service.places)


def _alerts(groups: Iterable[RuleGroup], places: tuple[Place, ...]) -> Iterator[CatalogAlert]:
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, AlertingRule) and "severity" in rule.labels:
                yield CatalogAlert(name=rule.alert, labels=rule.labels, places=places)


def labels_in(organisation: Organisation, alert: CatalogAlert, place: Place) -> Mapping[str, str]:
    """Return an alert's labels in one place, as Alertmanager sends them.

    What only its series tell, such as an instance, is not among them.
    """
    labels = {"alertname": alert.name, **alert.labels}
    labels[organisation.environment_label] = place.environment
    if organisation.regions is not None and place.region is not None:
        labels[organisation.regions.label] = place.region
    return labels
