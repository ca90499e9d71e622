"""Notices that wait for hours: never claimed before these begin, and never twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from router.address import Address
from router.message.model import Message, MessageKind
from router.store.backlog import find_next_decision, record_set_back
from router.store.engine import open_engine
from router.store.held import (
    list_carried,
    list_held_addresses,
    lock_held,
    postpone_held,
    record_carried,
    record_held,
    record_released,
    release_held,
)
from router.store.incidents import record_incident
from router.store.leases import claim_due_messages, find_next_message, record_sent
from router.store.messages import (
    MessageState,
    StoredMessage,
    list_messages,
    record_dropped,
    record_message,
    record_notice,
)
from router.store.migrations import upgrade
from tests.router.making import NOON, incident, incident_alert, minutes

SLACK = Address(channel="slack", address="#operaciones")
MORNING = NOON + timedelta(hours=20)


def notice(number: int = 1, to: Address = SLACK) -> Message:
    return Message(
        incident_number=number,
        kind=MessageKind.NOTICE,
        address=to,
        dedup_key=f"test/{number}/notice/{to.channel}/{to.address}",
    )


@pytest.fixture
def tx(database_url: str) -> Iterator[Connection]:
    """One transaction on a database with incidents 1 (high) and 2 (low, over)."""
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        first = incident(incident_alert(severity="high"))
        record_incident(connection, None, replace(first, number=None))
        over = incident(incident_alert(severity="low", x="y", firing=False), resolved_at=NOON)
        over = replace(over, number=None, key="other", state=type(over.state).RESOLVED)
        record_incident(connection, None, over)
        yield connection
    engine.dispose()


def hold(tx: Connection, *numbers: int) -> None:
    for number in numbers:
        record_notice(tx, notice(number), now=NOON)
        assert record_held(tx, notice(number), until=MORNING)


def claimed(tx: Connection, after: timedelta = timedelta()) -> list[StoredMessage]:
    return claim_due_messages(tx, now=NOON + after, lease_token=f"t{after}", limit=10)


def only(tx: Connection, number: int = 1) -> StoredMessage:
    (found,) = list_messages(tx, number)
    return found


def test_what_is_held_is_not_claimed_even_when_its_time_has_come(tx: Connection) -> None:
    """Only what gathers it ends the wait, so that no sender is faster than the summary."""
    hold(tx, 1)

    assert claimed(tx) == claimed(tx, timedelta(days=2)) == []
    assert find_next_message(tx, [MessageKind.NOTICE], now=NOON) is None
    assert find_next_decision(tx) == MORNING

    record_released(tx, only(tx).id, now=MORNING)

    assert [one.message for one in claimed(tx, MORNING - NOON)] == [notice()]


def test_it_is_found_by_its_address_once_its_hours_begin(tx: Connection) -> None:
    hold(tx, 1, 2)

    assert list_held_addresses(tx, now=MORNING - minutes(1), limit=9) == []
    assert lock_held(tx, SLACK, now=MORNING - minutes(1)) == []
    assert list_held_addresses(tx, now=MORNING, limit=9) == [SLACK]
    found = lock_held(tx, SLACK, now=MORNING)
    assert [(one.incident_number, one.is_open, one.severity) for one in found] == [
        (1, True, "high"),
        (2, False, "low"),
    ]


def test_held_twice_it_is_held_once_and_to_the_earlier_end(tx: Connection) -> None:
    hold(tx, 1)

    record_notice(tx, notice(), now=NOON + minutes(5))
    assert not record_held(tx, notice(), until=MORNING + minutes(60))
    assert only(tx).held_until == only(tx).due_at == MORNING

    assert not record_held(tx, notice(), until=MORNING - minutes(60))
    assert only(tx).held_until == only(tx).due_at == MORNING - minutes(60)


def test_what_a_channel_shows_already_is_not_held(tx: Connection) -> None:
    record_notice(tx, notice(), now=NOON)
    (sending,) = claimed(tx)
    assert not record_held(tx, notice(), until=MORNING), "it is on its way"
    record_sent(tx, sending, provider_id="1.2", now=NOON)
    record_notice(tx, notice(), now=NOON + minutes(1))

    assert not record_held(tx, notice(), until=MORNING)
    assert [one.message for one in claimed(tx, minutes(1))] == [notice()]


def test_what_was_sent_and_cannot_be_edited_is_held_again(tx: Connection) -> None:
    record_notice(tx, notice(), now=NOON)
    (sending,) = claimed(tx)
    record_sent(tx, sending, provider_id=None, now=NOON)
    record_notice(tx, notice(), now=NOON + minutes(1))

    assert record_held(tx, notice(), until=MORNING)
    assert only(tx).state is MessageState.PENDING


def test_a_release_makes_it_due_now_and_new(tx: Connection) -> None:
    hold(tx, 1, 2)

    release_held(tx, 1, SLACK, now=NOON + minutes(9))

    released, other = only(tx, 1), only(tx, 2)
    assert released.held_until is None
    assert released.due_at == released.created_at == NOON + minutes(9)
    assert other.held_until == MORNING


def test_what_is_carried_has_ended_and_says_by_what(tx: Connection) -> None:
    hold(tx, 1, 2)
    summary = replace(notice(), kind=MessageKind.SUMMARY, dedup_key="test/1/summary/1")
    record_message(tx, summary, now=MORNING)
    ids = [one.id for one in lock_held(tx, SLACK, now=MORNING)]

    record_carried(tx, ids, summary, detail="told in the summary", now=MORNING)

    (sent,) = claimed(tx, MORNING - NOON)
    assert sent.message == summary
    assert [one.incident_number for one in list_carried(tx, sent.id)] == [1, 2]
    over = only(tx, 2)
    assert (over.state, over.detail) == (MessageState.DROPPED, "told in the summary")
    assert list_held_addresses(tx, now=MORNING, limit=9) == []


def test_after_it_was_carried_a_change_asks_for_it_anew(tx: Connection) -> None:
    hold(tx, 1)
    summary = replace(notice(), kind=MessageKind.SUMMARY, dedup_key="test/1/summary/1")
    record_message(tx, summary, now=MORNING)
    record_carried(tx, [only_notice(tx).id], summary, detail="told", now=MORNING)

    record_notice(tx, notice(), now=MORNING + minutes(5))

    assert only_notice(tx).state is MessageState.PENDING
    assert only_notice(tx).due_at == MORNING + minutes(5)


def only_notice(tx: Connection) -> StoredMessage:
    (found,) = list_messages(tx, 1, kinds=[MessageKind.NOTICE])
    return found


def test_what_is_dropped_is_not_held_any_more(tx: Connection) -> None:
    hold(tx, 1)

    record_dropped(tx, [only(tx).id], reason="superseded", now=NOON)

    assert find_next_decision(tx) is None
    assert lock_held(tx, SLACK, now=MORNING) == []


def test_what_could_not_be_told_is_put_off_and_stays_as_old_as_it_is(tx: Connection) -> None:
    hold(tx, 1)

    postpone_held(tx, SLACK, until=MORNING + minutes(1), now=MORNING)

    assert list_held_addresses(tx, now=MORNING, limit=9) == []
    assert find_next_decision(tx) == MORNING + minutes(1)
    assert only(tx).due_at == MORNING


def test_a_clock_set_back_brings_the_end_of_the_wait_forward(tx: Connection) -> None:
    hold(tx, 1)

    record_set_back(tx, lead=timedelta(hours=1), now=NOON)

    assert only(tx).held_until == only(tx).due_at == MORNING - timedelta(hours=1)
