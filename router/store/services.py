"""Which services an incident is about, kept apart from its alerts so that history finds it by them.

An incident has thousands of alerts of one service: a row for each service is
written once, and an index of alerts would be written with each of them.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from router.incident.model import Incident, IncidentAlert
from router.store.column_types import kept_words
from router.store.tables import incident_services

LONGEST: Final = 200  # characters of a name that somebody can look for
_RECORD: Final = insert(incident_services)
_LIST: Final = select(incident_services.c.service).where(
    incident_services.c.incident_number == bindparam("incident")
)


def record_services(
    tx: Connection,
    number: int,
    known: Mapping[str, IncidentAlert],
    incident: Incident,
    *,
    is_new: bool,
) -> None:
    """Add the services of the alerts that came, or changed theirs, since those in `known`.

    What is stored decides what is missing: an alert may have had another service
    before, and an earlier release names none.
    """
    named = {
        kept_words(service)
        for alert in incident.alerts.values()
        if (service := _service(alert)) is not None
        and _service(known.get(alert.fingerprint)) != service
    }
    if named and not is_new:
        named -= set(tx.execute(_LIST, {"incident": number}).scalars())
    if named:
        rows = [{"incident_number": number, "service": service} for service in sorted(named)]
        tx.execute(_RECORD, rows)


def _service(alert: IncidentAlert | None) -> str | None:
    service = None if alert is None else alert.labels.get("service")
    return None if service is None or len(service) > LONGEST else service
