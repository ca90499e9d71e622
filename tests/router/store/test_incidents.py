"""Incidents and their escalation come back from the store as they went in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from router.escalation.decide import start
from router.incident.model import Event, EventKind, IncidentState
from router.store.alerts import list_holders
from router.store.column_types import Instant
from router.store.engine import open_engine
from router.store.incidents import find_incident, find_last_by_key, record_incident
from router.store.migrations import upgrade
from router.store.timeline import list_timeline, record_events
from router.store.timers import find_timer, list_due_timers, record_escalation, record_started
from tests.router.making import NOON, incident, incident_alert, minutes, policy, step

HOSTILE = "'; DROP TABLE incidents; --\0 \U0001f525 <script> \N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def tx(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_an_incident_comes_back_as_it_was(tx: Connection) -> None:
    new = replace(
        incident(
            incident_alert(severity="critical", service="casos", summary=HOSTILE),
            incident_alert(severity="high", service="casos", firing=False),
        ),
        number=None,
    )

    stored = record_incident(tx, None, new)

    assert stored.number == 1
    assert find_incident(tx, 1) == stored


def test_only_open_incidents_hold_alerts(tx: Connection) -> None:
    alert = incident_alert(severity="critical")
    stored = record_incident(tx, None, replace(incident(alert), number=None))
    assert list_holders(tx, [alert.fingerprint, "other"]) == {alert.fingerprint: 1}

    over = replace(stored, state=IncidentState.RESOLVED, resolved_at=NOON)
    record_incident(tx, stored, over)

    assert list_holders(tx, [alert.fingerprint]) == {}
    assert find_last_by_key(tx, stored.key) == 1
    assert record_incident(tx, None, replace(incident(alert), number=None)).number == 2


def test_a_change_of_one_alert_leaves_the_others(tx: Connection) -> None:
    first, second = incident_alert(severity="critical"), incident_alert(severity="high")
    stored = record_incident(tx, None, replace(incident(first, second), number=None))
    ended = replace(second, firing=False, ended_at=NOON + minutes(3))

    changed = replace(stored, alerts={**stored.alerts, second.fingerprint: ended})
    record_incident(tx, stored, changed)

    assert find_incident(tx, 1) == changed


def test_a_group_of_thousands_is_found_and_kept(tx: Connection) -> None:
    many = [incident_alert(severity="high", instance=str(number)) for number in range(2500)]

    stored = record_incident(tx, None, replace(incident(*many), number=None))

    assert len(list_holders(tx, list(stored.alerts))) == 2500
    assert find_incident(tx, 1) == stored


def test_a_long_key_is_found(tx: Connection) -> None:
    key = "group " + "x" * 10_000
    record_incident(tx, None, replace(incident(), number=None, key=key))
    assert find_last_by_key(tx, key) == 1
    assert find_last_by_key(tx, key + "x") is None


def test_a_timeline_keeps_its_order_and_any_text(tx: Connection) -> None:
    record_incident(tx, None, replace(incident(), number=None))
    told = [
        Event(at=NOON + minutes(at), kind=EventKind.OPENED, text=f"{at} {HOSTILE}") for at in (2, 1)
    ]

    record_events(tx, 1, told)

    kept = list_timeline(tx, 1)
    assert [event.at for event in kept] == [event.at for event in told]
    assert kept[0].text == f"2 {HOSTILE}".replace("\0", "\N{REPLACEMENT CHARACTER}")


def test_an_escalation_comes_back_as_it_was_and_a_second_one_is_the_next_round(
    tx: Connection,
) -> None:
    record_incident(tx, None, replace(incident(), number=None))
    begun = start(
        policy(
            step(schedules=["primary"], wait=minutes(7)), last_resort=step(people=["ana", "ben"])
        ),
        catalog_version="edition-1",
        now=NOON,
    )

    record_started(tx, 1, begun)
    assert list_due_timers(tx, now=NOON, limit=9) == [1]
    record_escalation(tx, 1, replace(begun, due_at=None, next_step=1))
    ended = find_timer(tx, 1)
    record_started(tx, 1, begun)
    again = find_timer(tx, 1)

    assert ended is not None
    assert ended.escalation == replace(begun, due_at=None, next_step=1)
    assert again is not None
    assert (again.round, again.escalation) == (2, begun)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
def test_instants_are_kept_to_the_microsecond(naive: datetime) -> None:
    at, kind, dialect = naive.replace(tzinfo=UTC), Instant(), sqlite.dialect()
    kept = kind.process_bind_param(at, dialect)
    after = kind.process_bind_param(at + timedelta(microseconds=1), dialect)
    assert kept is not None
    assert kind.process_result_value(kept, dialect) == at
    assert after == kept + 1


def test_of_what_is_due_at_the_same_instant_the_oldest_comes_first(tx: Connection) -> None:
    """Whatever order the rows are kept in: those that come later are gathered in a digest."""
    ana = step(people=["ana"])
    begun = start(policy(ana, last_resort=ana), catalog_version="edition-1", now=NOON)
    for number in (1, 2, 3):
        alert = incident_alert(severity="critical", service=f"service-{number}")
        new = replace(incident(alert), number=None, key=f"group {number}")
        record_incident(tx, None, new)
        record_started(tx, number, replace(begun, due_at=NOON - minutes(number)))
    for number in (3, 1, 2):  # a row that changes is written anew, behind the others
        record_escalation(tx, number, begun)

    assert list_due_timers(tx, now=NOON, limit=2) == [1, 2]
