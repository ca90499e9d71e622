"""Incidents, their alerts and their timeline.

Whoever changes an incident or what hangs on it locks the incident's row
first, so that two replicas decide one after the other. A batch of the writer
locks several, in the order of its works: `router.store.turns` has what each
locks, and why no two batches wait for each other.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, false, func, insert, select, update

from guardia.severity import Severity
from router.address import Address
from router.incident.model import Incident, IncidentAlert, IncidentState
from router.incident.reconcile import OpenAlert
from router.store.glances import encode_glance
from router.store.services import record_services
from router.store.tables import (
    ALERT_IN_OPEN_INCIDENT,
    INCIDENT_OPEN,
    INCIDENT_REVISITED,
    alerts,
    incidents,
)

_PARAMETERS: Final = 500  # SQLite takes a bounded number of them
# Built once: building a statement takes several times as long as the database needs for it.
_THESE_ALERTS: Final = alerts.c.fingerprint.in_(bindparam("fingerprints", expanding=True))
_OF_THIS: Final = alerts.c.incident_number == bindparam("incident")
_THIS: Final = incidents.c.number == bindparam("incident")
_LIST_HOLDERS: Final = select(alerts.c.fingerprint, alerts.c.incident_number).where(
    ALERT_IN_OPEN_INCIDENT, _THESE_ALERTS
)
_LIST_CLOSED_BY_HAND: Final = (
    select(alerts.c.fingerprint, alerts.c.incident_number, alerts.c.starts_at)
    .join(incidents, incidents.c.number == alerts.c.incident_number)
    .where(
        incidents.c.resolved_at.is_not(None),  # for the index
        incidents.c.resolved_at > bindparam("since"),
        incidents.c.resolved_by.is_not(None),
        alerts.c.firing,
        _THESE_ALERTS,
    )
    .order_by(incidents.c.number)
)
_LIST_FIRING: Final = select(alerts.c.fingerprint).where(
    ALERT_IN_OPEN_INCIDENT, alerts.c.firing, _THESE_ALERTS
)
_FIND_LAST_BY_KEY: Final = (
    select(incidents.c.number)
    .where(incidents.c.key_digest == bindparam("digest"))
    .order_by(incidents.c.number.desc())
    .limit(1)
)
_FIND: Final = select(incidents).where(_THIS)
_FIND_TO_CHANGE: Final = _FIND.with_for_update()
_LIST_ALERTS: Final = select(alerts).where(_OF_THIS).order_by(alerts.c.fingerprint)
_RECORD: Final = insert(incidents).returning(incidents.c.number)
_CHANGE: Final = update(incidents).where(_THIS)
_RECORD_ALERTS: Final = insert(alerts)
_DELETE_ALERTS: Final = delete(alerts).where(_OF_THIS, _THESE_ALERTS)
_RECORD_SEEN: Final = update(alerts).where(_OF_THIS, _THESE_ALERTS)
_LIST_CHANNELS: Final = select(incidents.c.channels).where(_THIS)


def list_holders(tx: Connection, fingerprints: Iterable[str]) -> dict[str, int]:
    """Return fingerprint -> number of the open incident that holds it, for those that one holds."""
    found: dict[str, int] = {}
    for some in _slices(fingerprints):
        rows = tx.execute(_LIST_HOLDERS, {"fingerprints": some}).all()
        found.update((row.fingerprint, row.incident_number) for row in rows)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedByHand:
    """An alert that fired when somebody resolved its incident, and has not ended since."""

    number: int  # of the incident
    starts_at: datetime


def list_closed_by_hand(
    tx: Connection, fingerprints: Iterable[str], *, since: datetime
) -> dict[str, ClosedByHand]:
    """Return those of the alerts whose incident somebody resolved after `since` while they fired.

    By fingerprint, the newest incident of each.
    """
    found: dict[str, ClosedByHand] = {}
    for some in _slices(fingerprints):
        for row in tx.execute(_LIST_CLOSED_BY_HAND, {"fingerprints": some, "since": since}):
            found[row.fingerprint] = ClosedByHand(
                number=row.incident_number, starts_at=row.starts_at
            )
    return found


def list_firing(tx: Connection, fingerprints: Iterable[str]) -> set[str]:
    """Return those of the alerts that fire in an open incident."""
    found: set[str] = set()
    for some in _slices(fingerprints):
        found.update(tx.execute(_LIST_FIRING, {"fingerprints": some}).scalars().all())
    return found


def find_last_by_key(tx: Connection, key: str) -> int | None:
    """Return the number of the newest incident with this key, open or resolved.

    At most one is open, and it is the newest: while it is, none is made.
    """
    number = tx.execute(_FIND_LAST_BY_KEY, {"digest": _digest(key)}).scalar()
    return None if number is None else int(number)


def find_incident(tx: Connection, number: int, *, to_change: bool = False) -> Incident | None:
    """Return an incident with its alerts; locked until the transaction ends when `to_change`."""
    statement = _FIND_TO_CHANGE if to_change else _FIND
    row = tx.execute(statement, {"incident": number}).one_or_none()
    if row is None:
        return None
    members = tx.execute(_LIST_ALERTS, {"incident": number}).all()
    return read_incident(row, [_alert(member) for member in members])


def list_incidents(tx: Connection, *, open_only: bool, limit: int) -> list[Incident]:
    """Return the newest incidents first, with their alerts."""
    statement = select(incidents).order_by(incidents.c.number.desc()).limit(limit)
    if open_only:
        statement = statement.where(INCIDENT_OPEN)
    return read_incidents(tx, tx.execute(statement).all())


def read_incidents(tx: Connection, rows: Sequence[Row[Any]]) -> list[Incident]:
    """Return rows of the table as values, with their alerts, in their order."""
    if not rows:
        return []
    members: dict[int, list[IncidentAlert]] = {row.number: [] for row in rows}
    of_these = alerts.c.incident_number.in_(list(members))
    for member in tx.execute(select(alerts).where(of_these)):
        members[member.incident_number].append(_alert(member))
    return [read_incident(row, members[row.number]) for row in rows]


def list_open_alerts(tx: Connection) -> list[OpenAlert]:
    """Return all alerts that fire in open incidents, as far as reconciling compares them."""
    statement = select(
        alerts.c.incident_number,
        alerts.c.fingerprint,
        alerts.c.suppressed_by,
        alerts.c.listed,
        alerts.c.seen_at,
        alerts.c.stale,
    ).where(ALERT_IN_OPEN_INCIDENT, alerts.c.firing)
    return [
        OpenAlert(
            incident=row.incident_number,
            fingerprint=row.fingerprint,
            suppressed_by=row.suppressed_by,
            listed=row.listed,
            seen_at=row.seen_at,
            stale=row.stale,
        )
        for row in tx.execute(statement)
    ]


def list_silent_incidents(tx: Connection, *, before: datetime) -> list[int]:
    """Return open incidents with an alert that fires, was last seen before then, and is not stale.

    One without that time is of an earlier release: then the incident's opening counts.
    """
    seen_at = func.coalesce(alerts.c.seen_at, incidents.c.opened_at)
    statement = (
        select(alerts.c.incident_number)
        .join(incidents, incidents.c.number == alerts.c.incident_number)
        .where(ALERT_IN_OPEN_INCIDENT, alerts.c.firing, alerts.c.stale.is_(false()))
        .where(seen_at <= before)
        .distinct()
    )
    return sorted(tx.execute(statement).scalars())


def list_revisits(tx: Connection, *, now: datetime, limit: int) -> list[int]:
    """Return the incidents to which time alone does something by now, the longest due first."""
    statement = (
        select(incidents.c.number)
        .where(incidents.c.revisit_at <= now)
        .order_by(incidents.c.revisit_at, incidents.c.number)
        .limit(limit)
    )
    return [int(number) for number in tx.execute(statement).scalars()]


def record_unrevisited(tx: Connection, number: int, *, until: datetime) -> None:
    """Put off what time does to an incident, since it failed; any change of it ends the delay."""
    this = update(incidents).where(incidents.c.number == number, INCIDENT_REVISITED)
    tx.execute(this.values(revisit_at=until))


def record_incident(tx: Connection, before: Incident | None, after: Incident) -> Incident:
    """Store an incident as it is now and return it with its number.

    Only alerts that differ from `before` are written: a group of hundreds
    changes by a few.
    """
    is_new = after.number is None
    if after.number is None:
        opened = {"key": after.key, "key_digest": _digest(after.key), "channels": []}
        number = int(tx.execute(_RECORD, opened | _state(after)).scalar_one())
    else:
        number = after.number
        tx.execute(_CHANGE, {"incident": number} | _state(after))
        if not after.is_open:
            closed = update(alerts).where(alerts.c.incident_number == number)
            tx.execute(closed.values(in_open_incident=False))
        elif before is not None and not before.is_open:
            _hold_again(tx, number)
    known = {} if before is None else before.alerts
    _record_alerts(tx, number, known, after)
    record_services(tx, number, known, after, is_new=is_new)
    return replace(after, number=number)


def list_channels(tx: Connection, number: int) -> list[Address]:
    """Return where an incident's notices go."""
    stored = tx.execute(_LIST_CHANNELS, {"incident": number}).scalar()
    return [Address(channel=channel, address=address) for channel, address in stored or []]


def record_channels(tx: Connection, number: int, channels: Iterable[Address]) -> None:
    """Add to where an incident's notices go; what was told once is kept up to date."""
    told = dict.fromkeys([*list_channels(tx, number), *channels])
    stored = [[address.channel, address.address] for address in told]
    tx.execute(_CHANGE, {"incident": number, "channels": stored})


def _record_alerts(
    tx: Connection, number: int, known: Mapping[str, IncidentAlert], incident: Incident
) -> None:
    """Write what differs; where that is only when it was last seen, not the whole alert."""
    changed: list[IncidentAlert] = []
    seen: dict[datetime, list[str]] = {}
    for alert in incident.alerts.values():
        before = known.get(alert.fingerprint)
        if before == alert:
            continue
        at = alert.seen_at
        if before is not None and at is not None and replace(before, seen_at=at) == alert:
            seen.setdefault(at, []).append(alert.fingerprint)
        else:
            changed.append(alert)
    for at, fingerprints in seen.items():
        _record_seen(tx, number, fingerprints, at)
    stale = [alert.fingerprint for alert in changed if alert.fingerprint in known]
    for some in _slices(stale):
        tx.execute(_DELETE_ALERTS, {"incident": number, "fingerprints": some})
    if changed:
        rows = [_alert_row(number, alert, incident) for alert in changed]
        tx.execute(_RECORD_ALERTS, rows)


def _hold_again(tx: Connection, number: int) -> None:
    """Let a reopened incident hold its alerts as before, but for those that another one holds."""
    held = select(alerts.c.fingerprint).where(ALERT_IN_OPEN_INCIDENT)
    own = update(alerts).where(alerts.c.incident_number == number)
    tx.execute(own.where(alerts.c.fingerprint.not_in(held)).values(in_open_incident=True))


def _record_seen(tx: Connection, number: int, fingerprints: Sequence[str], at: datetime) -> None:
    for some in _slices(fingerprints):
        seen = {"incident": number, "fingerprints": some, "seen_at": at}
        tx.execute(_RECORD_SEEN, seen)


def _slices(fingerprints: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(set(fingerprints))
    return (wanted[start : start + _PARAMETERS] for start in range(0, len(wanted), _PARAMETERS))


def _alert_row(number: int, alert: IncidentAlert, incident: Incident) -> dict[str, Any]:
    return {
        "incident_number": number,
        "fingerprint": alert.fingerprint,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "firing": alert.firing,
        "starts_at": alert.starts_at,
        "ended_at": alert.ended_at,
        "generator_url": alert.generator_url,
        "severity": alert.severity.value,
        "in_open_incident": incident.is_open,
        "seen_at": alert.seen_at,
        "stale": alert.stale,
        "listed": alert.listed,
        "suppressed_by": alert.suppressed_by,
    }


def _alert(row: Row[Any]) -> IncidentAlert:
    return IncidentAlert(
        fingerprint=row.fingerprint,
        labels=row.labels,
        annotations=row.annotations,
        firing=row.firing,
        starts_at=row.starts_at,
        ended_at=row.ended_at,
        generator_url=row.generator_url,
        severity=Severity(row.severity),
        seen_at=row.seen_at,
        stale=row.stale,
        listed=row.listed,
        suppressed_by=row.suppressed_by,
    )


def read_incident(row: Row[Any], members: Iterable[IncidentAlert]) -> Incident:
    """Return a row of the table as a value, with these alerts."""
    return Incident(
        number=row.number,
        key=row.key,
        state=IncidentState(row.state),
        severity=Severity(row.severity),
        alerts={alert.fingerprint: alert for alert in members},
        opened_at=row.opened_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_until=row.acknowledged_until,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        reopened=row.reopened,
        closes_at=row.closes_at,
    )


def _state(incident: Incident) -> dict[str, Any]:
    revisits = [at for at in (incident.acknowledged_until, incident.closes_at) if at is not None]
    return {
        "state": incident.state.value,
        "severity": incident.severity.value,
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "acknowledged_until": incident.acknowledged_until,
        "resolved_at": incident.resolved_at,
        "resolved_by": incident.resolved_by,
        "reopened": incident.reopened,
        "closes_at": incident.closes_at,
        "revisit_at": min(revisits, default=None) if incident.is_open else None,
        "glance": encode_glance(incident),
    }


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
