"""Do the on-call routes take the catalog's own alerts to people? What `check` says of both halves.

Routes also take alerts of others, with labels and values that this catalog does
not know. So only the place is a closed list; of other labels, what is nearly a
known one is taken for a slip of the pen.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from generator.catalog.model import Catalog, Organisation
from generator.explaining.alerts import CatalogAlert, catalog_alerts, labels_in
from guardia.catalog_folder import CatalogFolder
from guardia.cli.reach_heartbeats import check_heartbeats
from guardia.cli.reach_viewers import check_viewers
from guardia.document import Pointer
from guardia.matcher import Matcher
from guardia.problem import Problem
from guardia.reading import Reading
from guardia.severity import Severity
from guardia.word import nearest
from router.catalog import OnCallCatalog
from router.routing import Route, find_deciding_route

# Severities are few and unlike each other; names of services and labels are many and alike.
_CLOSE_SEVERITY, _CLOSE_NAME = 0.6, 0.8
_NAMED = ("service", "team", "slo", "alertname")
_LIST = re.compile(r"\(?([\w.:-]+(?:\|[\w.:-]+)*)\)?")  # a|b|c: names, and nothing else
_MOST_NAMES = 5  # that one sentence lists


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """One route, and where it is declared."""

    route: Route
    reading: Reading
    at: Pointer


def check_reach(
    folder: CatalogFolder, catalog: Catalog, oncall: OnCallCatalog
) -> tuple[Problem, ...]:
    """Return matchers that fit no alert, critical alerts that wake nobody, and woken viewers."""
    problems: list[Problem] = []
    alerts = tuple(catalog_alerts(catalog))
    routes = tuple(_declared(folder, oncall, problems))
    known = _known_values(catalog, alerts)
    for declared in routes:
        for index, matcher in enumerate(declared.route.matchers):
            _check_matcher(declared, index, matcher, known, catalog.organisation)
    _check_critical(catalog.organisation, alerts, routes)
    check_heartbeats(folder, oncall, problems)
    check_viewers(folder, oncall, problems)
    return tuple(problems)


def _declared(
    folder: CatalogFolder, oncall: OnCallCatalog, problems: list[Problem]
) -> Iterator[_Declared]:
    """Yield the routes in their order, the default route last, as router.catalog reads them."""
    places: list[tuple[Reading, Pointer]] = []
    default: list[tuple[Reading, Pointer]] = []
    for document in folder.oncall:
        reading = Reading(document, problems)
        places += [(reading, ("routes", index)) for index in range(reading.count(("routes",)))]
        if reading.value(("default_route",)) is not None:
            default.append((reading, ("default_route",)))
    for route, (reading, at) in zip(oncall.routes, [*places, *default], strict=True):
        yield _Declared(route=route, reading=reading, at=at)


def _known_values(
    catalog: Catalog, alerts: Collection[CatalogAlert]
) -> Mapping[str, Collection[str]]:
    """Return the labels that the catalog's alerts have, and their values."""
    organisation = catalog.organisation
    known: dict[str, set[str]] = {
        "alertname": {alert.name for alert in alerts},
        "severity": {severity.value for severity in Severity},
        organisation.environment_label: set(organisation.environments),
    }
    if organisation.regions is not None:
        known[organisation.regions.label] = set(organisation.regions.names)
    for alert in alerts:
        for name, value in alert.labels.items():
            known.setdefault(name, set()).add(value)
    return known


def _check_matcher(
    declared: _Declared,
    index: int,
    matcher: Matcher,
    known: Mapping[str, Collection[str]],
    organisation: Organisation,
) -> None:
    at = (*declared.at, "match", index)
    if matcher.name not in known:
        guess = nearest(matcher.name, known, close=_CLOSE_NAME)
        if guess is not None:
            _unknown(
                declared.reading,
                at,
                what=f"the label `{matcher.name}`",
                written=matcher.name,
                guess=guess,
            )
        return
    values = known[matcher.name]
    for written in _unknown_values(matcher, values):
        guess = _guess(matcher, written, values)
        if guess is not None or matcher.name in organisation.place_labels:
            _unknown(
                declared.reading,
                at,
                what=f"`{matcher.name}` {written}",
                written=written,
                guess=guess,
                values=values,
            )


def _unknown_values(matcher: Matcher, values: Collection[str]) -> tuple[str, ...]:
    """Return the values that a matcher names and no alert has; of an expression, all or nothing."""
    if matcher.operator in ("=", "!="):
        return (matcher.value,) if matcher.value and matcher.value not in values else ()
    listed = _LIST.fullmatch(matcher.value)
    if listed is not None:
        return tuple(value for value in listed[1].split("|") if value not in values)
    fits = Matcher(name=matcher.name, operator="=~", value=matcher.value)
    nothing = not any(fits.matches({matcher.name: value}) for value in ("", *values))
    return (matcher.value,) if nothing else ()


def _guess(matcher: Matcher, written: str, values: Collection[str]) -> str | None:
    """Return the value that was meant, unless the matcher names that one as well."""
    close = _CLOSE_NAME if matcher.name in _NAMED else _CLOSE_SEVERITY
    guess = nearest(written, values, close=close)
    if guess is None or matcher.operator not in ("=~", "!~"):
        return guess
    names = Matcher(name=matcher.name, operator="=~", value=matcher.value)
    return None if names.matches({matcher.name: guess}) else guess


def _unknown(
    reading: Reading,
    at: Pointer,
    *,
    what: str,
    written: str,
    guess: str | None,
    values: Collection[str] = (),
) -> None:
    mend = f"write `{guess}`" if guess else f"write what is declared ({_names(values)})"
    reading.problem(
        "route-value-unknown",
        at,
        f"no alert of this catalog has {what}",
        label=f"did you mean `{guess}`?" if guess else "not declared",
        why="the matcher decides nothing, and alerts that it was meant for go another way",
        fix=f"{mend}, or allow it with a reason when alerts of others have it",
        inside=written,
    )


def _names(values: Collection[str]) -> str:
    shown = [f"`{value}`" for value in sorted(values)[:_MOST_NAMES]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _check_critical(
    organisation: Organisation,
    alerts: Collection[CatalogAlert],
    routes: tuple[_Declared, ...],
) -> None:
    """Note the routes that take critical alerts which reach a policy in no environment."""
    critical: dict[str, set[str]] = {}
    silent: dict[str, dict[str, set[str]]] = {}  # route -> service -> its alerts
    taken = _Taken(organisation=organisation, routes=tuple(one.route for one in routes))
    for alert in alerts:
        if alert.severity != Severity.CRITICAL or not alert.places:
            continue
        service, name = alert.labels["service"], _name(alert)
        critical.setdefault(service, set()).add(name)
        route = taken.silent_route(alert)
        if route is not None:
            silent.setdefault(route, {}).setdefault(service, set()).add(name)
    for declared in routes:
        services = silent.get(declared.route.name, {})
        if services:
            _wakes_nobody(declared, _describe(services, critical))


def _name(alert: CatalogAlert) -> str:
    slo = alert.labels.get("slo")
    return alert.name if slo is None else f"{alert.name} ({slo})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """Which route takes an alert."""

    organisation: Organisation
    routes: tuple[Route, ...]

    def silent_route(self, alert: CatalogAlert) -> str | None:
        """Return the route that takes an alert which wakes nobody anywhere; None if all is well.

        An environment that a route takes as a whole, by its name, is none of
        production: nobody is meant to be woken for it.
        """
        found = None
        for place in alert.places:
            labels = labels_in(self.organisation, alert, place)
            route = find_deciding_route(labels, self.routes)
            if route.policy is not None:
                return None
            if found is None and not self._takes_environment(route):
                found = route.name
        return found

    def _takes_environment(self, route: Route) -> bool:
        labels = {matcher.name for matcher in route.matchers}
        return self.organisation.environment_label in labels and "severity" not in labels


def _describe(services: Mapping[str, set[str]], critical: Mapping[str, set[str]]) -> str:
    """Return `critical alerts of casos`; where only some of a service are meant, their names."""
    whole = [name for name, alerts in services.items() if alerts == critical[name]]
    parts = [f"of {_names(whole)}"] if whole else []
    parts += [
        f"{_names(alerts)} of `{name}`" for name, alerts in services.items() if name not in whole
    ]
    return f"critical alerts {' and '.join(parts)}"


def _wakes_nobody(declared: _Declared, what: str) -> None:
    is_default = declared.at == ("default_route",)
    declared.reading.problem(
        "critical-wakes-nobody",
        declared.at if is_default else (*declared.at, "name"),
        f"{what} wake nobody",
        label=f"route `{declared.route.name}` takes them, and has no policy",
        why="critical means that somebody has to get up, and channels only inform",
        fix="give this route a `policy:`, or mend the matchers of the route that should take them:"
        " the first that matches decides",
        of_key=is_default,
    )
