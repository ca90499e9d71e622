"""Which alerts appear, vanish or go elsewhere between two catalogs, and whom that concerns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.catalog.model import Catalog
from generator.explaining.alerts import CatalogAlert, catalog_alerts
from generator.naming import BURN_ALERT
from guardia.change import Change
from guardia.cli.destination import Destination, destinations
from router.catalog import OnCallCatalog
from router.comparing import pageable
from router.oncall.model import is_service
from router.routing import PolicyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Where every alert of a catalog goes: alert -> place -> words; and person -> their alerts."""

    alerts: Mapping[str, Mapping[str, str]]
    paged: Mapping[str, frozenset[str]]


def routing_of(catalog: Catalog, oncall: OnCallCatalog) -> Routing:
    """Return where each alert goes in each place, and who may be paged for it."""
    alerts: dict[str, dict[str, str]] = {}
    paged: dict[str, set[str]] = {str(person): set() for person in oncall.roster.people}
    for alert in catalog_alerts(catalog):
        name = name_alert(alert)
        for found in destinations(catalog.organisation, alert, oncall):
            alerts.setdefault(name, {}).update(dict.fromkeys(found.places, found.text))
            for person in _people(found, oncall):
                paged[person] |= {f"{name} in {place}" for place in found.places}
    return Routing(
        alerts=alerts, paged={person: frozenset(names) for person, names in paged.items()}
    )


def _people(found: Destination, oncall: OnCallCatalog) -> frozenset[str]:
    if found.policy is None:
        return frozenset()
    return pageable(oncall.policies[PolicyId(found.policy)], oncall)


def name_alert(alert: CatalogAlert) -> str:
    """Return a name that stays while severity, team and threshold of an alert change.

    An SLO's burn is one alert a severity.
    """
    labels = alert.labels
    about = "/".join(labels[key] for key in ("service", "slo") if key in labels)
    severity = f" {alert.severity}" if alert.name == BURN_ALERT else ""
    return f"{about} {alert.name}{severity}".strip()


def compare_routing(before: Routing, after: Routing) -> Iterator[Change]:
    """Yield alerts that appear, vanish or go elsewhere, those with the same way together."""
    together: dict[tuple[str | None, str | None], list[str]] = {}
    for name in dict.fromkeys([*before.alerts, *after.alerts]):
        old, new = before.alerts.get(name), after.alerts.get(name)
        if old == new:
            continue
        changed = {
            place
            for place in {*(old or {}), *(new or {})}
            if (old or {}).get(place) != (new or {}).get(place)
        }
        way = (_describe(old, changed), _describe(new, changed))
        together.setdefault(way, []).append(name)
    for (old_way, new_way), names in together.items():
        yield Change(subject="alerts", what=", ".join(names), before=old_way, after=new_way)
    people = (one for one in [*before.paged, *after.paged] if not is_service(one))
    for person in dict.fromkeys(people):
        yield from _person(person, before.paged.get(person), after.paged.get(person))


def _describe(places: Mapping[str, str] | None, changed: set[str]) -> str | None:
    """Return where an alert goes in the places that changed, equal ones together."""
    if places is None:
        return None
    together: dict[str, list[str]] = {}
    for place, text in places.items():
        if place in changed:
            together.setdefault(text, []).append(place)
    found = [f"{', '.join(names)}: {text}" for text, names in together.items()]
    return "; ".join(found) or "nowhere"


def _person(
    person: str, before: frozenset[str] | None, after: frozenset[str] | None
) -> Iterator[Change]:
    old, new = before or frozenset(), after or frozenset()
    if old == new:
        return
    parts = [
        f"{word}: {', '.join(sorted(names))}"
        for word, names in (("new", new - old), ("no longer", old - new))
        if names
    ]
    yield Change(
        subject="who can be paged",
        what=person,
        before=_number(before),
        after=_number(after),
        effect="; ".join(parts),
    )


def _number(alerts: frozenset[str] | None) -> str:
    number = len(alerts or ())
    return f"{number} alert{'' if number == 1 else 's'}"
