"""Looking for incidents of the past, and what the router did lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select, type_coerce

from guardia.severity import Severity
from router.incident.announcement import KEYS
from router.incident.glance import IncidentGlance, glance_at, glance_at_alerts
from router.incident.model import IncidentState
from router.store.column_types import Instant
from router.store.glances import read_glance
from router.store.incidents import read_incident, read_incidents
from router.store.tables import (
    INCIDENT_OPEN,
    heartbeats,
    incident_services,
    incidents,
    messages,
    notifications,
    rejected,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What somebody looks for; what is None is not looked at. `until` is exclusive."""

    states: Sequence[IncidentState] | None = None
    severity: Severity | None = None
    service: str | None = None  # the label of one of its alerts
    since: datetime | None = None  # when it was opened
    until: datetime | None = None
    before: int | None = None  # only lower numbers: the next page


def search_incidents(tx: Connection, sought: Sought, *, limit: int) -> list[IncidentGlance]:
    """Return at most `limit`, the newest first."""
    statement = select(incidents).where(*_conditions(sought))
    rows = tx.execute(statement.order_by(incidents.c.number.desc()).limit(limit)).all()
    return _read_glances(tx, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncidents:
    """The first of the open incidents, and how many there are."""

    first: tuple[IncidentGlance, ...]
    total: int
    unacknowledged: int


def list_urgent(tx: Connection, *, limit: int) -> OpenIncidents:
    """Return those that nobody has first, the worst first, and of equals the oldest.

    The database picks them: in an outage, hundreds are open.
    """
    triggered = incidents.c.state == IncidentState.TRIGGERED.value
    urgency = case({one.value: one.urgency for one in Severity}, value=incidents.c.severity)
    order = (triggered.desc(), urgency.desc(), incidents.c.opened_at, incidents.c.number)
    statement = select(incidents).where(INCIDENT_OPEN).order_by(*order).limit(limit)
    counts = select(func.count(), func.count().filter(triggered)).where(INCIDENT_OPEN)
    total, unacknowledged = tx.execute(counts).one()
    return OpenIncidents(
        first=tuple(_read_glances(tx, tx.execute(statement).all())),
        total=total,
        unacknowledged=unacknowledged,
    )


def list_acknowledged(tx: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Return which of some incidents somebody has now, in order, and who."""
    statement = select(incidents.c.number, incidents.c.acknowledged_by).where(
        incidents.c.number.in_(numbers),
        incidents.c.state == IncidentState.ACKNOWLEDGED.value,
    )
    rows = tx.execute(statement.order_by(incidents.c.number))
    return {row.number: row.acknowledged_by or "" for row in rows}


def find_last_opened(tx: Connection) -> datetime | None:
    """Return when the newest incident of all was opened; announcements are none."""
    newest = select(incidents.c.opened_at).where(~incidents.c.key.startswith(KEYS))
    found = tx.execute(newest.order_by(incidents.c.number.desc()).limit(1))
    at: datetime | None = found.scalar()
    return at


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sought.states is not None:
        found.append(incidents.c.state.in_([state.value for state in sought.states]))
    if sought.severity is not None:
        found.append(incidents.c.severity == sought.severity.value)
    if sought.since is not None:
        found.append(incidents.c.opened_at >= sought.since)
    if sought.until is not None:
        found.append(incidents.c.opened_at < sought.until)
    if sought.before is not None:
        found.append(incidents.c.number < sought.before)
    if sought.service is not None:
        of_it = select(incident_services.c.incident_number).where(
            incident_services.c.service == sought.service
        )
        found.append(incidents.c.number.in_(of_it))
    return found


def _read_glances(tx: Connection, rows: Sequence[Row[Any]]) -> list[IncidentGlance]:
    """Return the rows in their order. Alerts are read of those alone that keep no glance."""
    kept = {row.number: read_glance(row) for row in rows}
    others = read_incidents(tx, [row for row in rows if kept[row.number] is None])
    read = {one.stored_number: glance_at_alerts(one) for one in others}
    told = ((row, kept[row.number] or read[row.number]) for row in rows)
    return [glance_at(read_incident(row, ()), alerts) for row, alerts in told]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLately:
    """What one channel did since a while ago."""

    channel: str
    sent: int
    failed: int  # given up
    waiting: int
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHeartbeat:
    """One heartbeat: when it was last seen, and since when people know that it is missing."""

    name: str
    seen_at: datetime | None
    missed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What came in and went out."""

    last_notification_at: datetime | None
    rejected: int  # since then
    channels: tuple[ChannelLately, ...]
    heartbeats: tuple[SeenHeartbeat, ...]


def read_lately(tx: Connection, *, since: datetime) -> Lately:
    """Return what came in and went out since then."""
    last = tx.execute(
        select(notifications.c.received_at).order_by(notifications.c.received_at.desc()).limit(1)
    ).scalar()
    refused = select(func.count()).select_from(rejected).where(rejected.c.received_at >= since)
    beats = select(heartbeats.c.name, heartbeats.c.seen_at, heartbeats.c.missed_at)
    return Lately(
        last_notification_at=last,
        rejected=int(tx.execute(refused).scalar_one()),
        channels=_channels(tx, since),
        heartbeats=tuple(
            SeenHeartbeat(name=row.name, seen_at=row.seen_at, missed_at=row.missed_at)
            for row in tx.execute(beats.order_by(heartbeats.c.name))
        ),
    )


def _channels(tx: Connection, since: datetime) -> tuple[ChannelLately, ...]:
    def counted(*states: str) -> ColumnElement[int]:
        return func.count().filter(messages.c.state.in_(states))

    last = func.max(messages.c.ended_at).filter(messages.c.state == "sent")
    statement = (
        select(
            messages.c.channel,
            counted("sent").label("sent"),
            counted("failed").label("failed"),
            counted("pending", "sending").label("waiting"),
            type_coerce(last, Instant).label("last_sent_at"),
        )
        .where(messages.c.created_at >= since)
        .group_by(messages.c.channel)
        .order_by(messages.c.channel)
    )
    return tuple(
        ChannelLately(
            channel=row.channel,
            sent=row.sent,
            failed=row.failed,
            waiting=row.waiting,
            last_sent_at=row.last_sent_at,
        )
        for row in tx.execute(statement)
    )
