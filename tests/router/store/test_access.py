"""Sessions, tokens and the audit, as each database keeps them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from router.oncall.model import PersonId, Role
from router.store.audit import Entry, list_audit, record_audit
from router.store.engine import open_engine, reading
from router.store.migrations import upgrade
from router.store.retention import delete_older
from router.store.sessions import Session, delete_session, find_session, record_session
from router.store.tokens import (
    Purpose,
    StoredToken,
    count_live_tokens,
    find_api_token,
    list_tokens,
    record_signed_in,
    record_token,
    record_token_ended,
)
from tests.router.making import NOON

HOUR = timedelta(hours=1)
HOSTILE = "'; DROP TABLE audit; -- \N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


def session(digest: str, **fields: Any) -> Session:
    usual: dict[str, Any] = {
        "person": PersonId("ana"),
        "name": "ana@conecta360.example",
        "role": Role.RESPONDER,
        "via": "oidc",
        "made_at": NOON,
        "ends_at": NOON + HOUR,
    }
    return Session(digest=digest, **(usual | fields))


def token(tx: Connection, digest: str, purpose: Purpose, **fields: Any) -> StoredToken:
    usual: dict[str, Any] = {
        "name": HOSTILE,
        "role": Role.VIEWER,
        "made_by": HOSTILE,
        "ends_at": NOON + HOUR,
        "now": NOON,
    }
    return record_token(tx, digest=digest, purpose=purpose, **(usual | fields))


def test_a_session_comes_back_until_it_ends(engine: Engine) -> None:
    kept, of_token = session("a"), session("b", person=None, name=HOSTILE, token_number=7)
    with engine.begin() as tx:
        record_session(tx, kept)
        record_session(tx, of_token)

        assert find_session(tx, "a", now=NOON) == kept
        assert find_session(tx, "b", now=NOON + HOUR - timedelta.resolution) == of_token
        assert find_session(tx, "a", now=NOON + HOUR) is None
        assert find_session(tx, "c", now=NOON) is None
        delete_session(tx, "a")
        assert find_session(tx, "a", now=NOON) is None
        assert find_session(tx, "b", now=NOON) == of_token


def test_each_token_is_good_for_its_purpose_alone(engine: Engine) -> None:
    with engine.begin() as tx:
        program = token(tx, "a", Purpose.API, ends_at=None)
        person = token(tx, "b", Purpose.SIGN_IN)

        assert record_signed_in(tx, "a", now=NOON) is None
        assert find_api_token(tx, "b", now=NOON) is None
        assert find_api_token(tx, "a", now=NOON + 10_000 * HOUR) == program
        assert record_signed_in(tx, "b", now=NOON + HOUR) is None
        used = record_signed_in(tx, "b", now=NOON)
        assert used is not None
        assert (used.number, used.used_at) == (person.number, NOON)
        assert record_signed_in(tx, "b", now=NOON) is None
        assert [one.number for one in list_tokens(tx, limit=9)] == [person.number, program.number]
        following = list_tokens(tx, limit=9, before=person.number)
        assert [one.number for one in following] == [program.number]
        assert count_live_tokens(tx, now=NOON) == 1


def test_ending_a_token_ends_its_sessions_and_no_others(engine: Engine) -> None:
    with engine.begin() as tx:
        made = token(tx, "a", Purpose.SIGN_IN)
        record_session(tx, session("x", token_number=made.number))
        record_session(tx, session("y", token_number=made.number + 1))
        record_session(tx, session("z"))

        first = record_token_ended(tx, made.number, by="Engineer ana", now=NOON)
        again = record_token_ended(tx, made.number, by="Engineer ben", now=NOON + HOUR)

        assert first is not None
        assert (first.ended_at, first.ended_by) == (NOON, "Engineer ana")
        assert again == first
        assert record_signed_in(tx, "a", now=NOON) is None
        found = [find_session(tx, one, now=NOON) is not None for one in "xyz"]
        assert found == [False, True, True]
        assert record_token_ended(tx, 10_000, by="Engineer ana", now=NOON) is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_replicas_one_takes_a_token(engine: Engine) -> None:
    with engine.begin() as tx:
        token(tx, "a", Purpose.SIGN_IN)

    def use(_: int) -> bool:
        with engine.begin() as tx:
            return record_signed_in(tx, "a", now=NOON) is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1


def test_the_audit_is_told_newest_first_and_goes_on_where_it_ended(engine: Engine) -> None:
    def entry(number: int) -> Entry:
        return Entry(
            at=NOON + number * HOUR,
            actor=HOSTILE,
            person=PersonId("ana") if number % 2 else None,
            via="page",
            action="acknowledge",
            incident_number=number,
            done=number != 3,
            detail=HOSTILE,
            address="203.0.113.9",
        )

    with engine.begin() as tx:
        for number in range(5):
            record_audit(tx, entry(number))
    with reading(engine) as tx:
        first = list_audit(tx, limit=2)
        rest = list_audit(tx, limit=9, before=first[-1].number)

    assert [one.entry for one in first + rest] == [entry(number) for number in (4, 3, 2, 1, 0)]


def test_what_is_over_for_long_goes_and_what_counts_stays(engine: Engine) -> None:
    with engine.begin() as tx:
        record_session(tx, session("old"))
        record_session(tx, session("young", ends_at=NOON + 3 * HOUR))
        token(tx, "over", Purpose.SIGN_IN)
        forever = token(tx, "forever", Purpose.API, ends_at=None)
        ended = token(tx, "ended", Purpose.API, ends_at=None)
        record_token_ended(tx, ended.number, by="x", now=NOON)
        for hours in (0, 3):
            at = NOON + hours * HOUR
            record_audit(tx, Entry(at=at, actor="x", via="page", action="sign-in"))

        gone = delete_older(tx, before=NOON + 2 * HOUR)

        assert (gone.sessions, gone.tokens, gone.audit) == (1, 2, 1)
        assert find_session(tx, "young", now=NOON) is not None
        assert [one.number for one in list_tokens(tx, limit=9)] == [forever.number]
        assert len(list_audit(tx, limit=9)) == 1
