"""What providers told is kept by its id: once, found again, and gone when it is old."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from router.address import Address
from router.message.model import Message, MessageKind
from router.store.engine import open_engine, reading
from router.store.incidents import record_incident
from router.store.messages import record_message
from router.store.migrations import upgrade
from router.store.provider_events import (
    find_by_subject,
    list_paged_for,
    record_provider_event,
)
from router.store.retention import delete_older
from router.store.tables import provider_events
from tests.router.making import NOON, incident, minutes

DAY = timedelta(days=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


def record(
    tx: Connection, event_id: str, *, subject: str = "Q1", key: str = "key", age: timedelta = DAY
) -> bool:
    return record_provider_event(
        tx, "pagerduty", event_id, subject=subject, dedup_key=key, now=NOON - age
    )


def test_an_event_is_new_once_and_each_provider_has_ids_of_its_own(engine: Engine) -> None:
    with engine.begin() as tx:
        assert [record(tx, "01"), record(tx, "01"), record(tx, "02")] == [True, False, True]
        other = record_provider_event(tx, "slack", "01", subject="", dedup_key="key", now=NOON)
        assert other


def test_what_did_not_commit_was_never_there(engine: Engine) -> None:
    with engine.connect() as tx, tx.begin() as undone:
        assert record(tx, "01")
        undone.rollback()
    with engine.begin() as tx:
        assert record(tx, "01")


def test_the_page_is_found_by_what_the_provider_calls_it(engine: Engine) -> None:
    with engine.begin() as tx:
        record(tx, "01", subject="Q1", key="seven")
        record(tx, "02", subject="", key="eight")

        assert find_by_subject(tx, "pagerduty", "Q1") == "seven"
        assert find_by_subject(tx, "slack", "Q1") is None
        assert find_by_subject(tx, "pagerduty", "Q2") is None


def test_only_a_page_by_that_channel_is_found_by_its_key(engine: Engine) -> None:
    with engine.begin() as tx:
        number = record_incident(tx, None, replace(incident(), number=None)).number
        assert number is not None
        for kind, channel in (
            (MessageKind.NOTICE, "pagerduty"),
            (MessageKind.PAGE, "email"),
            (MessageKind.PAGE, "pagerduty"),
        ):
            address = Address(channel=channel, address="ana")
            message = Message(
                incident_number=number,
                kind=kind,
                address=address,
                dedup_key=f"{kind}/{channel}",
            )
            record_message(tx, message, now=NOON)

        found = {
            key: list_paged_for(tx, "pagerduty", key)
            for key in ("notice/pagerduty", "page/email", "page/pagerduty", "page/other")
        }
        assert {key: one for key, one in found.items() if one} == {"page/pagerduty": [number]}


def test_old_ones_go_a_few_at_a_time_and_young_ones_stay(engine: Engine) -> None:
    with engine.begin() as tx:
        for number in range(5):
            record(tx, f"old-{number}", age=3 * DAY)
        record(tx, "young", age=2 * DAY)

        counts = [delete_older(tx, before=NOON - 2 * DAY, rows=3) for _ in range(2)]

        assert [(one.provider_events, one.complete) for one in counts] == [(3, False), (2, True)]
        left = tx.execute(select(provider_events.c.event_id)).scalars().all()
        assert list(left) == ["young"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_replica_leaves_alone_what_the_first_is_deleting(engine: Engine) -> None:
    with engine.begin() as tx:
        record(tx, "old", age=3 * DAY)
    with engine.begin() as first, engine.begin() as second:
        assert delete_older(first, before=NOON).provider_events == 1
        assert delete_older(second, before=NOON).provider_events == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_table_is_read_whole(engine: Engine) -> None:
    asked: list[tuple[str, Any]] = []

    def remember(_c: object, _u: object, sql: str, values: Any, *_: object) -> None:
        asked.append((sql, values))

    with engine.begin() as tx:
        record(tx, "01", age=3 * DAY)
        event.listen(engine, "before_cursor_execute", remember)
        record(tx, "02", age=minutes(0))
        find_by_subject(tx, "pagerduty", "Q1")
        list_paged_for(tx, "pagerduty", "key")
        delete_older(tx, before=NOON - DAY)
        event.remove(engine, "before_cursor_execute", remember)
        assert tx.execute(select(func.count()).select_from(provider_events)).scalar() == 1

    about = [one for one in asked if "provider_events" in one[0] or "messages" in one[0]]
    assert len(about) >= 5
    with reading(engine) as connection:
        for sql, values in about:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            whole = ("SCAN provider_events", "SCAN messages")
            assert [row[3] for row in plan if row[3].startswith(whole)] == [], sql
