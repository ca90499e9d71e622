"""Incidents, with their alerts.

Whoever changes an incident or what hangs on it locks the incident's row
first, so that two replicas decide one after the other. A batch of the writer
locks several, in the order of its works: `router.store.turns` has what each
locks, and why no two batches wait for each other.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from guardia.severity import Severity
from router.address import Address
from router.incident.model import Incident, IncidentAlert, IncidentState
from router.store.alerts import (
    hold_again,
    list_alerts,
    list_alerts_of,
    record_alerts,
    release_alerts,
)
from router.store.glances import encode_glance
from router.store.services import record_services
from router.store.tables import (
    INCIDENT_OPEN,
    INCIDENT_REVISITED,
    incidents,
)

# Built once: building a statement takes several times as long as the database needs for it.
_THIS: Final = incidents.c.number == bindparam("incident")
_FIND_LAST_BY_KEY: Final = (
    select(incidents.c.number)
    .where(incidents.c.key_digest == bindparam("digest"))
    .order_by(incidents.c.number.desc())
    .limit(1)
)
_FIND: Final = select(incidents).where(_THIS)
_FIND_TO_CHANGE: Final = _FIND.with_for_update()
_RECORD: Final = insert(incidents).returning(incidents.c.number)
_CHANGE: Final = update(incidents).where(_THIS)
_LIST_CHANNELS: Final = select(incidents.c.channels).where(_THIS)


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
    return read_incident(row, list_alerts(tx, number))


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
    members = list_alerts_of(tx, [row.number for row in rows])
    return [read_incident(row, members[row.number]) for row in rows]


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
            release_alerts(tx, number)
        elif before is not None and not before.is_open:
            hold_again(tx, number)
    known = {} if before is None else before.alerts
    record_alerts(tx, number, known, after)
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
