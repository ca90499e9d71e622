"""What providers told is kept by its id: once, found again, and gone when it is old."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select, text
from sqlalchemy.exc import OperationalError

from router.address import Address
from router.message.model import Message, MessageKind
from router.store.engine import open_engine, reading
from router.store.incidents import record_incident
from router.store.messages import record_message
from router.store.migrations import upgrade
from router.store.provider_events import (
    EARLY_FOR,
    MOST_EARLY,
    find_asked_at,
    find_by_subject,
    list_paged_for,
    lock_subject,
    record_early_event,
    record_provider_event,
    take_early_events,
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
        assert found["page/other"] is None


def early(tx: Connection, event_id: str, *, subject: str = "Q1", age: timedelta = DAY) -> None:
    told = {"id": event_id}
    record_early_event(tx, "pagerduty", event_id, subject=subject, told=told, now=NOON - age)


def taken(tx: Connection, subject: str = "Q1") -> list[str]:
    found = take_early_events(tx, "pagerduty", subject, dedup_key="seven", now=NOON)
    return [str(told["id"]) for told in found]


def test_what_came_early_is_kept_once_and_taken_once_in_its_order(engine: Engine) -> None:
    with engine.begin() as tx:
        early(tx, "02", age=minutes(2))
        early(tx, "01", age=minutes(1))
        early(tx, "02", age=minutes(0))
        early(tx, "03", subject="Q2")
        assert find_by_subject(tx, "pagerduty", "Q1") is None

        assert [taken(tx), taken(tx), taken(tx, "Q2")] == [["02", "01"], [], ["03"]]

        assert find_by_subject(tx, "pagerduty", "Q1") == "seven"
        assert not record(tx, "01")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_replicas_do_not_decide_at_once_of_which_page_something_is(engine: Engine) -> None:
    with engine.begin() as first, engine.begin() as second:
        lock_subject(first, "pagerduty", "Q1")
        lock_subject(second, "pagerduty", "Q2")
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            lock_subject(second, "pagerduty", "Q1")


def test_of_what_came_early_the_old_and_what_is_too_many_is_forgotten(engine: Engine) -> None:
    with engine.begin() as tx:
        record(tx, "done", age=3 * DAY)
        early(tx, "old", age=EARLY_FOR + minutes(1))
        for number in range(MOST_EARLY + 5):
            early(tx, f"{number:04}", subject="other", age=timedelta(seconds=2000 - number))
        early(tx, "last", age=minutes(0))

        left = tx.execute(select(provider_events.c.event_id).order_by("received_at")).scalars()
        kept = [f"{number:04}" for number in range(6, MOST_EARLY + 5)]
        assert list(left) == ["done", *kept, "last"]


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
        find_asked_at(tx, "pagerduty", "key")
        early(tx, "03", age=minutes(0))
        assert taken(tx) == ["03"]
        delete_older(tx, before=NOON - DAY)
        event.remove(engine, "before_cursor_execute", remember)
        assert tx.execute(select(func.count()).select_from(provider_events)).scalar() == 2

    about = [one for one in asked if "provider_events" in one[0] or "messages" in one[0]]
    assert len(about) >= 5
    with reading(engine) as connection:
        for sql, values in about:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            whole = ("SCAN provider_events", "SCAN messages")
            steps = [row[3] for row in plan if row[3].startswith(whole)]
            # The few that came early have an index of their own.
            assert [one for one in steps if "INDEX ix_provider_events_early" not in one] == [], sql
