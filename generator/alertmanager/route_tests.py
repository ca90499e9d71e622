"""Tests of the configuration: alerts of the catalog, and who must be told of each.

The list is read by `amlint test`; the script beside it asks `amtool config
routes test`, which knows nothing of inhibition, the same about routes.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.alertmanager.inhibition import Dependency, dependencies
from generator.alertmanager.routes import BYPASS, own_receivers
from generator.catalog.model import Catalog, Place, Service
from generator.naming import (
    BURN_ALERT,
    FALLBACK_RECEIVER,
    NOT_ROUTED_ALERT,
    ORIGINAL_ALERT_LABEL,
    ROUTER_BYPASSING_ALERTS,
    ROUTER_MILD_ALERTS,
    ROUTER_RECEIVER,
    TARGETS_DOWN_ALERT,
    WATCHDOG_ALERT,
    WATCHDOG_RECEIVER,
)
from generator.yaml_text import HEADER, render_yaml
from guardia.matcher import Matcher
from guardia.severity import Severity

_UNKNOWN = "AlertOfSomebodyElse"
_SCRIPT = """\
# Does alertmanager.yml send each alert where it should? Exits with 1 if one goes elsewhere:
#     sh alertmanager/test-routes.sh
# AMTOOL names the program where `amtool` is not on the PATH.
set -u
folder=$(dirname "$0")
amtool=${AMTOOL:-amtool}
command -v "$amtool" >/dev/null || {
    echo "test-routes: there is no $amtool: install it, or name it in AMTOOL" >&2
    exit 2
}
# What does not load sends nothing anywhere, so each alert below would say the same.
if ! found=$("$amtool" check-config "$folder/alertmanager.yml" 2>&1); then
    printf '%s\\nno route was tried: amtool does not accept the configuration\\n' "$found"
    exit 1
fi
wrong=0
check() {
    name=$1 receivers=$2
    shift 2
    if ! found=$("$amtool" config routes test --config.file="$folder/alertmanager.yml" \\
        --verify.receivers="$receivers" "$@" 2>&1); then
        wrong=$((wrong + 1))
        printf '%s: expected %s, found:\\n%s\\n' "$name" "$receivers" "$found"
    fi
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCase:
    """An alert and who must be told of it, in the tree's order.

    While `firing` fires, it is held back exactly when `inhibited`.
    """

    name: str
    labels: Mapping[str, str]
    receivers: Sequence[str]
    firing: Mapping[str, str] | None = None
    inhibited: bool = False


def render_route_tests(catalog: Catalog) -> dict[str, str]:
    """Return the list of cases and the script, by path."""
    cases = list(route_cases(catalog))
    calls = [_call(case) for case in cases if case.firing is None]
    end = f'[ "$wrong" -eq 0 ] || exit 1\necho "{len(calls)} alerts go where they should"\n'
    return {
        "alertmanager/routes-tests.yml": render_yaml([_listed(case) for case in cases]),
        "alertmanager/test-routes.sh": f"{HEADER}{_SCRIPT}{''.join(calls)}{end}",
    }


def _listed(case: RouteCase) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "name": case.name,
        "labels": dict(case.labels),
        "receivers": list(case.receivers),
    }
    if case.firing is not None:
        listed |= {"firing": [dict(case.firing)], "inhibited": case.inhibited}
    return listed


def _call(case: RouteCase) -> str:
    labels = (
        str(Matcher(name=name, operator="=", value=value)) for name, value in case.labels.items()
    )
    words = (case.name, ",".join(case.receivers), *labels)
    return f"check {' '.join(shlex.quote(word) for word in words)}\n"


def route_cases(catalog: Catalog) -> Iterator[RouteCase]:
    """Yield an alert of each kind that the catalog generates, and one that it does not know."""
    for service in catalog.services:
        for alert in _alerts(catalog, service):
            yield _case(catalog, alert, ROUTER_RECEIVER)
    yield _case(catalog, {"alertname": _UNKNOWN}, ROUTER_RECEIVER)
    settings = catalog.organisation.alertmanager
    if settings.watchdog is not None:
        yield _case(catalog, {"alertname": WATCHDOG_ALERT}, WATCHDOG_RECEIVER)
    if settings.fallback is not None:
        for alert in _past_the_router(catalog):
            yield _case(catalog, {**alert, **BYPASS}, FALLBACK_RECEIVER)
        for name in ROUTER_MILD_ALERTS:
            yield _case(catalog, {"alertname": name}, ROUTER_RECEIVER)
    for dependency in dependencies(catalog):
        yield from _inhibition_cases(catalog, dependency)


def _case(catalog: Catalog, labels: Mapping[str, str], receiver: str, **fields: Any) -> RouteCase:
    shown = ", ".join(value for name, value in labels.items() if name not in BYPASS)
    own = own_receivers(catalog.own_alertmanager.routes, labels)
    return RouteCase(**{"name": shown, "labels": labels, "receivers": [*own, receiver], **fields})


def _alerts(catalog: Catalog, service: Service) -> Iterator[dict[str, str]]:
    """Yield the labels of each alert of a service, in the last of its places."""
    place = _place(catalog, service.places[-1])
    whole = {"service": service.name, **place}
    critical = {"severity": Severity.CRITICAL.value}
    if service.targets is not None:
        of_targets = {**critical, "team": service.team}
        yield {**service.extras.labels, "alertname": TARGETS_DOWN_ALERT, **whole, **of_targets}
    for slo in service.slos:
        labels = {"slo": slo.name, **critical, "team": slo.team}
        yield {**slo.extras.labels, "alertname": BURN_ALERT, **whole, **labels}
    for condition in service.conditions:
        labels = {"severity": condition.severity.value, "team": condition.team}
        yield {**condition.extras.labels, "alertname": condition.alert, **whole, **labels}


def _place(catalog: Catalog, place: Place) -> dict[str, str]:
    labels = zip(catalog.organisation.place_labels, (place.environment, place.region), strict=False)
    return {label: value for label, value in labels if value is not None}


def _past_the_router(catalog: Catalog) -> Iterator[dict[str, str]]:
    for name in ROUTER_BYPASSING_ALERTS:
        yield {"alertname": name}
    yield {"alertname": NOT_ROUTED_ALERT, ORIGINAL_ALERT_LABEL: _UNKNOWN}
    for service in catalog.services:
        for alert in _alerts(catalog, service):
            if alert["severity"] == Severity.CRITICAL.value:
                original = {ORIGINAL_ALERT_LABEL: alert["alertname"]}
                yield {**alert, **original, "alertname": NOT_ROUTED_ALERT}


def _inhibition_cases(catalog: Catalog, dependency: Dependency) -> Iterator[RouteCase]:
    """Yield a hidden alert, one elsewhere, and two that carry no place: those are strangers."""
    organisation = catalog.organisation
    here, elsewhere = (
        {label: f"{which}-{label}" for label in organisation.place_labels}
        for which in ("this", "another")
    )
    regions = organisation.regions
    name = organisation.environments[-1] if regions is None else regions.environments[-1]
    here[organisation.environment_label] = elsewhere[organisation.environment_label] = name
    if regions is None:
        elsewhere[organisation.environment_label] = f"not-{name}"
    source = dict(dependency.source)
    target = {"alertname": dependency.target_alerts[0], **dependency.target}
    for what, of_source, of_target, inhibited in (
        ("held back", here, here, True),
        ("elsewhere, not held back", here, elsewhere, False),
        ("without a place, not held back", {}, {}, False),
    ):
        yield _case(
            catalog,
            {**target, **of_target},
            ROUTER_RECEIVER,
            name=f"{', '.join(target.values())}: {what} by {source['alertname']}",
            firing={**source, **of_source},
            inhibited=inhibited,
        )
