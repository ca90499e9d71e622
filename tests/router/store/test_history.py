"""Which of the open incidents people see first, and what is found in the past."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from random import Random

import pytest
from sqlalchemy import Connection

from guardia.severity import Severity
from router.address import Address
from router.incident.glance import glance_at
from router.incident.model import Incident, IncidentState
from router.store.announcements import record_announcement
from router.store.engine import open_engine
from router.store.history import Sought, find_last_opened, list_urgent, search_incidents
from router.store.incidents import record_incident
from router.store.migrations import upgrade
from tests.router.making import NOON, incident, incident_alert

HOUR = timedelta(hours=1)


@pytest.fixture
def tx(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def stored(tx: Connection) -> list[Incident]:
    """One incident of each state, severity and hour, in no order."""
    cases = list(product(IncidentState, Severity, range(3)))
    Random(7).shuffle(cases)  # noqa: S311 - only an order, the same each time
    return [_store(tx, number, *case) for number, case in enumerate(cases)]


def _store(
    tx: Connection, number: int, state: IncidentState, severity: Severity, hours: int
) -> Incident:
    opened_at = NOON + hours * HOUR
    service = "casos" if severity is Severity.LOW else f"service-{number}"
    alert = incident_alert(severity=severity.value, service=service, n=str(number))
    one = replace(
        incident(alert, state=state),
        number=None,
        key=f"group {number}",
        opened_at=opened_at,
        resolved_at=opened_at if state is IncidentState.RESOLVED else None,
    )
    return record_incident(tx, None, one)


@pytest.mark.parametrize("limit", [1, 10, 100])
def test_what_nobody_has_is_first_then_the_worst_then_the_oldest(
    tx: Connection, stored: list[Incident], limit: int
) -> None:
    found = list_urgent(tx, limit=limit)

    still_open = [one for one in stored if one.is_open]
    expected = sorted(
        still_open,
        key=lambda one: (
            one.state is not IncidentState.TRIGGERED,
            -one.severity.urgency,
            one.opened_at,
        ),
    )
    assert list(found.first) == [glance_at(one) for one in expected[:limit]]
    assert found.total == len(still_open)
    assert found.unacknowledged == sum(one.state is IncidentState.TRIGGERED for one in still_open)


def test_without_any_nothing_is_found(tx: Connection) -> None:
    found = list_urgent(tx, limit=10)
    assert (found.first, found.total, found.unacknowledged) == ((), 0, 0)
    assert find_last_opened(tx) is None


def test_an_announcement_is_no_alert_that_came(tx: Connection, stored: list[Incident]) -> None:
    place = Address(channel="slack", address="#operaciones")
    told = {"installation": "test", "subject": "override/1", "by": "Engineer ana"}
    record_announcement(tx, "told", [place], now=NOON + 9 * HOUR, **told)
    assert find_last_opened(tx) == stored[-1].opened_at


@pytest.mark.parametrize(
    "sought",
    [
        Sought(),
        Sought(states=(IncidentState.RESOLVED,)),
        Sought(severity=Severity.HIGH),
        Sought(service="casos"),
        Sought(since=NOON + HOUR),
        Sought(until=NOON + HOUR),
        Sought(since=NOON + HOUR, until=NOON + 2 * HOUR, service="casos"),
        Sought(before=9),
        Sought(service="nothing"),
    ],
)
def test_the_newest_that_match_come_first(
    tx: Connection, stored: list[Incident], sought: Sought
) -> None:
    def matches(one: Incident) -> bool:
        services = {alert.labels["service"] for alert in one.alerts.values()}
        return (
            (sought.states is None or one.state in sought.states)
            and (sought.severity in (None, one.severity))
            and (sought.service is None or sought.service in services)
            and (sought.since is None or one.opened_at >= sought.since)
            and (sought.until is None or one.opened_at < sought.until)
            and (sought.before is None or one.stored_number < sought.before)
        )

    expected = [one for one in reversed(stored) if matches(one)]
    found = search_incidents(tx, sought, limit=7)
    assert found == [glance_at(one) for one in expected[:7]]
