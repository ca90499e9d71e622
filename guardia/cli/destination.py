"""Where the alerts of a catalog go: the router's answer to the labels that the rules give."""

from collections.abc import Mapping
from dataclasses import dataclass

from generator.catalog.model import Organisation, Place
from generator.explaining.alerts import CatalogAlert, labels_in
from router.catalog import OnCallCatalog
from router.escalation.model import Step
from router.routing import Routed, decide_route


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where one alert goes in some places, in words; `route` is the route that says so."""

    places: tuple[str, ...]
    route: str
    policy: str | None
    channels: tuple[str, ...]
    text: str


def destinations(
    organisation: Organisation, alert: CatalogAlert, oncall: OnCallCatalog
) -> tuple[Destination, ...]:
    """Return where an alert goes, places with the same answer together."""
    found: dict[str, Destination] = {}
    for place in alert.places:
        routed = decide_route(labels_in(organisation, alert, place), oncall.routes)
        known = found.get(routed.route)
        found[routed.route] = Destination(
            places=(*(known.places if known else ()), name_place(place)),
            route=routed.route,
            policy=routed.policy,
            channels=tuple(f"{one.channel} {one.address}" for one in routed.channels),
            text=_describe(routed, oncall),
        )
    return tuple(found.values())


def name_place(place: Place) -> str:
    """Return `prod`, or `prod/a` where there are regions."""
    return place.environment if place.region is None else f"{place.environment}/{place.region}"


def _describe(routed: Routed, oncall: OnCallCatalog) -> str:
    parts = [f"{one.channel} {one.address}" for one in routed.channels]
    if routed.policy is not None:
        parts.insert(0, f"policy {routed.policy} ({describe_policy(routed.policy, oncall)})")
    return ", ".join(parts)


def describe_policy(policy: str, oncall: OnCallCatalog) -> str:
    """Return whom a policy pages, step after step."""
    found = {str(name): one for name, one in oncall.policies.items()}[policy]
    return ", then ".join(_describe_step(step) for step in (*found.steps, found.last_resort))


def _describe_step(step: Step) -> str:
    return " and ".join([*step.schedules, *step.people])


def as_json(found: Destination) -> Mapping[str, object]:
    """Return a destination for a program."""
    return {
        "places": list(found.places),
        "route": found.route,
        "policy": found.policy,
        "channels": list(found.channels),
    }
