"""Where an incident leads: every alert is routed by its own labels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from guardia.severity import Severity
from router.address import Address
from router.hours import Hours, first_open
from router.incident.describe import alert_name, one_line, ranked_alerts
from router.incident.model import Incident, IncidentAlert
from router.incident.words import severity_word
from router.intake.rejection import REJECTION_LABELS
from router.phrase import phrase
from router.routing import PolicyId, Route, Routed, decide_route


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Whom to wake and where to inform, and which alert and route decided (G11)."""

    policy: PolicyId | None
    channels: tuple[Address, ...]
    because: str


NO_SEVERITIES: Final[Mapping[str, Severity]] = MappingProxyType({})


def decide_destination(
    incident: Incident,
    routes: tuple[Route, ...],
    severities: Mapping[str, Severity] = NO_SEVERITIES,
) -> Destination:
    """Return where the firing alerts lead (all of them when none fires).

    The worst alert whose route wakes people decides on the policy, the oldest
    of equals; what is common to all alerts would hide the one that has to
    wake somebody. The channels are those of every alert's route. For routes, a
    severity of others is the one that `severities` says; one that it does not
    list keeps its name, which the default route takes when no other names it.
    """
    ranked = ranked_alerts(incident)
    routed = [_decide_route(_as_ours(alert.labels, severities), routes) for alert in ranked]
    deciding = next((n for n, one in enumerate(routed) if one.policy is not None), 0)
    return Destination(
        policy=routed[deciding].policy,
        channels=tuple(dict.fromkeys(address for one in routed for address in one.channels)),
        because=phrase(
            "By {alert} ({severity}): {because}",
            alert=alert_name(ranked[deciding]),
            severity=_severity(ranked[deciding], severities),
            because=routed[deciding].because,
        ),
    )


def decide_notice_times(
    incident: Incident,
    routes: tuple[Route, ...],
    severities: Mapping[str, Severity] = NO_SEVERITIES,
    *,
    now: datetime,
) -> dict[Address, datetime]:
    """Return which channels are outside of their hours at `now`, and when each is told.

    A channel that is not among them is told at once: a route without hours
    leads there, or none of today's does. The routes of firing alerts count; of
    those that ended, only where they alone lead to the channel.
    """
    if all(route.hours is None for route in routes):
        return {}
    hours: dict[Address, tuple[Hours, ...]] = {}
    for alerts in (incident.firing, [one for one in incident.alerts.values() if not one.firing]):
        ways = [_decide_route(_as_ours(alert.labels, severities), routes) for alert in alerts]
        hours = _hours(ways) | hours
    due = {address: first_open(some, now) for address, some in hours.items() if some}
    return {address: at for address, at in due.items() if at > now}


def _hours(ways: list[Routed]) -> dict[Address, tuple[Hours, ...]]:
    """Return the hours of each channel that they lead to; none where one tells it at once."""
    found: dict[Address, tuple[Hours, ...]] = {}
    for one in ways:
        for address in one.channels:
            hours = one.hours.get(address, ())
            known = found.setdefault(address, hours)
            found[address] = tuple(dict.fromkeys((*known, *hours))) if known and hours else ()
    return found


def decide_incident_by(
    labels: Mapping[str, str],
    routes: tuple[Route, ...],
    severities: Mapping[str, Severity] = NO_SEVERITIES,
) -> tuple[str, ...]:
    """Return the labels by which the alert's route makes incidents; none: Alertmanager's group."""
    if not any(route.incident_by for route in routes):
        return ()  # most catalogs; a group may have thousands of alerts
    return _decide_route(_as_ours(labels, severities), routes).incident_by


def _as_ours(labels: Mapping[str, str], severities: Mapping[str, Severity]) -> Mapping[str, str]:
    ours = severities.get(labels.get("severity", ""))
    return labels if ours is None else {**labels, "severity": ours.value}


def _severity(alert: IncidentAlert, severities: Mapping[str, Severity]) -> str:
    written = alert.labels.get("severity", "")
    if written in severities:
        return phrase(
            "{label}, which counts as {severity}",
            label=one_line(written),
            severity=severity_word(severities[written]),
        )
    return severity_word(alert.severity)


def _decide_route(labels: Mapping[str, str], routes: tuple[Route, ...]) -> Routed:
    """Return the alert's route; what could not be understood has the default route (G3).

    No matcher may take it elsewhere: whether it was of production, nobody knows.
    """
    if labels != REJECTION_LABELS:
        return decide_route(labels, routes)
    routed = decide_route(labels, routes[-1:])
    because = phrase(
        "What cannot be understood goes to the default route, {route}.", route=routed.route
    )
    return replace(routed, because=because)
