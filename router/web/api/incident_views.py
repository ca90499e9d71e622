"""Incidents and rejections as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from router.catalog import OnCallCatalog
from router.escalation.awake import Awake
from router.escalation.decide import NOBODY_ASKED
from router.escalation.model import Asked
from router.incident.glance import IncidentGlance, glance_at
from router.incident.model import Event, Incident
from router.oncall.model import Roster
from router.store.asked import find_asked
from router.store.awake import read_awake
from router.store.digests import find_digest_key, list_carried_pages, list_told_of_digest
from router.store.incidents import find_incident
from router.store.messages import StoredMessage, list_messages
from router.store.overrides import read_roster
from router.store.rejections import StoredRejection
from router.store.timeline import list_timeline
from router.store.timers import Timer, find_timer
from router.web.api.outlook import render_next
from router.web.api.shapes import (
    DetailsView,
    DigestView,
    EscalationView,
    MessageView,
    RejectionView,
    SummaryView,
)
from router.web.problems import render_problem
from router.web.requests import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTogether:
    """The digest that tells a page of an incident in its place."""

    incidents: tuple[int, ...]  # all of them
    messages: list[StoredMessage]  # at each address, and what the providers were told of it later


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDetails:
    """One incident with everything that explains it (G11)."""

    incident: Incident
    timeline: tuple[Event, ...]
    messages: list[StoredMessage]
    digests: Mapping[int, ToldTogether]  # by what its pages are carried by
    timer: Timer | None
    catalog: OnCallCatalog  # its roster with what was changed at run time
    at: datetime  # for which it is told what comes next
    awake: Awake
    asked: Asked  # by the escalation that runs


def find_details(
    tx: Connection, number: int, *, catalog: OnCallCatalog, now: datetime
) -> IncidentDetails | None:
    """Return one incident with everything that explains it, or None."""
    incident = find_incident(tx, number)
    if incident is None:
        return None
    messages = list_messages(tx, number)
    timer = find_timer(tx, number)
    return IncidentDetails(
        incident=incident,
        timeline=list_timeline(tx, number),
        messages=messages,
        digests=_find_digests(tx, messages),
        timer=timer,
        catalog=replace(catalog, roster=read_roster(tx, catalog.roster, at=now)),
        at=now,
        awake=read_awake(tx, number, now=now),
        asked=NOBODY_ASKED if timer is None else find_asked(tx, number, timer),
    )


def _find_digests(tx: Connection, messages: Iterable[StoredMessage]) -> dict[int, ToldTogether]:
    keys = {
        one.carried_by: find_digest_key(tx, one.carried_by)
        for one in messages
        if one.carried_by is not None
    }
    return {
        number: ToldTogether(
            incidents=tuple(page.incident_number for page in list_carried_pages(tx, [key])),
            messages=list_told_of_digest(tx, key),
        )
        for number, key in keys.items()
        if key is not None
    }


def render_summary(one: IncidentGlance) -> SummaryView:
    """Return what a list shows of an incident."""
    return {
        "number": one.number,
        "title": one.alerts.title,
        "state": one.state,
        "severity": one.severity,
        "opened_at": one.opened_at.isoformat(),
        "acknowledged_at": _render_maybe(one.acknowledged_at),
        "acknowledged_by": one.acknowledged_by,
        "acknowledged_until": _render_maybe(one.acknowledged_until),
        "resolved_at": _render_maybe(one.resolved_at),
        "resolved_by": one.resolved_by,
        "reopened": one.reopened,
        "closes_at": _render_maybe(one.closes_at),
        "alerts_firing": one.alerts.firing,
        "alerts_total": one.alerts.total,
    }


def render_details(found: IncidentDetails) -> DetailsView:
    """Return everything about an incident, and what happens next."""
    return {
        **render_summary(glance_at(found.incident)),
        "alerts": [
            {
                "fingerprint": alert.fingerprint,
                "labels": dict(alert.labels),
                "annotations": dict(alert.annotations),
                "firing": alert.firing,
                "suppressed_by": alert.suppressed_by,
                "stale": alert.stale,
                "severity": alert.severity,
                "starts_at": alert.starts_at.isoformat(),
                "ended_at": _render_maybe(alert.ended_at),
                "generator_url": alert.generator_url,
            }
            for alert in found.incident.alerts.values()
        ],
        "timeline": [
            {"at": event.at.isoformat(), "kind": event.kind, "text": event.text}
            for event in found.timeline
        ],
        "messages": [
            {**_render_message(one, found.catalog.roster), "digest": _render_digest(one, found)}
            for one in found.messages
        ],
        "escalation": None if found.timer is None else _render_escalation(found.timer),
        "next": render_next(
            found.incident,
            found.timer,
            found.catalog,
            now=found.at,
            awake=found.awake,
            asked=found.asked,
        ),
    }


def render_rejection(stored: StoredRejection) -> RejectionView:
    """Return what the list shows of a body that could not be understood."""
    return {
        "number": stored.number,
        "received_at": stored.received_at.isoformat(),
        "reason": stored.reason,
        "address": stored.address,
        "user_agent": stored.user_agent,
        "size_bytes": stored.size_bytes,
        "kept_bytes": stored.kept_bytes,
        "incident": stored.incident_number,
    }


def _render_message(stored: StoredMessage, roster: Roster) -> MessageView:
    person = stored.message.person
    return {
        "kind": stored.message.kind,
        "channel": stored.message.address.channel,
        "address": stored.message.address.address,
        "person": person,
        "name": None if person is None else roster.name_of(person),
        "because": stored.message.because,
        "dedup_key": stored.message.dedup_key,
        "state": stored.state,
        "attempts": stored.attempts,
        "created_at": stored.created_at.isoformat(),
        "due_at": stored.due_at.isoformat(),
        "ended_at": _render_maybe(stored.ended_at),
        "reason": stored.reason,
        "detail": stored.detail,
    }


def _render_digest(page: StoredMessage, found: IncidentDetails) -> DigestView | None:
    """Return what became of a page that is told together with others; None for any other."""
    digest = None if page.carried_by is None else found.digests.get(page.carried_by)
    if digest is None:
        return None
    others = sorted({*digest.incidents} - {page.message.incident_number})
    return {
        "other_incidents": others,
        "messages": [_render_message(one, found.catalog.roster) for one in digest.messages],
    }


def _render_escalation(timer: Timer) -> EscalationView:
    escalation = timer.escalation
    turns = escalation.policy.turns
    following = "last" if escalation.next_step >= turns else str(escalation.next_step + 1)
    return {
        "policy": escalation.policy.id,
        "catalog_version": escalation.catalog_version,
        "round": timer.round,
        "next_step": None if escalation.due_at is None else following,
        "due_at": _render_maybe(escalation.due_at),
    }


def unknown_incident(request: Request) -> Response:
    """Return 404."""
    number = read_number(request.path_params["number"])
    shown = "with that number" if number is None else str(number)
    return render_problem(HTTPStatus.NOT_FOUND, f"There is no incident {shown}.")


def _render_maybe(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
