"""Overrides made at run time, as each database keeps them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from router.oncall.model import PersonId, ScheduleId
from router.oncall.overrides import MadeOverride, WantedOverride
from router.oncall.shifts import on_call, shifts
from router.store.engine import open_engine, reading
from router.store.migrations import upgrade
from router.store.overrides import (
    LOOK_BACK,
    count_current_overrides,
    find_override,
    list_current_overrides,
    list_overrides,
    list_past_overrides,
    lock_overrides,
    read_roster,
    record_cancelled,
    record_override,
)
from tests.router.making import NOON, person, roster, schedule

HOUR = timedelta(hours=1)
HOSTILE = "'; DROP TABLE overrides; -- \N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


def make(
    tx: Connection, starts_at: datetime = NOON, hours: float = 1, **fields: Any
) -> MadeOverride:
    wanted: dict[str, Any] = {
        "schedule": ScheduleId("primary"),
        "person": PersonId("ben"),
        "reason": "",
        "by": "Engineer ana",
    }
    override = WantedOverride(
        starts_at=starts_at, ends_at=starts_at + hours * HOUR, **(wanted | fields)
    )
    return record_override(tx, override, now=NOON - HOUR)


def numbers(found: list[MadeOverride]) -> list[int]:
    return [one.number for one in found]


def test_it_comes_back_as_it_was_made_with_who_made_it(engine: Engine) -> None:
    with engine.begin() as tx:
        made = make(tx, reason=HOSTILE, by=HOSTILE)
    with reading(engine) as tx:
        assert find_override(tx, made.number) == made
        assert find_override(tx, made.number + 1) is None
    assert made == MadeOverride(
        number=made.number,
        schedule=ScheduleId("primary"),
        person=PersonId("ben"),
        starts_at=NOON,
        ends_at=NOON + HOUR,
        reason=HOSTILE,
        created_at=NOON - HOUR,
        created_by=HOSTILE,
    )


def test_the_list_has_what_counts_now_or_will_and_the_history_has_all(engine: Engine) -> None:
    with engine.begin() as tx:
        over, later, now = make(tx, NOON - 2 * HOUR, 2), make(tx, NOON + HOUR), make(tx, NOON, 3)
        cancelled = make(tx, NOON, 3)
        record_cancelled(tx, cancelled.number, by="Engineer ben", now=NOON)

        assert numbers(list_current_overrides(tx, now=NOON)) == [now.number, later.number]
        assert count_current_overrides(tx, now=NOON) == 2
        assert numbers(list_past_overrides(tx, limit=10)) == [
            cancelled.number,
            now.number,
            later.number,
            over.number,
        ]
        assert numbers(list_past_overrides(tx, limit=1)) == [cancelled.number]
        following = list_past_overrides(tx, limit=1, before=now.number)
        assert numbers(following) == [later.number]


def test_the_first_to_cancel_stays_the_one_and_what_has_ended_is_not_cancelled(
    engine: Engine,
) -> None:
    with engine.begin() as tx:
        made, over = make(tx), make(tx, NOON - 2 * HOUR, 2)

        first = record_cancelled(tx, made.number, by="Engineer ben", now=NOON)
        again = record_cancelled(tx, made.number, by="Engineer ana", now=NOON + HOUR / 2)
        late = record_cancelled(tx, over.number, by="Engineer ben", now=NOON)

        assert first is not None
        assert (first.cancelled_at, first.cancelled_by) == (NOON, "Engineer ben")
        assert again == first
        assert late == over
        assert record_cancelled(tx, 10_000, by="Engineer ben", now=NOON) is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_replicas_that_cancel_at_once_one_is_named(engine: Engine) -> None:
    with engine.begin() as tx:
        number = make(tx).number

    def cancel(by: str) -> MadeOverride | None:
        with engine.begin() as tx:
            return record_cancelled(tx, number, by=by, now=NOON)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(cancel, ["Engineer ana", "Engineer ben"]))
    assert found[0] == found[1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_replicas_that_make_at_once_the_second_sees_what_the_first_made(
    engine: Engine,
) -> None:
    """Or what somebody sends twice, to two of them, is made twice."""

    def look() -> list[int]:
        with engine.begin() as tx:
            lock_overrides(tx)
            return numbers(list_current_overrides(tx, now=NOON))

    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as tx:
            lock_overrides(tx)
            number = make(tx).number
            second = pool.submit(look)
            while not second.done() and not tx.execute(waiting).scalar_one():
                pass
        assert second.result() == [number]


def test_a_roster_has_what_counts_in_the_order_in_which_it_was_made(engine: Engine) -> None:
    plain = roster(
        *(person(name) for name in ("ana", "ben", "eva")), schedules=[schedule("primary", "ana")]
    )
    with engine.begin() as tx:
        make(tx, NOON - 3 * HOUR, 1)
        make(tx, NOON, 4)
        make(tx, NOON + HOUR, 1, person=PersonId("eva"))
        make(tx, NOON + 3 * HOUR, 1, person=PersonId("nobody-knows"))
        broken_off = make(tx, NOON + 4 * HOUR, 4)
        record_cancelled(tx, broken_off.number, by="Engineer ana", now=NOON + 5 * HOUR)
        never = make(tx, NOON + 6 * HOUR, 1)
        record_cancelled(tx, never.number, by="Engineer ana", now=NOON + 6 * HOUR)

        changed = read_roster(tx, plain, at=NOON)

        primary = changed.schedules[ScheduleId("primary")]
        found = shifts(primary, NOON - 4 * HOUR, NOON + 8 * HOUR)
        assert [str(one.person) for one in found] == [
            "ana",
            "ben",
            "ana",
            "ben",
            "eva",
            "ben",
            "ben",
            "ana",
        ]
        assert found[-1].starts_at == NOON + 5 * HOUR
        shift = on_call(primary, NOON)
        assert shift is not None
        assert "made at run time by Engineer ana" in shift.because


def test_what_ended_long_ago_is_not_read(engine: Engine) -> None:
    with engine.begin() as tx:
        make(tx, NOON - LOOK_BACK - 2 * HOUR, 1)
        recent = make(tx, NOON - LOOK_BACK, 1)
        found = list_overrides(tx, ended_after=NOON - LOOK_BACK)
        assert numbers(found) == [recent.number]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_on_call_costs_one_query_through_the_index(engine: Engine) -> None:
    asked: list[tuple[str, Any]] = []

    def remember(_c: object, _u: object, sql: str, values: Any, *_: object) -> None:
        asked.append((sql, values))

    with engine.begin() as tx:
        make(tx)
        event.listen(engine, "before_cursor_execute", remember)
        read_roster(tx, roster(), at=NOON)
        event.remove(engine, "before_cursor_execute", remember)

    ((sql, values),) = asked
    with reading(engine) as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("ix_overrides_ends" in step for step in plan), plan
