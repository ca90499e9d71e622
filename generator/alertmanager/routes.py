"""The tree of routes: nothing is kept from the router, and some alerts go past it.

Source: Alertmanager documentation, "Configuration", route.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from generator.catalog.model import Catalog
from generator.catalog.model_alertmanager import AlertmanagerSettings, Watchdog
from generator.naming import (
    BYPASS_LABEL,
    FALLBACK_RECEIVER,
    NOT_ROUTED_ALERT,
    ORIGINAL_ALERT_LABEL,
    ROUTER_RECEIVER,
    WATCHDOG_ALERT,
    WATCHDOG_RECEIVER,
    maintenance_interval,
)
from guardia.duration import format_duration
from guardia.maintenance import Maintenance
from guardia.matcher import Matcher, matches_all, parse_matcher

BYPASS = {BYPASS_LABEL: "true"}


def route_tree(catalog: Catalog) -> dict[str, Any]:
    """Return the root route: the first child that matches decides, unless it continues."""
    settings, place = catalog.organisation.alertmanager, catalog.organisation.place_labels
    return {
        "receiver": ROUTER_RECEIVER,
        "group_by": [*place, "service", "alertname"],
        **_waits(settings),
        "routes": [
            *({**route, "continue": True} for route in catalog.own_alertmanager.routes),
            *_watchdog_routes(settings.watchdog, place),
            *_bypass_routes(catalog, place),
            _slo_route(place),
            # The root only takes what no child took, and an own route takes, also when it
            # continues: without this one, it would keep its alerts from the router.
            {"receiver": ROUTER_RECEIVER},
        ],
    }


def own_receivers(routes: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> list[str]:
    """Return who is told by a team's own routes, all of which continue, in the tree's order."""
    return [name for route in routes for name in _receivers(route, labels, "")]


def _receivers(
    route: Mapping[str, Any], labels: Mapping[str, str], inherited: str
) -> Sequence[str]:
    if not matches_all((parse_matcher(text) for text in route.get("matchers", ())), labels):
        return []
    receiver = route.get("receiver", inherited)
    found: list[str] = []
    for child in route.get("routes", ()):
        below = _receivers(child, labels, receiver)
        found += below
        if below and not child.get("continue", False):
            break
    return found or [receiver]


def _waits(settings: AlertmanagerSettings) -> dict[str, str]:
    return {
        "group_wait": format_duration(settings.group_wait),
        "group_interval": format_duration(settings.group_interval),
        "repeat_interval": format_duration(settings.repeat_interval),
    }


def _slo_route(place: Sequence[str]) -> dict[str, Any]:
    """Return the route by which all alerts about one SLO are one incident, whatever they are."""
    return {
        "receiver": ROUTER_RECEIVER,
        "matchers": [str(Matcher(name="slo", operator="=~", value=".+"))],
        "group_by": [*place, "service", "slo"],
    }


def _watchdog_routes(watchdog: Watchdog | None, place: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the route of the alert that always fires.

    Alertmanager looks at a group each group_interval and repeats what was sent
    longer than repeat_interval ago. With both of one length every second look
    would come a moment too early: so it looks twice, and three quarters count.
    """
    if watchdog is None:
        return
    yield {
        "receiver": WATCHDOG_RECEIVER,
        "matchers": [_equals("alertname", WATCHDOG_ALERT)],
        "group_by": [*place, "alertname"],
        "group_wait": "0s",
        "group_interval": format_duration(watchdog.every / 2),
        "repeat_interval": format_duration(watchdog.every * 3 / 4),
    }


def _bypass_routes(catalog: Catalog, place: Sequence[str]) -> Iterator[dict[str, Any]]:
    if catalog.organisation.alertmanager.fallback is None:
        return
    route: dict[str, Any] = {
        "receiver": FALLBACK_RECEIVER,
        "matchers": [_equals(name, value) for name, value in BYPASS.items()],
        # Without the alert's name: that the router is down and that it is not reached is one page.
        "group_by": [*place, "service", ORIGINAL_ALERT_LABEL],
    }
    muted = list(
        _muted_routes(catalog.organisation.maintenance, catalog.organisation.environment_label)
    )
    yield {**route, "routes": muted} if muted else route


def _muted_routes(
    announced: Sequence[Maintenance], environment_label: str
) -> Iterator[dict[str, Any]]:
    """Yield a route for each set of services and environments that share their announcements.

    What concerns any service also concerns each that is named, and so with
    environments. Hence the named ones stand first, and a set without
    announcements needs no route: none behind it has any for its alerts.
    """
    for services, environments, names in _shared(announced):
        matchers = [
            _equals("alertname", NOT_ROUTED_ALERT),
            *_one_of("service", services),
            *_one_of(environment_label, environments),
        ]
        yield {
            "matchers": matchers,
            "mute_time_intervals": [maintenance_interval(name) for name in names],
        }


def _shared(
    announced: Sequence[Maintenance],
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Yield services, environments (empty: any other) and the announcements for them."""
    services = sorted({name for one in announced for name in one.services})
    environments = sorted({name for one in announced for name in one.environments})
    for service in (*services, None):
        otherwise = _concerning(announced, service, None)
        by_names: dict[tuple[str, ...], list[str]] = {}
        for environment in environments:
            names = _concerning(announced, service, environment)
            if names != otherwise:
                by_names.setdefault(names, []).append(environment)
        found = [(tuple(places), names) for names, places in by_names.items()]
        for places, names in (*found, ((), otherwise)):
            if names:
                yield (() if service is None else (service,)), places, names


def _concerning(
    announced: Sequence[Maintenance], service: str | None, environment: str | None
) -> tuple[str, ...]:
    return tuple(one.name for one in announced if one.concerns(service, environment))


def _equals(name: str, value: str) -> str:
    return str(Matcher(name=name, operator="=", value=value))


def _one_of(name: str, values: Sequence[str]) -> list[str]:
    """Return a matcher for names of the catalog, which hold no sign of regular expressions."""
    return [str(Matcher(name=name, operator="=~", value="|".join(values)))] if values else []
