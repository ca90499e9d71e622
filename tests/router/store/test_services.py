"""History finds an incident by the service of any of its alerts, also those of earlier releases."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, text

from router.store import migrations
from router.store.engine import open_engine
from router.store.history import Sought, search_incidents
from router.store.incidents import record_incident
from router.store.migrations import upgrade
from tests.databases import DATABASES, empty_database
from tests.router.making import NOON, incident, incident_alert

SURROGATE = "\ud83d"  # half a pair: a label that JSON can hold, and no encoder keeps
KNOWN = ("casos", "cüstos \N{FIRE}", 'a "quoted" one', "back\\slash", "x" * 200)
ODD = ("nul\0", f"half {SURROGATE}", "y" * 201, "z" * 10_000)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def find(tx: Connection, service: str) -> list[int]:
    return [one.number for one in search_incidents(tx, Sought(service=service), limit=99)]


def test_an_incident_is_found_by_every_service_of_its_alerts(engine: Engine) -> None:
    alerts = [
        replace(incident_alert(service=service), fingerprint=str(number))
        for number, service in enumerate((*KNOWN, *ODD))
    ]
    with engine.begin() as tx:
        other = record_incident(tx, None, replace(incident(), number=None))
        stored = record_incident(tx, None, replace(incident(*alerts), number=None, key="b"))
        more = {**stored.alerts, "new": replace(incident_alert(service="new"), fingerprint="new")}
        record_incident(tx, stored, replace(stored, alerts=more))

        for service in (*KNOWN, "new"):
            assert find(tx, service) == [stored.number]
        assert find(tx, "nul\N{REPLACEMENT CHARACTER}") == [stored.number]
        assert find(tx, "none") == []
        assert [one.number for one in search_incidents(tx, Sought(), limit=9)] == [
            stored.number,
            other.number,
        ]


def test_an_alert_whose_service_changes_back_and_forth_is_found_by_each(engine: Engine) -> None:
    """A fingerprint is believed as it is sent, whatever the labels beside it are."""
    with engine.begin() as tx:
        stored = record_incident(tx, None, replace(incident(), alerts={}, number=None))
        for service in ("casos", "pagos", "casos"):
            alert = replace(incident_alert(service=service), fingerprint="same")
            stored = record_incident(tx, stored, replace(stored, alerts={"same": alert}))

        assert find(tx, "casos") == find(tx, "pagos") == [stored.number]


def test_what_an_earlier_release_left_out_comes_with_the_next_alert(engine: Engine) -> None:
    with engine.begin() as tx:
        first = replace(incident_alert(service="casos"), fingerprint="1")
        stored = record_incident(tx, None, replace(incident(first), number=None))
        tx.execute(text("DELETE FROM incident_services"))
        second = replace(first, fingerprint="2")
        more = {**stored.alerts, "2": second}
        record_incident(tx, stored, replace(stored, alerts=more))

        assert find(tx, "casos") == [stored.number]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("service", ["casos", "none"])
def test_a_service_is_found_by_an_index(engine: Engine, service: str) -> None:
    asked: list[tuple[str, Any]] = []

    def remember(_c: object, _u: object, sql: str, values: Any, *_: object) -> None:
        asked.append((sql, values))

    with engine.begin() as tx:
        event.listen(engine, "before_cursor_execute", remember)
        find(tx, service)
        event.remove(engine, "before_cursor_execute", remember)
        ((sql, values),) = asked
        plan = [str(row[3]) for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]

    assert any("ix_incident_services_service (service=?)" in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN")], plan


def test_an_earlier_release_can_delete_an_incident(engine: Engine) -> None:
    with engine.begin() as tx:
        record_incident(tx, None, replace(incident(incident_alert(service="x")), number=None))
        tx.execute(text("DELETE FROM alerts"))
        tx.execute(text("DELETE FROM incidents"))
        assert tx.execute(text("SELECT count(*) FROM incident_services")).scalar() == 0


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    with empty_database(request, tmp_path) as url:
        opened = open_engine(url)
        yield opened
        opened.dispose()


def test_incidents_of_an_earlier_release_are_found_by_service_too(empty: Engine) -> None:
    """The migration names their services, whatever the labels hold."""
    with empty.begin() as tx:
        _make_schema(tx, "0004")
        for number, service in enumerate((*KNOWN, *ODD), start=1):
            _store_old(tx, number, [{"service": service, "n": "1"}, {"service": service}])
        _store_old(tx, 50, [{"alertname": "OfNoService"}, {"service": "casos"}])
        _store_old(tx, 51, [{"service": "emoji beside", "other": "\N{FIRE}"}])
        for number, odd in enumerate(("\\ud83d\ude00", "\ud83d\\\ude00"), start=52):
            _store_old(tx, number, [{"service": "halves", "after a backslash": odd}])
        _store_old(tx, 54, [{"service": "told", "an escape that is text": "\\u0000"}])

    upgrade(empty)

    with empty.begin() as tx:
        for number, service in enumerate(KNOWN, start=1):
            assert find(tx, service) == ([50, number] if service == "casos" else [number])
        assert find(tx, "told") == [54]
        assert find(tx, "halves") == ([53, 52] if tx.dialect.name == "sqlite" else [])
        assert find(tx, "emoji beside") == [51]
        (listed, *_) = search_incidents(tx, Sought(service="casos"), limit=9)
        assert listed.alerts.total == 2


def _make_schema(tx: Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = tx
    command.upgrade(config, version)


def _store_old(tx: Connection, number: int, labels: list[dict[str, str]]) -> None:
    at = int(NOON.timestamp() * 1_000_000)
    tx.execute(
        text(
            "INSERT INTO incidents"
            " (number, key, key_digest, state, severity, opened_at, channels)"
            " VALUES (:number, :key, :key, 'triggered', 'high', :at, '[]')"
        ),
        {"number": number, "key": f"group {number}", "at": at},
    )
    for one, of_one in enumerate(labels):
        tx.execute(
            text(
                "INSERT INTO alerts (incident_number, fingerprint, labels, annotations, firing,"
                " starts_at, generator_url, severity, in_open_incident)"
                " VALUES (:number, :fingerprint, :labels, '{}', true, :at, '', 'high', true)"
            ),
            {
                "number": number,
                "fingerprint": f"{number}.{one}",
                "labels": json.dumps(of_one),
                "at": at,
            },
        )
