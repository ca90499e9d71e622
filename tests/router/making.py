"""Values for the router's tests: only what a test names differs from these."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from router.address import Address
from router.escalation.model import Foreseen, Policy, Step
from router.incident.apply import alert_severity
from router.incident.model import Event, Incident, IncidentAlert, IncidentState
from router.intake.notification import Notification, parse_notification
from router.intake.rejection import Rejection
from router.message.model import Message, MessageContext, MessageKind
from router.message.own_templates import NO_TEMPLATES, OwnTemplates
from router.oncall.model import (
    Days,
    Layer,
    Member,
    Override,
    Person,
    PersonId,
    Roster,
    Rotation,
    Schedule,
    ScheduleId,
)
from router.routing import PolicyId

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
MINUTE = timedelta(minutes=1)


def minutes(count: float) -> timedelta:
    return count * MINUTE


def alert_body(status: str | None = "firing", **labels: str) -> dict[str, Any]:
    """Return one alert as Alertmanager writes it; it started at noon."""
    alert: dict[str, Any] = {
        "labels": {"alertname": "DatabaseDown", **labels},
        "annotations": {"summary": "The database is down"},
        "startsAt": "2026-11-24T12:00:00Z",
        "endsAt": "2026-11-24T12:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
    }
    if status is not None:
        alert["status"] = status
    return alert


def notification_body(*alerts: Mapping[str, Any], **fields: Any) -> bytes:
    """Return a webhook body; a field given as None is left out."""
    body = {
        "version": "4",
        "groupKey": '{}:{service="casos"}',
        "truncatedAlerts": 0,
        "status": "firing" if any(a.get("status") == "firing" for a in alerts) else "resolved",
        "receiver": "guardia",
        "groupLabels": {"service": "casos"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts),
    } | fields
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def notification(*alerts: Mapping[str, Any], **fields: Any) -> Notification:
    return parse_notification(notification_body(*alerts, **fields))


def rejection(
    reason: str = "The body is not JSON.", *, body: bytes = b"{", **fields: Any
) -> Rejection:
    wanted: dict[str, Any] = {
        "received_at": NOON,
        "size_bytes": len(body),
        "address": "198.51.100.7",
        "user_agent": "Alertmanager/0.27.0",
    }
    return Rejection(reason=reason, body=body, **(wanted | fields))


def incident_alert(
    *,
    firing: bool = True,
    summary: str = "",
    annotations: Mapping[str, str] | None = None,
    **labels: str,
) -> IncidentAlert:
    all_labels = {"alertname": "DatabaseDown", **labels}
    return IncidentAlert(
        fingerprint=",".join(all_labels.values()),
        labels=all_labels,
        annotations=({"summary": summary} if summary else {}) | dict(annotations or {}),
        firing=firing,
        starts_at=NOON,
        ended_at=None if firing else NOON + minutes(30),
        generator_url="",
        severity=alert_severity(all_labels),
    )


def incident(
    *alerts: IncidentAlert, state: IncidentState = IncidentState.TRIGGERED, **fields: Any
) -> Incident:
    members = alerts or (incident_alert(severity="critical"),)
    return Incident(
        number=1,
        key="group {}",
        state=state,
        severity=max((alert.severity for alert in members), key=lambda s: s.urgency),
        alerts={alert.fingerprint: alert for alert in members},
        opened_at=NOON,
        **fields,
    )


def person(name: str, *, addresses: Sequence[Address] | None = None) -> Person:
    own = Address(channel="pagerduty", address=name)
    return Person(
        id=PersonId(name),
        name=f"Engineer {name}",
        addresses=(own,) if addresses is None else tuple(addresses),
    )


def rotation(*people: str, zone: str = "Atlantic/Cape_Verde", **fields: Any) -> Rotation:
    """Return a weekly rotation, Monday to Monday at 09:00."""
    wanted: dict[str, Any] = {
        "handoff": time(9, 0),
        "starts_on": date(2026, 1, 5),
        "shift": Days(7),
    }
    members = tuple(Member(person=PersonId(name)) for name in people)
    return Rotation(people=members, zone=ZoneInfo(zone), **(wanted | fields))


def schedule(name: str, *people: str, overrides: Sequence[Override] = ()) -> Schedule:
    return scheduled(rotation(*people), name=name, overrides=overrides)


def scheduled(
    *rotations: Rotation, name: str = "primary", overrides: Sequence[Override] = ()
) -> Schedule:
    """Return a schedule of one rotation, or of one layer for each: `layer-1`, `layer-2`, …"""
    one = len(rotations) == 1
    return Schedule(
        id=ScheduleId(name),
        zone=rotations[0].zone,
        layers=tuple(
            Layer(name=None if one else f"layer-{number}", rotation=rotation)
            for number, rotation in enumerate(rotations, start=1)
        ),
        overrides=tuple(overrides),
    )


def roster(*people: Person, schedules: Sequence[Schedule] = ()) -> Roster:
    return Roster(
        people={one.id: one for one in people}, schedules={one.id: one for one in schedules}
    )


def step(
    *,
    schedules: Sequence[str] = (),
    people: Sequence[str] = (),
    channels: Sequence[Address] = (),
    wait: timedelta = 15 * MINUTE,
) -> Step:
    return Step(
        schedules=tuple(ScheduleId(name) for name in schedules),
        people=tuple(PersonId(name) for name in people),
        channels=tuple(channels),
        wait=wait,
    )


def policy(*steps: Step, last_resort: Step, **fields: Any) -> Policy:
    return Policy(id=PolicyId("plataforma"), steps=steps, last_resort=last_resort, **fields)


def context(
    about: Incident,
    *,
    kind: MessageKind = MessageKind.PAGE,
    because: str = "Step 1 of policy plataforma names Engineer ana.",
    timeline: Sequence[Event] = (),
    incident_url: str = "https://guardia.example/incidents/1",
    dedup_key: str = "installation/1/1.1/ana",
    paged: Sequence[str] = (),
    following: Foreseen | None = None,
    templates: OwnTemplates = NO_TEMPLATES,
) -> MessageContext:
    return MessageContext(
        message=Message(
            incident_number=1,
            kind=kind,
            address=Address(channel="pagerduty", address="ana"),
            dedup_key=dedup_key,
            person=PersonId("ana"),
            because=because,
        ),
        incident=about,
        timeline=tuple(timeline),
        incident_url=incident_url,
        names={PersonId("ana"): "Engineer ana"},
        paged=tuple(PersonId(name) for name in paged),
        following=following,
        sent_before=None,
        thread=None,
        now=NOON,
        templates=templates,
    )
