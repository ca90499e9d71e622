"""Who may send what: by whose clock leases go, and what waits for an address delays no other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import BigInteger, Connection, Engine, func, select, type_coerce, update

from router.address import Address
from router.message.model import Message, MessageKind
from router.store.backlog import read_backlog, record_set_back
from router.store.engine import open_engine
from router.store.incidents import record_incident
from router.store.leases import (
    LEASE,
    Full,
    Hold,
    claim_due_messages,
    find_next_message,
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

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
ANA = Address(channel="pagerduty", address="ana")
BEN = Address(channel="pagerduty", address="ben")
PAGES = [MessageKind.PAGE]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with incident 1."""
    engine = open_engine(database_url)
    upgrade(engine)
    with engine.begin() as connection:
        record_incident(connection, None, replace(incident(), number=None))
    yield engine
    engine.dispose()


@pytest.fixture
def tx(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def page(number: int, address: Address = ANA) -> Message:
    return Message(
        incident_number=1,
        kind=MessageKind.PAGE,
        address=address,
        dedup_key=f"test/1/1.{number}/{address.address}",
    )


def claim(
    tx: Connection, token: str, *, after: timedelta = timedelta(), **limits: object
) -> list[StoredMessage]:
    wanted = {"limit": 10} | limits
    return claim_due_messages(tx, now=NOON + after, lease_token=token, **wanted)  # type: ignore[arg-type]


def end_leases(tx: Connection) -> None:
    """Let the time of a lease pass, by whatever clock leases go."""
    shorter = type_coerce(messages.c.leased_until, BigInteger) - LEASE // MICROSECOND
    tx.execute(update(messages).values(leased_until=shorter))


def to(claimed: list[StoredMessage]) -> list[str]:
    return [one.message.address.address for one in claimed]


def hold_ana(hold: Hold, *, admitted: int = 0) -> Callable[[Address], Hold | None]:
    """Return what admits so many messages to Ana, and all to others."""
    left = [admitted]

    def admit(address: Address) -> Hold | None:
        if address == ANA:
            left[0] -= 1
        return hold if address == ANA and left[0] < 0 else None

    return admit


# By whose clock


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR])
def test_a_replica_whose_clock_is_wrong_takes_no_lease_that_lives(
    tx: Connection, wrong_by: timedelta
) -> None:
    record_message(tx, page(1), now=NOON - HOUR)
    assert len(claim(tx, "right")) == 1

    assert claim(tx, "wrong", after=wrong_by) == []
    assert claim(tx, "far off", after=timedelta(days=9)) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lease_of_a_replica_whose_clock_is_ahead_ends_as_soon_as_any(tx: Connection) -> None:
    record_message(tx, page(1), now=NOON)
    claim(tx, "an hour ahead", after=HOUR)
    ends = tx.execute(select(messages.c.leased_until)).scalar_one()
    clock = tx.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
    assert 0 < ends.timestamp() - float(clock) <= LEASE.total_seconds()

    end_leases(tx)
    assert to(claim(tx, "right")) == ["ana"], "dead, and given back"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_clock_that_is_set_back_ends_no_lease_of_others(tx: Connection) -> None:
    record_message(tx, page(1), now=NOON)
    claim(tx, "other")
    before = tx.execute(select(messages.c.leased_until)).scalar_one()

    record_set_back(tx, lead=HOUR, now=NOON - timedelta(days=9999))

    assert tx.execute(select(messages.c.leased_until)).scalar_one() == before


def test_the_end_of_a_lease_is_told_by_the_clock_of_who_asks(tx: Connection) -> None:
    record_message(tx, page(1), now=NOON)
    claim(tx, "other")

    due = find_next_message(tx, PAGES, now=NOON)

    assert due is not None
    assert LEASE - 10 * SECOND < due - NOON <= LEASE


# Addresses that wait


def test_an_address_that_may_not_be_sent_to_delays_no_other(tx: Connection) -> None:
    for number in range(1, 6):
        record_message(tx, page(number, ANA), now=NOON)
    record_message(tx, page(9, BEN), now=NOON + SECOND)

    admit = hold_ana(Hold(until=NOON + minutes(1), every=SECOND), admitted=1)
    claimed = claim(tx, "one", after=SECOND, limit=3, admit=admit)

    assert to(claimed) == ["ana", "ben"]


def test_what_waits_for_its_turn_is_planned_and_counts_no_attempt(tx: Connection) -> None:
    for number in range(1, 4):
        record_message(tx, page(number), now=NOON)

    until = NOON + 5 * SECOND
    assert claim(tx, "one", admit=hold_ana(Hold(until=until, every=SECOND))) == []

    waiting = list_messages(tx, 1)
    assert [one.due_at for one in waiting] == [until, until + SECOND, until + 2 * SECOND]
    assert {(one.state, one.attempts) for one in waiting} == {(MessageState.PENDING, 0)}
    assert {one.created_at for one in waiting} == {NOON}, "their age stays true"
    assert find_next_message(tx, PAGES, now=NOON) == until, "nobody looks in vain before"
    assert read_backlog(tx).messages.first_due_at == until, "a planned wait is not overdue"


def test_what_was_planned_comes_in_the_order_in_which_it_was_asked_for(tx: Connection) -> None:
    for number in range(1, 4):
        record_message(tx, page(number), now=NOON)
    claim(tx, "one", admit=hold_ana(Hold(until=NOON + SECOND, every=SECOND)))
    planned = [one.message.dedup_key for one in list_messages(tx, 1)]

    sent = [
        one.message.dedup_key
        for second in (1, 2, 3)
        for one in claim(tx, f"at {second}", after=second * SECOND)
    ]

    assert sent == planned


def test_a_lease_that_ended_waits_for_its_turn_too(tx: Connection) -> None:
    record_message(tx, page(1), now=NOON)
    slow = claim(tx, "slow")[0]
    end_leases(tx)

    held = hold_ana(Hold(until=NOON + minutes(1)))
    assert claim(tx, "next", admit=held) == []
    assert claim(tx, "soon after") == []

    record_sent(tx, slow, provider_id=None, now=NOON)
    assert [one.state for one in list_messages(tx, 1)] == [MessageState.SENT]


def test_what_waits_for_an_attempt_to_end_stays_due(tx: Connection) -> None:
    record_message(tx, page(1), now=NOON)

    assert claim(tx, "one", admit=hold_ana(Hold())) == []

    assert [one.due_at for one in list_messages(tx, 1)] == [NOON]
    assert to(claim(tx, "two")) == ["ana"]


@pytest.mark.parametrize(
    "full", [Full(channels=frozenset({"pagerduty"})), Full(addresses=frozenset({ANA}))]
)
def test_where_there_is_no_room_nothing_is_claimed_nor_looked_for(
    tx: Connection, full: Full
) -> None:
    mailbox = Address(channel="email", address="ana")
    record_message(tx, page(1, ANA), now=NOON)
    assert find_next_message(tx, PAGES, now=NOON, full=full) is None
    record_message(tx, page(2, mailbox), now=NOON + SECOND)

    assert find_next_message(tx, PAGES, now=NOON, full=full) == NOON + SECOND
    claimed = claim(tx, "one", after=SECOND, full=full)
    assert [one.message.address for one in claimed] == [mailbox]


# What comes of an attempt


def test_a_message_to_be_sent_once_more_is_due_then(tx: Connection) -> None:
    record_message(tx, page(1), now=NOON)
    claimed = claim(tx, "one")[0]

    record_sent(tx, claimed, provider_id="id", now=NOON, again_at=NOON + minutes(1))

    assert claim(tx, "early", after=59 * SECOND) == []
    again = claim(tx, "again", after=minutes(1))
    assert [(one.provider_id, one.attempts) for one in again] == [("id", 1)]


def test_what_changed_while_it_was_refused_for_good_is_sent_all_the_same(tx: Connection) -> None:
    notice = replace(page(1), kind=MessageKind.NOTICE)
    record_notice(tx, notice, now=NOON)
    claimed = claim(tx, "one")[0]
    record_notice(tx, notice, now=NOON + SECOND)

    record_failure(tx, claimed, reason="content", detail="", retry_at=None, now=NOON + 2 * SECOND)

    assert [one.created_at for one in claim(tx, "two", after=2 * SECOND)] == [NOON + SECOND]


def test_changes_of_a_notice_that_waits_are_one_message(tx: Connection) -> None:
    notice = replace(page(1), kind=MessageKind.NOTICE)
    record_notice(tx, notice, now=NOON)
    until = NOON + minutes(1)
    claim(tx, "one", admit=hold_ana(Hold(until=until)))

    for second in range(1, 9):
        record_notice(tx, notice, now=NOON + second * SECOND)

    assert claim(tx, "early", after=9 * SECOND) == []
    assert len(claim(tx, "two", after=minutes(1))) == 1
    assert len(list_messages(tx, 1)) == 1
