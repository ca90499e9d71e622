"""The outbox: leases, order, and that an outcome counts only under its own lease."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import BigInteger, Connection, type_coerce, update

from router.address import Address
from router.message.model import Message, MessageKind
from router.store.engine import open_engine
from router.store.incidents import record_incident
from router.store.leases import (
    LEASE,
    claim_due_messages,
    find_claimed,
    record_failure,
    record_sent,
)
from router.store.messages import (
    MessageState,
    StoredMessage,
    list_messages,
    record_message,
    record_notice,
)
from router.store.migrations import upgrade
from router.store.tables import messages
from tests.router.making import NOON, incident, minutes

PAGE = Message(
    incident_number=1,
    kind=MessageKind.PAGE,
    address=Address(channel="pagerduty", address="ana"),
    dedup_key="test/1/1.1/ana",
    because="Step 1 names Engineer ana.",
)
NOTICE = replace(
    PAGE,
    kind=MessageKind.NOTICE,
    address=Address(channel="slack", address="#operaciones"),
    dedup_key="test/1/notice/slack/#operaciones",
    because="",
)


@pytest.fixture
def tx(database_url: str) -> Iterator[Connection]:
    """One transaction on a database with incident 1."""
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        record_incident(connection, None, replace(incident(), number=None))
        yield connection
    engine.dispose()


def claim(tx: Connection, token: str, *, after: float = 0.0) -> list[StoredMessage]:
    return claim_due_messages(tx, now=NOON + minutes(after), lease_token=token, limit=10)


def end_leases(tx: Connection) -> None:
    """Let the time of a lease pass, by whatever clock leases go."""
    tx.execute(
        update(messages).values(
            leased_until=type_coerce(messages.c.leased_until, BigInteger)
            - LEASE // timedelta(microseconds=1)
        )
    )


def only(tx: Connection) -> StoredMessage:
    return list_messages(tx, 1)[0]


def test_a_message_is_claimed_once_until_its_lease_ends(tx: Connection) -> None:
    record_message(tx, PAGE, now=NOON)

    assert [one.message for one in claim(tx, "first")] == [PAGE]
    assert claim(tx, "second") == []
    end_leases(tx)
    again = claim(tx, "third")

    assert [one.attempts for one in again] == [2]
    assert only(tx).due_at == NOON, "its age stays true"


def test_an_outcome_under_a_lost_lease_is_not_recorded(tx: Connection) -> None:
    record_message(tx, PAGE, now=NOON)
    slow = claim(tx, "slow")[0]
    end_leases(tx)
    claim(tx, "next")

    record_sent(tx, slow, provider_id=None, now=NOON)
    record_failure(tx, slow, reason="x", detail="", retry_at=None, now=NOON)

    assert find_claimed(tx, slow) is None
    assert only(tx).state is MessageState.SENDING
    assert only(tx).lease_token == "next"


def test_an_outcome_after_the_lease_counts_while_nobody_else_claimed(tx: Connection) -> None:
    record_message(tx, PAGE, now=NOON)
    slow = claim(tx, "slow")[0]

    record_sent(tx, slow, provider_id="p", now=NOON + minutes(5))

    assert only(tx).state is MessageState.SENT
    assert claim(tx, "next", after=60) == []


def test_a_failed_message_comes_back_at_its_time(tx: Connection) -> None:
    record_message(tx, PAGE, now=NOON)
    claimed = claim(tx, "one")[0]
    record_failure(
        tx, claimed, reason="unreachable", detail="d", retry_at=NOON + minutes(1), now=NOON
    )

    assert claim(tx, "two", after=0.9) == []
    assert len(claim(tx, "three", after=1)) == 1


def test_the_same_message_is_recorded_once(tx: Connection) -> None:
    assert record_message(tx, PAGE, now=NOON)
    assert not record_message(tx, PAGE, now=NOON)
    assert len(list_messages(tx, 1)) == 1


def test_pages_are_claimed_before_chatter(tx: Connection) -> None:
    record_message(tx, NOTICE, now=NOON)
    record_message(tx, PAGE, now=NOON + minutes(1))

    first = claim_due_messages(tx, now=NOON + minutes(2), lease_token="t", limit=1)

    assert [one.message.kind for one in first] == [MessageKind.PAGE]


def test_a_notice_renewed_while_it_is_sent_is_due_again_and_keeps_its_id(tx: Connection) -> None:
    record_notice(tx, NOTICE, now=NOON)
    claimed = claim(tx, "one")[0]

    record_notice(tx, NOTICE, now=NOON + minutes(1))
    record_sent(tx, claimed, provider_id="ts-1", now=NOON + minutes(2))

    again = claim(tx, "two", after=2)
    assert [one.provider_id for one in again] == ["ts-1"]
    record_sent(tx, again[0], provider_id="ts-1", now=NOON + minutes(3))
    assert only(tx).state is MessageState.SENT


def test_a_sent_notice_is_due_again_when_something_changes(tx: Connection) -> None:
    record_notice(tx, NOTICE, now=NOON)
    record_sent(tx, claim(tx, "one")[0], provider_id="ts-1", now=NOON)

    record_notice(tx, NOTICE, now=NOON + minutes(1))

    assert [one.provider_id for one in claim(tx, "two", after=1)] == ["ts-1"]
    assert len(list_messages(tx, 1)) == 1
