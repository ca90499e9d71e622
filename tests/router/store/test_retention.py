"""What is old goes, a few rows at a time; nothing open, nothing that waits, nothing young."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Table, event, func, insert, select, update

from router.address import Address
from router.escalation.decide import start
from router.incident.model import Event, EventKind, IncidentState
from router.message.model import Message, MessageKind
from router.store import retention
from router.store.engine import open_engine, reading
from router.store.incidents import record_incident
from router.store.messages import record_message
from router.store.migrations import upgrade
from router.store.notifications import record_notification
from router.store.retention import Deleted, delete_older
from router.store.tables import (
    alerts,
    events,
    incidents,
    messages,
    notifications,
    overrides,
    rejected,
    timers,
)
from router.store.timeline import record_events
from router.store.timers import record_started
from tests.router.making import NOON, incident, incident_alert, policy, step

KEPT = timedelta(days=10)
CUTOFF = NOON - KEPT
POLICY = policy(step(people=["ana"]), last_resort=step(people=["ana"]))
names = count()
PARTS = (alerts, timers, messages, events)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """An incident with what hangs on it; `ended` is None while it is open."""

    ended: timedelta | None = 2 * KEPT
    alerts: int = 1
    events: int = 1
    message_states: tuple[str, ...] = ("sent",)
    timer_runs: bool = False

    @property
    def may_go(self) -> bool:
        waits = self.timer_runs or {"pending", "sending"} & set(self.message_states)
        return self.ended is not None and self.ended > KEPT and not waits


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBody:
    """A notification or a rejected body; `told` is the number of an incident."""

    received: timedelta = 2 * KEPT
    state: str = "applied"
    told: int | None = None
    bytes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOverride:
    """An override of a day."""

    ended: timedelta = 2 * KEPT
    cancelled: bool = False


ages = st.sampled_from([timedelta(), timedelta(minutes=10), KEPT, KEPT + timedelta.resolution])
old_or_young = ages | st.timedeltas(timedelta(), 3 * KEPT)
past_incidents = st.builds(
    PastIncident,
    ended=st.none() | old_or_young,
    alerts=st.integers(0, 4),
    events=st.integers(0, 4),
    message_states=st.lists(
        st.sampled_from(["sent", "failed", "dropped", "pending", "sending"]), max_size=3
    ).map(tuple),
    timer_runs=st.sampled_from([False, False, True]),
)
past_notifications = st.builds(
    PastBody, received=old_or_young, state=st.sampled_from(["applied", "repeated", "pending"])
)
past_overrides = st.builds(PastOverride, ended=old_or_young, cancelled=st.booleans())
past_rejected = st.builds(
    PastBody, received=old_or_young, told=st.sampled_from([None, 0, 1, 2, 10_000])
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


@given(
    st.lists(past_incidents, max_size=5),
    st.lists(past_notifications, max_size=5),
    st.lists(past_rejected, max_size=5),
    st.integers(1, 12),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_what_is_over_and_old_goes(
    engine: Engine,
    kept_incidents: list[PastIncident],
    received: list[PastBody],
    refused: list[PastBody],
    rows: int,
) -> None:
    with engine.connect() as tx, tx.begin() as undone:
        numbers = [record_past_incident(tx, one) for one in kept_incidents]
        bodies = [record_past_notification(tx, one) for one in received]
        told = [_number_told(one, numbers) for one in refused]
        kept = [
            record_past_rejected(tx, one, told=to) for one, to in zip(refused, told, strict=True)
        ]
        still_open = {
            n for n, one in zip(numbers, kept_incidents, strict=True) if one.ended is None
        }

        delete_all(tx, rows=rows)

        assert stored(tx, incidents.c.number) == {
            number for number, one in zip(numbers, kept_incidents, strict=True) if not one.may_go
        }
        assert parts_of(tx) == {
            number: (one.alerts, 1, len(one.message_states), one.events)
            for number, one in zip(numbers, kept_incidents, strict=True)
            if not one.may_go
        }
        assert stored(tx, notifications.c.id) == {
            number
            for number, one in zip(bodies, received, strict=True)
            if one.received <= KEPT or one.state == "pending"
        }
        assert stored(tx, rejected.c.id) == {
            number
            for number, one, to in zip(kept, refused, told, strict=True)
            if one.received <= KEPT or to is None or to in still_open
        }
        undone.rollback()


@given(st.lists(past_overrides, max_size=8), st.integers(1, 4))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_overrides_go_when_they_ended_long_ago(
    engine: Engine, taken_over: list[PastOverride], rows: int
) -> None:
    with engine.connect() as tx, tx.begin() as undone:
        made = [record_past_override(tx, one) for one in taken_over]

        delete_all(tx, rows=rows)

        assert stored(tx, overrides.c.id) == {
            number for number, one in zip(made, taken_over, strict=True) if one.ended <= KEPT
        }
        undone.rollback()


def test_a_call_deletes_no_more_rows_than_it_may(engine: Engine) -> None:
    with engine.begin() as tx:
        for _ in range(3):
            record_past_incident(tx, PastIncident(alerts=7, events=20))
        for _ in range(9):
            record_past_notification(tx, PastBody())
        for _ in range(12):
            record_past_override(tx, PastOverride())
        for _ in range(30):
            before = count_all(tx)
            done = delete_older(tx, before=CUTOFF, rows=10)
            assert before - count_all(tx) <= 10
            if done.complete:
                break

        assert done.complete
        assert count_all(tx) == 0


def test_large_bodies_go_a_few_at_a_time(engine: Engine) -> None:
    half = retention.BATCH_BYTES // 2
    with engine.begin() as tx:
        for size in (half, half, half, 3 * half):
            record_past_notification(tx, PastBody(bytes=size))

        counts = [delete_older(tx, before=CUTOFF) for _ in range(4)]

        assert [one.notifications for one in counts] == [2, 1, 1, 0]
        assert [one.complete for one in counts] == [False, False, True, True]


def test_an_incidents_number_is_never_given_again(engine: Engine) -> None:
    with engine.begin() as tx:
        numbers = [record_past_incident(tx, PastIncident()) for _ in range(3)]
        delete_all(tx)
        assert stored(tx, incidents.c.number) == set()
    with engine.begin() as tx:
        assert record_past_incident(tx, PastIncident()) > max(numbers)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_replica_leaves_alone_what_the_first_is_deleting(engine: Engine) -> None:
    with engine.begin() as tx:
        record_past_incident(tx, PastIncident())
        record_past_notification(tx, PastBody())
        record_past_override(tx, PastOverride())
    with engine.begin() as first, engine.begin() as second:
        assert count_deleted(delete_older(first, before=CUTOFF)) == 3
        assert count_deleted(delete_older(second, before=CUTOFF)) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_table_is_read_whole(engine: Engine) -> None:
    asked: list[tuple[str, Any]] = []

    def remember(_c: object, _u: object, sql: str, values: Any, *_: object) -> None:
        asked.append((sql, values))

    with engine.begin() as tx:
        record_past_incident(tx, PastIncident())
        record_past_notification(tx, PastBody())
        record_past_rejected(tx, PastBody(), told=10_000_000)
        record_past_override(tx, PastOverride())
        event.listen(engine, "before_cursor_execute", remember)
        delete_older(tx, before=CUTOFF)
        event.remove(engine, "before_cursor_execute", remember)

    assert len(asked) > 6
    with reading(engine) as connection:
        for sql, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            scans = {row[3] for row in plan if row[3].startswith("SCAN")}
            assert scans <= {"SCAN tokens"}, sql  # made by hand: some tens


def record_past_incident(tx: Connection, past: PastIncident) -> int:
    """Store an incident that was opened long ago; return its number."""
    name = f"service-{next(names)}"
    members = [incident_alert(service=name, number=str(one)) for one in range(past.alerts)]
    opened = replace(
        incident(),
        number=None,
        key=f"group {name}",
        alerts={alert.fingerprint: alert for alert in members},
        state=IncidentState.TRIGGERED if past.ended is None else IncidentState.RESOLVED,
        opened_at=NOON - 4 * KEPT,
        resolved_at=None if past.ended is None else NOON - past.ended,
    )
    number = record_incident(tx, None, opened).number
    assert number is not None
    told = Event(at=opened.opened_at, kind=EventKind.OPENED, text="Opened.")
    record_events(tx, number, [told] * past.events)
    begun = start(POLICY, catalog_version="1", now=NOON)
    record_started(tx, number, begun if past.timer_runs else replace(begun, due_at=None))
    for index, state in enumerate(past.message_states):
        key = f"test/{number}/{index}"
        record_message(tx, page(number, key), now=opened.opened_at)
        this = messages.c.dedup_key == key
        tx.execute(update(messages).where(this).values(state=state))
    return number


def page(number: int, key: str) -> Message:
    return Message(
        incident_number=number,
        kind=MessageKind.PAGE,
        address=Address(channel="pagerduty", address="ana"),
        dedup_key=key,
    )


def record_past_notification(tx: Connection, past: PastBody) -> int:
    received_at = NOON - past.received
    number = record_notification(tx, body=b"x" * past.bytes, content_key="key", now=received_at)
    this = notifications.c.id == number
    tx.execute(update(notifications).where(this).values(state=past.state))
    return number


def record_past_rejected(tx: Connection, past: PastBody, *, told: int | None) -> int:
    row = insert(rejected).values(
        received_at=NOON - past.received, body=b"x", reason="no JSON", incident_number=told
    )
    return int(tx.execute(row.returning(rejected.c.id)).scalar_one())


def record_past_override(tx: Connection, past: PastOverride) -> int:
    ended = NOON - past.ended
    row = insert(overrides).values(
        schedule="primary",
        person="ana",
        starts_at=ended - timedelta(days=1),
        ends_at=ended,
        reason="",
        created_at=ended - timedelta(days=1),
        created_by="Engineer ben",
        cancelled_at=ended if past.cancelled else None,
    )
    return int(tx.execute(row.returning(overrides.c.id)).scalar_one())


def _number_told(past: PastBody, numbers: list[int]) -> int | None:
    """Return the number of one of the incidents, or of one that is long gone."""
    if past.told is None or past.told >= len(numbers):
        return past.told and 10_000_000
    return numbers[past.told]


def delete_all(tx: Connection, *, rows: int = retention.BATCH_ROWS) -> None:
    for _ in range(500):
        if delete_older(tx, before=CUTOFF, rows=rows).complete:
            return
    raise AssertionError("it never ends")


def count_deleted(deleted: Deleted) -> int:
    return deleted.incidents + deleted.notifications + deleted.rejected + deleted.overrides


def stored(tx: Connection, key: Any) -> set[int]:
    return set(tx.execute(select(key)).scalars())


def count_all(tx: Connection) -> int:
    tables = (incidents, *PARTS, notifications, rejected, overrides)
    return sum(count_rows(tx, table) for table in tables)


def count_rows(tx: Connection, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def parts_of(tx: Connection) -> dict[int, tuple[int, ...]]:
    """Return how many alerts, timers, messages and events hang on each incident."""
    found = {}
    for number in stored(tx, incidents.c.number) | {
        number for table in PARTS for number in stored(tx, table.c.incident_number)
    }:
        found[number] = tuple(
            tx.execute(
                select(func.count()).select_from(table).where(table.c.incident_number == number)
            ).scalar_one()
            for table in PARTS
        )
    return found
