"""What a notification would do under a catalog: the decisions alone, nothing is sent or stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from router.address import Address
from router.catalog import OnCallCatalog
from router.escalation.decide import start
from router.escalation.foreseen import address_as_json, step_as_json, zone_of
from router.escalation.outlook import ForeseenStep, Today, foresee_all
from router.incident.apply import apply_notification
from router.incident.describe import incident_title
from router.incident.destination import (
    decide_destination,
    decide_incident_by,
    decide_notice_times,
)
from router.incident.heartbeat_told import split_heartbeats
from router.incident.model import Change, Incident
from router.incident.scope import split_by_scope
from router.intake.notification import Notification, parse_notification
from router.routing import PolicyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedIncident:
    """One incident that would be opened, and everything that follows if nobody does anything.

    One that is over when it is first heard of is recorded, and tells nobody.
    """

    incident: Incident
    told: tuple[str, ...]  # the rows of its timeline
    because: str  # which alert and which route decided; empty when none was asked
    policy: PolicyId | None
    channels: Mapping[Address, datetime]  # when each is told
    steps: tuple[ForeseenStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a notification would do to a router that knows nothing of what came before."""

    notification: Notification
    heartbeats: tuple[str, ...]  # that came with it, and are in no incident
    incidents: tuple[ReplayedIncident, ...]


def replay(body: bytes, catalog: OnCallCatalog, *, now: datetime) -> Replay:
    """Return what the body would do if it were received at `now`.

    By the same functions as the router's own decisions. Raises
    UnreadableNotification for a body that the router would refuse.
    """
    notification = parse_notification(body)
    seen, rest = split_heartbeats(notification, catalog.heartbeats, held=(), now=now)
    by = partial(decide_incident_by, routes=catalog.routes, severities=catalog.severities)
    changes = [
        apply_notification(None, part, now=now, severities=catalog.severities)
        for part in split_by_scope(rest, catalog.scope_labels, by)
    ]
    return Replay(
        notification=notification,
        heartbeats=tuple(sorted(seen)),
        incidents=tuple(
            _follow(change, catalog, now=now) for change in changes if change is not None
        ),
    )


def _follow(change: Change, catalog: OnCallCatalog, *, now: datetime) -> ReplayedIncident:
    incident, told = change.incident, tuple(event.text for event in change.events)
    if not incident.is_open:
        return ReplayedIncident(
            incident=incident, told=told, because="", policy=None, channels={}, steps=()
        )
    destination = decide_destination(incident, catalog.routes, catalog.severities)
    later = decide_notice_times(incident, catalog.routes, catalog.severities, now=now)
    return ReplayedIncident(
        incident=incident,
        told=told,
        because=destination.because,
        policy=destination.policy,
        channels={address: later.get(address, now) for address in destination.channels},
        steps=_steps(incident, destination.policy, catalog, now=now),
    )


def _steps(
    incident: Incident, chosen: PolicyId | None, catalog: OnCallCatalog, *, now: datetime
) -> tuple[ForeseenStep, ...]:
    policy = None if chosen is None else catalog.policies[chosen]
    if policy is None:
        return ()
    begun = start(policy, catalog_version=catalog.version, now=now)
    today = Today(roster=catalog.roster, policy=policy, maintenance=catalog.maintenance)
    return foresee_all(begun, incident, today, now=now)


def replay_as_json(found: Replay, catalog: OnCallCatalog, *, now: datetime) -> dict[str, Any]:
    """Return the replay for programs, and for the text that people read."""
    firing = sum(alert.firing for alert in found.notification.alerts)
    return {
        "now": now.isoformat(),
        "catalog_version": catalog.version,
        "notification": {
            "firing": firing,
            "resolved": len(found.notification.alerts) - firing,
            "truncated": found.notification.truncated_alerts,
        },
        "heartbeats": list(found.heartbeats),
        "incidents": [_incident_as_json(one, catalog) for one in found.incidents],
    }


def _incident_as_json(one: ReplayedIncident, catalog: OnCallCatalog) -> dict[str, Any]:
    policy = None if one.policy is None else catalog.policies[one.policy]
    return {
        "key": one.incident.key,
        "title": incident_title(one.incident),
        "state": one.incident.state,
        "severity": one.incident.severity,
        "told": list(one.told),
        "because": one.because,
        "policy": one.policy,
        "channels": [
            {**address_as_json(address), "at": at.isoformat()}
            for address, at in one.channels.items()
        ],
        "zone": zone_of(policy, catalog.roster),
        "steps": [step_as_json(step, catalog.roster) for step in one.steps],
    }
