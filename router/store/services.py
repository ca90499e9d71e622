"""Which services an incident is about, kept apart from its alerts so that history finds it by them.

An incident has thousands of alerts of one service: a row for each service is
written once, and an index of alerts would be written with each of them.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, insert

from router.incident.model import Incident, IncidentAlert
from router.store.tables import incident_services, kept_words

LONGEST: Final = 200  # characters of a name that somebody can look for
_RECORD: Final = insert(incident_services)


def record_services(
    tx: Connection, number: int, known: Mapping[str, IncidentAlert], incident: Incident
) -> None:
    """Add the services that no alert in `known` has, which are the incident's so far."""
    named = _services(incident.alerts.values()) - _services(known.values())
    if named:
        rows = [{"incident_number": number, "service": service} for service in sorted(named)]
        tx.execute(_RECORD, rows)


def _services(members: Iterable[IncidentAlert]) -> set[str]:
    found = {alert.labels["service"] for alert in members if "service" in alert.labels}
    return {kept_words(service) for service in found if len(service) <= LONGEST}
