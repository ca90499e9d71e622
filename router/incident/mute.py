"""Announced maintenance: the record goes on, and nobody is woken for what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from guardia.maintenance import Maintenance, is_announced
from router.incident.describe import shown_alerts
from router.incident.model import Event, EventKind, Incident
from router.phrase import phrase

SERVICE_LABEL: Final = "service"
# Meanwhile it may be called off, and an alert may join that it does not cover.
_ASKED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements:
    """What is announced, and the label by which alerts name their environment."""

    announced: tuple[Maintenance, ...] = ()
    environment_label: str = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Until when nobody is woken as it looks now, and the row of the timeline that says so."""

    until: datetime  # UTC
    asked_at: datetime  # UTC; when it is looked at again
    event: Event


def find_mute(incident: Incident, known: Announcements, *, now: datetime) -> Mute | None:
    """Return the maintenance that covers every firing alert (every alert when none fires).

    An alert is covered by what is announced for its service and environment;
    one without those labels only by what is announced for all. None when one
    alert is not covered: then people are woken.
    """
    alerts = shown_alerts(incident)
    found = [_covering(alert.labels, known, now) for alert in alerts]
    covering = [one for one in found if one is not None]
    if not covering or len(covering) < len(alerts):
        return None
    until = min(one.ends_at(now) for one in dict.fromkeys(covering))
    names = ", ".join(dict.fromkeys(one.name for one in covering))
    text = phrase(
        "Announced maintenance ({names}): nobody is woken before {until}.", names=names, until=until
    )
    return Mute(
        until=until,
        asked_at=min(until, now + _ASKED_EVERY),
        event=Event(at=now, kind=EventKind.PAUSED, text=text),
    )


def _covering(labels: Mapping[str, str], known: Announcements, now: datetime) -> Maintenance | None:
    return is_announced(
        known.announced,
        service=labels.get(SERVICE_LABEL),
        environment=labels.get(known.environment_label),
        at=now,
    )
