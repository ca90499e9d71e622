"""Which incident each alert of a notification belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from router.incident.apply import incident_key
from router.incident.scope import IncidentBy, by_group, split_by_scope
from router.intake.notification import Notification, NotifiedAlert
from router.store.incidents import (
    ClosedByHand,
    find_incident,
    find_last_by_key,
    list_closed_by_hand,
    list_holders,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a notification tells one incident: an open one, a closed one, or (None) a new one.

    `of_closed`: somebody resolved the incident by hand, and these are alerts
    that fired then and go on, or that have ended since.
    """

    number: int | None
    notification: Notification
    of_closed: bool = False


def split_by_incident(
    tx: Connection,
    notification: Notification,
    scope_labels: Iterable[str],
    *,
    incident_by: IncidentBy = by_group,
    closed_since: datetime,
) -> list[Part]:
    """Return each incident that the alerts belong to, with its part of the notification.

    An alert stays with the open incident that holds it, and with one that
    somebody resolved by hand after `closed_since` while it fired. The others of
    its scope join the incident of the scope's key when that is open, else the
    first that holds one of their companions; without any, the newest with that
    key, which is over (or None): it tells what is already known to be over.
    """
    found: list[Part] = []
    for scoped in split_by_scope(notification, scope_labels, incident_by):
        fingerprints = [alert.fingerprint for alert in scoped.alerts]
        holders = list_holders(tx, fingerprints)
        closed = list_closed_by_hand(tx, fingerprints, since=closed_since)
        home = _home(tx, scoped, holders)
        parts: dict[tuple[bool, int | None], list[NotifiedAlert]] = {}
        for alert in scoped.alerts:
            parts.setdefault(_place(alert, holders, closed, home), []).append(alert)
        found += [
            Part(
                number=number,
                notification=msgspec.structs.replace(scoped, alerts=tuple(alerts)),
                of_closed=of_closed,
            )
            for (of_closed, number), alerts in parts.items()
        ]
    # In the order of their numbers: two replicas lock several incidents in one order.
    return sorted(found, key=lambda part: (part.number is None, part.number or 0))


def _place(
    alert: NotifiedAlert,
    holders: Mapping[str, int],
    closed: Mapping[str, ClosedByHand],
    home: int | None,
) -> tuple[bool, int | None]:
    if alert.fingerprint in holders:
        return False, holders[alert.fingerprint]
    known = closed.get(alert.fingerprint)
    if known is not None and not _begins_anew(alert, known):
        return True, known.number
    return False, home


def _begins_anew(alert: NotifiedAlert, known: ClosedByHand) -> bool:
    """Say whether it fires since a later time than the alert that somebody said is over."""
    return alert.firing and alert.starts_at is not None and alert.starts_at > known.starts_at


def _home(tx: Connection, scoped: Notification, holders: Mapping[str, int]) -> int | None:
    """Return the incident that alerts join which no open one holds."""
    last = find_last_by_key(tx, incident_key(scoped))
    by_key = None if last is None else find_incident(tx, last)
    if holders and (by_key is None or not by_key.is_open):
        return min(holders.values())
    return last
