"""Which escalation policy and which channels an alert's labels lead to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NewType

from guardia.matcher import Matcher, matches_all
from router.address import Address
from router.hours import Hours
from router.phrase import Phrase, joined, phrase

PolicyId = NewType("PolicyId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where alerts go that meet all `matchers`; no matchers at all take every alert.

    `policy` wakes people, `channels` only inform; one of them may be missing.
    One that `continues` leaves the alert to later routes too, the default
    route among them. Outside of its `hours` the channels are not told, but
    when they begin; they never hold a policy. `incident_by` names the labels
    whose values make an incident, in place of Alertmanager's group.
    """

    name: str
    matchers: tuple[Matcher, ...]
    policy: PolicyId | None
    channels: tuple[Address, ...]
    continues: bool = False
    hours: Hours | None = None  # None: at all times
    incident_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What was decided, and why (G11); `route` is the one that says who is woken.

    `hours` holds those of the channels that may have to wait: all routes that
    lead there have hours, and the first of them that are open count.
    """

    route: str
    policy: PolicyId | None
    channels: tuple[Address, ...]
    because: str  # one plain sentence
    hours: Mapping[Address, tuple[Hours, ...]]
    incident_by: tuple[str, ...]


def decide_route(labels: Mapping[str, str], routes: tuple[Route, ...]) -> Routed:
    """Return where the labels lead: the first route whose matchers all match decides.

    If that one continues, the next that matches adds its channels, and so on.
    The first of them with a policy says who is woken. The last route is the
    default and has no matchers; it takes what no other takes for good, so
    nothing is ever lost for want of a route (G3), nor behind one that only
    wanted a copy. Raises ValueError when there is none.
    """
    taking = _taking(labels, routes)
    deciding = _deciding(taking)
    return Routed(
        route=deciding.name,
        policy=deciding.policy,
        channels=tuple(dict.fromkeys(one for route in taking for one in route.channels)),
        because=_reason(taking),
        hours=_hours(taking),
        incident_by=deciding.incident_by,
    )


def find_deciding_route(labels: Mapping[str, str], routes: tuple[Route, ...]) -> Route:
    """Return the route that says who is woken, as `decide_route` does, and nothing of why."""
    return _deciding(_taking(labels, routes))


def _deciding(taking: list[Route]) -> Route:
    return next((route for route in taking if route.policy is not None), taking[-1])


def _taking(labels: Mapping[str, str], routes: tuple[Route, ...]) -> list[Route]:
    """Return the routes that take the labels, in their order. Raises ValueError without any."""
    found = []
    for route in routes:
        if matches_all(route.matchers, labels):
            found.append(route)
            if not route.continues:
                return found
    raise ValueError("no route takes these labels: the last one must have no matchers")


def _hours(taking: list[Route]) -> dict[Address, tuple[Hours, ...]]:
    found: dict[Address, tuple[Hours, ...]] = {}
    for route in taking:
        if route.hours is not None:
            for address in route.channels:
                found[address] = (*found.get(address, ()), route.hours)
    at_once = {one for route in taking if route.hours is None for one in route.channels}
    return {address: hours for address, hours in found.items() if address not in at_once}


def _reason(taking: list[Route]) -> str:
    first, *more = taking
    if not first.matchers:
        return phrase("No other route matches, so route {route} takes it.", route=first.name)
    reason = phrase(
        "Route {route} is the first that matches: {matchers}.",
        route=first.name,
        matchers=_written(first),
    )
    return joined(reason, *map(_also, more))


def _also(route: Route) -> Phrase:
    if not route.matchers:
        return phrase("It continues, and route {route} takes what no other does.", route=route.name)
    return phrase(
        "It continues, and route {route} matches too: {matchers}.",
        route=route.name,
        matchers=_written(route),
    )


def _written(route: Route) -> str:
    return reduce(_and, map(str, route.matchers))


def _and(one: str, other: str) -> str:
    return phrase("{one} and {other}", one=one, other=other)
