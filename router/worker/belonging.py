"""Which incident each alert of a notification belongs to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from router.incident.apply import incident_key
from router.incident.scope import IncidentBy, by_group, split_by_scope
from router.intake.notification import Notification, NotifiedAlert
from router.store.alerts import ClosedByHand, list_closed_by_hand, list_holders
from router.store.incidents import find_incident, find_last_by_key


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
    fingerprints = [alert.fingerprint for alert in notification.alerts]
    holders = list_holders(tx, fingerprints)
    closed = list_closed_by_hand(tx, fingerprints, since=closed_since)
    parts: dict[_Place, list[Notification]] = {}
    opening: dict[str, list[Notification]] = {}  # two with one key would open it twice
    for scoped in split_by_scope(notification, scope_labels, incident_by):
        for place, alerts in _placed(tx, scoped, holders, closed).items():
            told = msgspec.structs.replace(scoped, alerts=tuple(alerts))
            if place.number is None:
                opening.setdefault(incident_key(told), []).append(told)
            else:
                parts.setdefault(place, []).append(told)
    # In the order of their numbers: two replicas lock several incidents in one order.
    known = [
        Part(number=place.number, notification=_together(told), of_closed=place.of_closed)
        for place, told in sorted(parts.items(), key=lambda part: part[0].number or 0)
    ]
    return [*known, *(Part(number=None, notification=_together(told)) for told in opening.values())]


class _Place(NamedTuple):
    number: int | None
    of_closed: bool


def _placed(
    tx: Connection,
    scoped: Notification,
    holders: Mapping[str, int],
    closed: Mapping[str, ClosedByHand],
) -> dict[_Place, list[NotifiedAlert]]:
    """Return the alerts of one scope by the incident that each belongs to."""
    parts: dict[_Place, list[NotifiedAlert]] = {}
    homeless: list[NotifiedAlert] = []
    for alert in scoped.alerts:
        known = closed.get(alert.fingerprint)
        if alert.fingerprint in holders:
            place = _Place(holders[alert.fingerprint], of_closed=False)
        elif known is not None and not _begins_anew(alert, known):
            place = _Place(known.number, of_closed=True)
        else:
            homeless.append(alert)
            continue
        parts.setdefault(place, []).append(alert)
    if homeless:
        home = _home(tx, scoped, [place.number for place in parts if not place.of_closed])
        parts.setdefault(_Place(home, of_closed=False), []).extend(homeless)
    return parts


def _together(parts: Sequence[Notification]) -> Notification:
    """Return as one what several parts tell one incident.

    A group without labels is split by its alerts, and one incident may hold
    thousands of them: it is not to be read and written for each.
    """
    return msgspec.structs.replace(
        parts[0],
        alerts=tuple(alert for part in parts for alert in part.alerts),
        truncated_alerts=max(part.truncated_alerts for part in parts),
    )


def _begins_anew(alert: NotifiedAlert, known: ClosedByHand) -> bool:
    """Say whether it fires since a later time than the alert that somebody said is over."""
    return alert.firing and alert.starts_at is not None and alert.starts_at > known.starts_at


def _home(tx: Connection, scoped: Notification, holding: Iterable[int | None]) -> int | None:
    """Return the incident that alerts join which no open one holds."""
    last = find_last_by_key(tx, incident_key(scoped))
    by_key = None if last is None else find_incident(tx, last)
    if by_key is None or not by_key.is_open:
        return min((number for number in holding if number is not None), default=last)
    return last
