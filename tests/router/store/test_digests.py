"""Digests in the outbox: what they tell, who may join them, and what was asked of an address."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from router.address import Address
from router.escalation.storm import Asked
from router.incident.model import IncidentState
from router.message.model import Message, MessageKind
from router.oncall.model import PersonId
from router.store.digests import (
    find_digest_key,
    list_carried_pages,
    list_digest,
    lock_address,
    lock_waiting_digest,
    read_asked,
    record_gathered,
    record_taken_out,
)
from router.store.engine import open_engine
from router.store.incidents import find_incident, record_incident
from router.store.leases import claim_due_messages
from router.store.messages import (
    MessageState,
    list_messages,
    record_dropped,
    record_message,
    record_page,
)
from router.store.migrations import upgrade
from router.store.retention import delete_older
from tests.router.making import NOON, incident, incident_alert

ANA = Address(channel="pagerduty", address="ana")
SECOND = timedelta(seconds=1)
DIGEST_KEY = "test/1/digest.1/ana"


def page(number: int, *, step: str = "1.1", to: Address = ANA) -> Message:
    return Message(
        incident_number=number,
        kind=MessageKind.PAGE,
        address=to,
        dedup_key=f"test/{number}/{step}/ana",
        person=PersonId("ana"),
    )


DIGEST = replace(page(1), kind=MessageKind.DIGEST, dedup_key=DIGEST_KEY)


@pytest.fixture
def tx(database_url: str) -> Iterator[Connection]:
    """One transaction on a database with incidents 1 to 3."""
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        for number in range(1, 4):
            about = incident(incident_alert(x=str(number)))
            record_incident(connection, None, replace(about, number=None, key=f"group {number}"))
        yield connection
    engine.dispose()


def gathered(tx: Connection, number: int, digest: Message = DIGEST) -> int:
    """Let a digest, due in ten seconds, tell a page of an incident; return the page's row."""
    asked = record_page(tx, page(number), now=NOON)
    assert asked is not None
    record_message(tx, digest, now=NOON + 10 * SECOND)
    record_gathered(tx, asked, list_digest(tx, DIGEST_KEY)[0].id, detail="told", now=NOON)
    return asked


def state_of(tx: Connection, number: int) -> tuple[MessageState, bool]:
    (found,) = list_messages(tx, number, kinds=[MessageKind.PAGE])
    return found.state, found.carried_by is not None


def test_a_page_that_a_digest_tells_is_not_asked_for_again(tx: Connection) -> None:
    """Its step may be taken again after a pause that only another page of it asked for."""
    gathered(tx, 2)

    assert record_page(tx, page(2), now=NOON + SECOND) is None
    assert state_of(tx, 2) == (MessageState.DROPPED, True)


def test_what_was_taken_out_of_a_digest_is_asked_for_again(tx: Connection) -> None:
    asked = gathered(tx, 2)
    record_taken_out(tx, asked, reason="silenced")

    assert record_page(tx, page(2), now=NOON + SECOND) == asked
    assert state_of(tx, 2) == (MessageState.PENDING, False)
    assert list_carried_pages(tx, [DIGEST_KEY]) == []


def test_a_digest_is_joined_until_somebody_begins_to_send_it(tx: Connection) -> None:
    gathered(tx, 1)
    waiting = lock_waiting_digest(tx, page(2))
    assert waiting is not None
    assert waiting.message == DIGEST

    at = NOON + 10 * SECOND
    claim_due_messages(tx, now=at, lease_token="t", limit=10)

    assert lock_waiting_digest(tx, page(2)) is None


def test_only_the_same_persons_digest_at_its_first_address_is_joined(tx: Connection) -> None:
    gathered(tx, 1)
    mailbox = Address(channel="email", address="ana@conecta360.example")
    record_message(tx, replace(DIGEST, address=mailbox), now=NOON)

    assert lock_waiting_digest(tx, page(2, to=mailbox)) is None
    assert lock_waiting_digest(tx, replace(page(2), person=PersonId("ben"))) is None
    assert lock_waiting_digest(tx, page(2)) is not None


def test_what_an_address_was_asked_to_take(tx: Connection) -> None:
    record_page(tx, page(1), now=NOON - 60 * SECOND)
    record_page(tx, page(2), now=NOON - 59 * SECOND)
    dropped = record_page(tx, page(2, step="2.1"), now=NOON)
    this = record_page(tx, page(3), now=NOON)
    elsewhere = Address(channel="pagerduty", address="ben")
    record_page(tx, page(3, to=elsewhere), now=NOON)
    assert dropped is not None
    assert this is not None
    record_dropped(tx, [dropped], reason="acknowledged before it was accepted", now=NOON)

    assert read_asked(tx, ANA, waiting=None, but=this, now=NOON) == Asked(
        pages=1, digest_at=None, waits=False
    )

    record_message(tx, DIGEST, now=NOON + 10 * SECOND)
    record_gathered(tx, this, list_digest(tx, DIGEST_KEY)[0].id, detail="told", now=NOON)
    waiting = lock_waiting_digest(tx, page(2))
    due_at = NOON + 10 * SECOND
    assert read_asked(tx, ANA, waiting=waiting, but=0, now=NOON) == Asked(
        pages=1, digest_at=due_at, waits=True
    )
    claim_due_messages(tx, now=due_at, lease_token="t", limit=10)
    assert read_asked(tx, ANA, waiting=None, but=0, now=due_at) == Asked(
        pages=0, digest_at=due_at, waits=False
    )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_one_replica_counts_of_an_address_another_waits_for(database_url: str) -> None:
    """Else each would count without the pages of the other's open transaction."""
    engine = open_engine(database_url)
    with engine.begin() as one, engine.begin() as other:
        lock_address(one, ANA)
        other.execute(text("SET LOCAL lock_timeout = '50ms'"))

        lock_address(other, Address(channel="pagerduty", address="ben"))
        with pytest.raises(OperationalError), other.begin_nested():
            lock_address(other, ANA)
        one.rollback()
        lock_address(other, ANA)
    engine.dispose()


def test_a_digest_at_the_next_address_tells_the_same(tx: Connection) -> None:
    gathered(tx, 1)
    gathered(tx, 2)
    mailbox = Address(channel="email", address="ana@conecta360.example")
    record_message(tx, replace(DIGEST, address=mailbox), now=NOON)

    assert [one.message.address for one in list_digest(tx, DIGEST_KEY)] == [ANA, mailbox]
    carried = list_carried_pages(tx, [DIGEST_KEY])
    assert [(one.incident_number, one.state) for one in carried] == [
        (1, IncidentState.TRIGGERED),
        (2, IncidentState.TRIGGERED),
    ]
    assert find_digest_key(tx, list_digest(tx, DIGEST_KEY)[0].id) == DIGEST_KEY
    assert find_digest_key(tx, carried[0].id) is None, "a page is no digest"


def test_an_incident_stays_while_a_digest_that_began_with_it_tells_open_ones(
    tx: Connection,
) -> None:
    gathered(tx, 1)
    gathered(tx, 2)
    record_dropped(tx, [list_digest(tx, DIGEST_KEY)[0].id], reason="sent", now=NOON)
    _resolve(tx, 1)
    assert delete_older(tx, before=NOON + 60 * SECOND).incidents == 0

    _resolve(tx, 2)

    assert delete_older(tx, before=NOON + 60 * SECOND).incidents == 2


def _resolve(tx: Connection, number: int) -> None:
    found = find_incident(tx, number)
    assert found is not None
    record_incident(tx, found, replace(found, state=IncidentState.RESOLVED, resolved_at=NOON))
