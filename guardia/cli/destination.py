"""Where the alerts of a catalog go: the router's answer to the labels that the rules give."""

from collections.abc import Mapping
from dataclasses import dataclass

from generator.catalog.model import Organisation, Place
from generator.explaining.alerts import CatalogAlert, labels_in
from router.catalog import OnCallCatalog
from router.escalation.model import Step
from router.oncall.model import is_service
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
        parts.insert(0, _wakes(routed.policy, oncall))
    return ", ".join(parts)


def _wakes(policy: str, oncall: OnCallCatalog) -> str:
    if is_service(policy):
        return describe_policy(policy, oncall)
    return f"policy {policy} ({describe_policy(policy, oncall)})"


def describe_policy(policy: str, oncall: OnCallCatalog) -> str:
    """Return whom a policy pages, step after step."""
    found = {str(name): one for name, one in oncall.policies.items()}[policy]
    steps = (*found.steps, found.last_resort)
    return ", then ".join(_describe_step(step, oncall) for step in steps)


def _describe_step(step: Step, oncall: OnCallCatalog) -> str:
    people = (oncall.names[one] if is_service(one) else one for one in step.people)
    return " and ".join([*step.schedules, *people])


def as_json(found: Destination) -> Mapping[str, object]:
    """Return a destination for a program."""
    return {
        "places": list(found.places),
        "route": found.route,
        "policy": found.policy,
        "channels": list(found.channels),
    }
