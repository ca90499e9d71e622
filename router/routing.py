"""Which escalation policy and which channels an alert's labels lead to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

from guardia.matcher import Matcher, matches_all
from router.address import Address

PolicyId = NewType("PolicyId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where alerts go that meet all `matchers`; no matchers at all take every alert.

    `policy` wakes people, `channels` only inform; one of them may be missing.
    """

    name: str
    matchers: tuple[Matcher, ...]
    policy: PolicyId | None
    channels: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What was decided, and why (G11)."""

    route: str
    policy: PolicyId | None
    channels: tuple[Address, ...]
    because: str  # one plain sentence


def decide_route(labels: Mapping[str, str], routes: tuple[Route, ...]) -> Routed:
    """Return where the labels lead: the first route whose matchers all match decides.

    The last route is the default and has no matchers, so nothing is ever lost
    for want of a route (G3). Raises ValueError when there is no such route.
    """
    for route in routes:
        if matches_all(route.matchers, labels):
            return Routed(
                route=route.name,
                policy=route.policy,
                channels=route.channels,
                because=_reason(route),
            )
    raise ValueError("no route takes these labels: the last one must have no matchers")


def _reason(route: Route) -> str:
    if not route.matchers:
        return f"No other route matches, so route {route.name} takes it."
    written = " and ".join(str(matcher) for matcher in route.matchers)
    return f"Route {route.name} is the first that matches: {written}."
