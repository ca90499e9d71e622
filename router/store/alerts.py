"""The alerts of incidents: which of them an open incident holds, and how they are kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, false, func, insert, select, update

from guardia.severity import Severity
from router.incident.model import Incident, IncidentAlert
from router.incident.reconcile import OpenAlert
from router.store.tables import ALERT_IN_OPEN_INCIDENT, alerts, incidents

_PARAMETERS: Final = 500  # SQLite takes a bounded number of them
# Built once: building a statement takes several times as long as the database needs for it.
_THESE_ALERTS: Final = alerts.c.fingerprint.in_(bindparam("fingerprints", expanding=True))
_OF_THIS: Final = alerts.c.incident_number == bindparam("incident")
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
_LIST_ALERTS: Final = select(alerts).where(_OF_THIS).order_by(alerts.c.fingerprint)
_RECORD_ALERTS: Final = insert(alerts)
_DELETE_ALERTS: Final = delete(alerts).where(_OF_THIS, _THESE_ALERTS)
_CHANGE_ALERTS: Final = update(alerts).where(_OF_THIS)
_RECORD_SEEN: Final = update(alerts).where(_OF_THIS, _THESE_ALERTS)


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


def list_alerts(tx: Connection, number: int) -> list[IncidentAlert]:
    """Return the alerts of an incident, by fingerprint."""
    return [_alert(row) for row in tx.execute(_LIST_ALERTS, {"incident": number})]


def list_alerts_of(tx: Connection, numbers: Sequence[int]) -> dict[int, list[IncidentAlert]]:
    """Return number -> alerts, for each of these incidents."""
    members: dict[int, list[IncidentAlert]] = {number: [] for number in numbers}
    for row in tx.execute(select(alerts).where(alerts.c.incident_number.in_(numbers))):
        members[row.incident_number].append(_alert(row))
    return members


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


def record_alerts(
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


def release_alerts(tx: Connection, number: int) -> None:
    """Let an incident that is over hold its alerts no longer: the next one may."""
    tx.execute(_CHANGE_ALERTS, {"incident": number, "in_open_incident": False})


def hold_again(tx: Connection, number: int) -> None:
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
